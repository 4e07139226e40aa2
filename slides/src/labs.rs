//! Which slide explains which check of the grader.

use std::fs;
use std::path::Path;

use mdbook_markdown::pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::Problem;

/// A check, and the slide that explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// As `01/half-close`.
    pub check: String,
    /// As `01-blocking-threads`.
    pub deck: String,
    pub slide: String,
    /// Where that is said.
    pub file: String,
    pub line: usize,
}

/// What the prose of all checks says, in the labs' order.
///
/// # Errors
///
/// The folder cannot be read, or a slide is not given as `deck/slide`.
pub fn links(root: &Path) -> Result<Vec<Link>, Problem> {
    const FOLDER: &str = "grader/labs";
    let unreadable = |error: std::io::Error| Problem::new(FOLDER, 1, error.to_string());
    let entries = fs::read_dir(root.join(FOLDER)).map_err(unreadable)?;
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".md"))
        .collect();
    names.sort();
    let mut links = Vec::new();
    for name in names {
        let file = format!("{FOLDER}/{name}");
        let text = fs::read_to_string(root.join(&file)).map_err(unreadable)?;
        of_lab(&file, &text, &mut links)?;
    }
    Ok(links)
}

fn of_lab(file: &str, text: &str, links: &mut Vec<Link>) -> Result<(), Problem> {
    let (mut ids, mut part, mut said) = (String::new(), String::new(), String::new());
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { .. } | Tag::Paragraph) => said.clear(),
            Event::Text(more) | Event::Code(more) => said += &more,
            Event::End(TagEnd::Heading(HeadingLevel::H2)) => {
                ids = said.trim().to_owned();
                part.clear();
            }
            Event::End(TagEnd::Heading(HeadingLevel::H3)) => part = said.trim().to_owned(),
            Event::End(TagEnd::Paragraph) if part == "Slide" => {
                let line = text[..range.start].matches('\n').count() + 1;
                let Some((deck, slide)) = said.trim().split_once('/') else {
                    let what = format!("a slide is given as deck/slide, not as {said}");
                    return Err(Problem::new(file, line, what));
                };
                links.extend(ids.split(',').map(|check| Link {
                    check: check.trim().to_owned(),
                    deck: deck.to_owned(),
                    slide: slide.to_owned(),
                    file: file.to_owned(),
                    line,
                }));
            }
            _ => {}
        }
    }
    Ok(())
}
