//! Diagrams, drawn from text.
//!
//! The text is pikchr's language, with a few colours of ours that are readable in light and dark.

use pikchr::{Pikchr, PikchrFlags};

use crate::escaped;

/// The room for a diagram on a slide, in its pixels.
const WIDTH: f32 = 1168.0;
const HEIGHT: f32 = 520.0;

/// So much larger than pikchr's 16 pixels is text on a slide, where there is room.
const LARGE: f32 = 1.5;

/// Our colours by name, and what they are in the style sheet. In pikchr each is a number, so dark that nobody
/// uses it for itself.
const COLOURS: [(&str, u32, &str); 9] = [
    ("muted", 1, "--muted"),
    ("accent", 2, "--accent"),
    ("good", 3, "--good"),
    ("bad", 4, "--bad"),
    ("soft", 5, "--soft"),
    ("softgood", 6, "--soft-good"),
    ("softbad", 7, "--soft-bad"),
    ("plain", 8, "--plain"),
    ("paper", 9, "--paper"),
];

/// A figure with the diagram that `source` describes; `alt` says what is to be seen.
///
/// # Errors
///
/// What is wrong with `source`, or that it does not fit on a slide with text of at least 16 pixels.
pub fn draw(source: &str, alt: &str) -> Result<String, String> {
    if alt.is_empty() {
        return Err("a diagram says in words what is to be seen: ```pikchr \"…\"".to_owned());
    }
    let mut flags = PikchrFlags::default();
    flags.generate_plain_errors();
    let colours = COLOURS.map(|(name, number, _)| format!("${name} = {number};")).concat();
    let drawn = Pikchr::render(&format!("{colours}\n{source}"), None, flags)?;
    let svg = drawn.rendered();
    let (width, height) = (drawn.width() as f32, drawn.height() as f32);
    if width > WIDTH || height > HEIGHT {
        return Err(format!(
            "the diagram is {width} × {height} pixels large; with text that can be read {WIDTH} × {HEIGHT} fit"
        ));
    }
    let scale = LARGE.min(WIDTH / width).min(HEIGHT / height);
    let svg = svg.trim().replacen(
        "<svg ",
        &format!(
            "<svg role=\"img\" aria-label=\"{}\" style=\"width: {:.0}px\" ",
            escaped(alt),
            width * scale
        ),
        1,
    );
    // A blank line would end the block of HTML.
    let lines: Vec<_> = svg.lines().filter(|line| !line.trim().is_empty()).collect();
    Ok(format!("<figure class=\"diagram\">{}</figure>", themed(&lines.join("\n"))))
}

/// Our colours, and the theme's for black.
fn themed(svg: &str) -> String {
    let mut svg = svg.to_owned();
    for (_, number, variable) in COLOURS {
        svg = svg.replace(&format!("rgb(0,0,{number})"), &format!("var({variable})"));
    }
    svg = svg.replace("rgb(0,0,0)", "currentColor");
    // Variables are for styles, not for attributes.
    let mut themed = String::new();
    let mut rest = svg.as_str();
    while let Some((before, after)) = rest.split_once(" fill=\"var(") {
        let Some((value, after)) = after.split_once("\"") else { break };
        themed += before;
        themed += &format!(" style=\"fill:var({value}\"");
        rest = after;
    }
    themed + rest
}
