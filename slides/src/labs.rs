//! Which slide explains which check of the grader.

use std::fs;
use std::path::Path;

use course::explanations::{EXPLANATIONS_FOLDER, Explanations};

use crate::Problem;

/// A check, and the slide that explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// For example `01/half-close`.
    pub check: String,
    /// For example `01-blocking-threads`.
    pub deck: String,
    pub slide: String,
    /// The explanation that names the slide.
    pub file: String,
    pub line: usize,
}

/// The slides named by the explanations of all checks, in the order of the labs.
///
/// # Errors
///
/// The folder or a file in it cannot be read, or a file is malformed.
pub fn links(root: &Path) -> Result<Vec<Link>, Problem> {
    let unreadable =
        |error: std::io::Error| Problem::new(EXPLANATIONS_FOLDER, 1, error.to_string());
    let entries = fs::read_dir(root.join(EXPLANATIONS_FOLDER)).map_err(unreadable)?;
    let mut names: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".md"))
        .collect();
    names.sort();
    let mut links = Vec::new();
    for name in names {
        let file = format!("{EXPLANATIONS_FOLDER}/{name}");
        let text = fs::read_to_string(root.join(&file)).map_err(unreadable)?;
        let explanations = Explanations::parse(&text).map_err(|error| Problem::at(&file, error))?;
        links.extend(explanations.all().iter().filter_map(|check| {
            let slide = check.slide.as_ref()?;
            Some(Link {
                check: check.id.clone(),
                deck: slide.deck.clone(),
                slide: slide.slide.clone(),
                file: file.clone(),
                line: slide.line,
            })
        }));
    }
    Ok(links)
}
