//! The lectures: a book whose chapters are slide shows.
//!
//! - [`deck`]: a chapter, divided into slides, and the rules for each.
//! - [`excerpt`]: code from the solutions and misconceptions, and the grader's reports on them.
//! - [`picture`]: diagrams, drawn from text.
//! - [`labs`]: which slide explains which check of the grader.
//! - [`book`]: all decks together, checked, and built by mdBook.
//! - [`browser`]: opens the book and prints it.

pub mod book;
pub mod browser;
pub mod deck;
pub mod excerpt;
pub mod labs;
pub mod picture;

use std::fmt;
use std::path::PathBuf;

use course::LineError;

/// A problem in a file, at a line (from 1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Relative to the repository's root.
    pub file: PathBuf,
    pub line: usize,
    pub text: String,
}

impl Problem {
    pub fn new(file: impl Into<PathBuf>, line: usize, text: impl Into<String>) -> Self {
        Self { file: file.into(), line, text: text.into() }
    }

    pub fn at(file: impl Into<PathBuf>, error: LineError) -> Self {
        Self::new(file, error.line, error.message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.text)
    }
}

/// `text`, escaped for use between tags or in an attribute.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
