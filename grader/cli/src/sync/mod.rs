//! Generates files from the solutions, the checks, the decks and the registry of labs, so that they cannot drift apart.
//!
//! In a solution, the lines from `// BEGIN SOLUTION: text` to `// END SOLUTION` are the body of a function and become
//! `todo!("text")`. The lines from `// BEGIN HIDDEN` to `// END HIDDEN` are left out. Lines with `// ANCHOR` are for
//! the slides and are dropped. Files that a lab borrows from an earlier lab are copied, also into its solution.
//!
//! - `starter`: the starter of a lab, from its solution. `labs/` has the copy that students edit, and `grader/starters/`
//!   the copy that `reset` restores.
//! - `misconceptions`: the list of misconceptions in a lab's explanations.
//! - `sheet`: the time, the tasks and the rubric in a lab's sheet.
//! - `lists`: the tables and lists of all labs and decks.
//! - `section`: the generated sections of hand-written files.

mod lists;
mod misconceptions;
mod section;
mod sheet;
mod starter;

use std::path::PathBuf;

use anyhow::{Context, Result};
use checks::LABS;
use course::checkout::{Checkout, read_text};
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
        // Students edit one copy; `reset` restores it from the other.
        for folder in [checkout.lab(lab), checkout.starter(lab)] {
            // A file that the solution no longer has would still be compiled into the starter.
            if folder.join("src").is_dir() {
                let is_known =
                    |path: &PathBuf| starter.iter().any(|(known, _)| folder.join(known) == *path);
                obsolete.extend(
                    rust_files(&folder.join("src"))?.into_iter().filter(|it| !is_known(it)),
                );
            }
            files.extend(starter.iter().map(|(path, text)| (folder.join(path), text.clone())));
        }
        files.extend(starter::borrowed(checkout, lab)?);
        files.push(sheet::sheet(checkout, lab)?);
        files.push(misconceptions::explanations(checkout, lab)?);
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
