//! The student edition: the labs, the grader and the slides, without solutions and known-wrong programs.
//!
//! - `contents`: which files the edition has, and what is cut from them.
//! - [`leaks`]: finds lines of answers in files, programs and pages.
//! - `folder`: brings a folder up to date without losing what a person changed there.
//! - `archive`: the edition as a .zip or .tar.gz file.

mod archive;
mod contents;
mod folder;
pub mod leaks;

use std::fmt::Write;
use std::path::Path;

use anyhow::{Result, bail};
use course::checkout::Checkout;

pub use archive::{write_tar, write_zip};
pub use contents::Files;
pub use folder::{Change, changes, update};

use leaks::Secrets;

/// The files of the student edition of the course as it is in `checkout`. Builds the slides.
///
/// # Errors
///
/// The checkout has no solutions, a file cannot be read, the slides cannot be built, or a file contains a line of an
/// answer.
pub fn student_edition(checkout: &Checkout) -> Result<Files> {
    let secrets = Secrets::of(checkout)?;
    let mut files = contents::files(checkout)?;
    let leaks: Vec<_> =
        files.iter().flat_map(|(path, bytes)| secrets.found_in(path, bytes)).collect();
    if !leaks.is_empty() {
        let mut text = String::new();
        for leak in &leaks {
            let _ = write!(text, "\n  {}: {}", leak.path.display(), leak.line);
        }
        bail!("the student edition would contain lines of answers; nothing was written:{text}");
    }
    let list = folder::list(&files);
    files.insert(Path::new(folder::LIST).to_owned(), list);
    Ok(files)
}
