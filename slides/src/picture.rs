//! Diagrams, drawn from text.
//!
//! The text is in pikchr's language, with a few additional colours that are readable in light and dark themes.

use pikchr::{Pikchr, PikchrFlags};

use crate::escaped;

/// The space for a diagram on a slide, in the slide's pixels.
const WIDTH: f32 = 1168.0;
const HEIGHT: f32 = 520.0;

/// The scale of text on a slide relative to pikchr's 16 pixels, if there is space.
const LARGE: f32 = 1.5;

/// The additional colours by name, with their variables in the style sheet. In pikchr each is a number: a colour so
/// dark that no diagram uses it directly.
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

/// A figure with the diagram that `source` describes; `alt` describes it in words.
///
/// # Errors
///
/// `source` is malformed, or the diagram does not fit on a slide with text of at least 16 pixels.
pub fn draw(source: &str, alt: &str) -> Result<String, String> {
    if alt.is_empty() {
        return Err("a diagram needs a description in words: ```pikchr \"…\"".to_owned());
    }
    let mut flags = PikchrFlags::default();
    flags.generate_plain_errors();
    let colours = COLOURS.map(|(name, number, _)| format!("${name} = {number};")).concat();
    let drawn = Pikchr::render(&format!("{colours}\n{source}"), None, flags)?;
    let svg = drawn.rendered();
    let (width, height) = (drawn.width() as f32, drawn.height() as f32);
    if width > WIDTH || height > HEIGHT {
        return Err(format!(
            "the diagram has {width} × {height} pixels; at most {WIDTH} × {HEIGHT} fit with readable text"
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

/// `svg` with the style sheet's colours, and the theme's text colour for black.
fn themed(svg: &str) -> String {
    let mut svg = svg.to_owned();
    for (_, number, variable) in COLOURS {
        svg = svg.replace(&format!("rgb(0,0,{number})"), &format!("var({variable})"));
    }
    svg = svg.replace("rgb(0,0,0)", "currentColor");
    // Variables work in styles, not in attributes.
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
