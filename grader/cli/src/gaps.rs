//! The gaps in a student's code: each `todo!` whose text names its tasks.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use course::gap;
use engine::subject::build::rust_files;

/// A `todo!` in a student's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The file that has it.
    pub(crate) file: PathBuf,
    /// From 1.
    pub(crate) line: usize,
    /// What the `todo!` says.
    pub(crate) text: String,
}

impl Gap {
    /// Whether it belongs to the task with this number.
    pub(crate) fn is_of(&self, task: u8) -> bool {
        gap::tasks(&self.text).contains(&task)
    }
}

/// The gaps in the sources of the lab in `folder`, in the order of files and lines. A file that is not UTF-8 is left
/// out: the compiler says what is wrong with it.
///
/// # Errors
///
/// The folder cannot be read.
pub(crate) fn find(folder: &Path) -> Result<Vec<Gap>> {
    let mut gaps = Vec::new();
    for file in rust_files(&folder.join("src"))? {
        let Ok(source) = fs::read_to_string(&file) else { continue };
        for (index, line) in source.lines().enumerate() {
            let code = line.trim_start();
            if code.starts_with("//") {
                continue;
            }
            let Some((_, rest)) = code.split_once("todo!(\"") else { continue };
            let Some((text, _)) = rest.rsplit_once("\")") else { continue };
            let text = text.replace("\\\"", "\"");
            gaps.push(Gap { file: file.clone(), line: index + 1, text });
        }
    }
    Ok(gaps)
}
