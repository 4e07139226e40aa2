//! Generates files from the solutions, the checks, the decks and the registry of labs, so that they cannot drift apart.
//!
//! In a solution, the lines from `// BEGIN SOLUTION: text` to `// END SOLUTION` are the body of a function and become
//! `todo!("text")`. The lines from `// BEGIN HIDDEN` to `// END HIDDEN` are left out. Lines with `// ANCHOR` are for
//! the slides and are dropped. Files that a lab borrows from an earlier lab are copied, also into its solution.
//!
//! - `starter`: the starter of a lab, from its solution.
//! - `sheet`: the time, the tasks and the rubric in a lab's sheet.
//! - `lists`: the tables and lists of all labs and decks.
//! - `section`: the generated sections of hand-written files.

mod lists;
mod section;
mod sheet;
mod starter;

use std::path::PathBuf;

use anyhow::{Context, Result};
use checks::LABS;
use course::checkout::{Checkout, read_text};
use course::labs::LabInfo;
use engine::subject::build::rust_files;

/// A file that differs from what `sync` generates.
pub struct Difference {
    /// Relative to the root.
    pub path: PathBuf,
    /// The first line that differs, from 1; `None` if the file is missing or obsolete.
    pub line: Option<usize>,
}

/// Writes all generated files, or none if `check`. Returns those that differ.
///
/// # Errors
///
/// Something cannot be read or written, or the checkout has no solutions.
pub fn sync(checkout: &Checkout, check: bool) -> Result<Vec<Difference>> {
    let mut files = lists::lists(checkout)?;
    let mut obsolete = Vec::new();
    for lab in LABS {
        let starter = starter::starter(checkout, lab)?;
        // A file that the solution no longer has would still be compiled into the starter.
        let sources = checkout.lab(lab).join("src");
        if sources.is_dir() {
            let is_obsolete = |path: &PathBuf| !starter.iter().any(|(kept, _)| kept == path);
            obsolete.extend(rust_files(&sources)?.into_iter().filter(is_obsolete));
        }
        files.extend(starter);
        files.extend(starter::borrowed(checkout, lab)?);
        files.push(sheet::sheet(checkout, lab)?);
    }
    let mut differing = Vec::new();
    for (path, text) in files {
        let current = read_text(&path).ok();
        if current.as_deref() == Some(text.as_str()) {
            continue;
        }
        if !check {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&path, &text)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        let line = current.map(|current| first_difference(&current, &text));
        differing.push(Difference { path: checkout.relative(&path).to_owned(), line });
    }
    for path in obsolete {
        if !check {
            std::fs::remove_file(&path)?;
        }
        differing.push(Difference { path: checkout.relative(&path).to_owned(), line: None });
    }
    Ok(differing)
}

/// The number of the first line, from 1, in which two different texts differ.
fn first_difference(a: &str, b: &str) -> usize {
    a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count() + 1
}

/// Remarks on given files of the starter that were changed; none if the checkout has no solution to compare with.
///
/// # Errors
///
/// The solution cannot be read.
pub fn changed_files(checkout: &Checkout, lab: &LabInfo) -> Result<Vec<String>> {
    if checkout.solution(lab).is_none() {
        return Ok(Vec::new());
    }
    let mut remarks = Vec::new();
    for (path, text) in starter::starter(checkout, lab)? {
        let name = checkout.relative(&path).display();
        let is_given = path.ends_with("Cargo.toml") || path.ends_with("src/main.rs");
        if is_given && read_text(&path).ok().as_deref() != Some(text.as_str()) {
            remarks.push(format!("{name} was changed; a class is graded with the original"));
        }
    }
    Ok(remarks)
}
