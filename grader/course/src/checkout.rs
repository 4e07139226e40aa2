//! Where the files of a lab are.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use crate::labs::LabInfo;

const LABS: &str = "labs";
const SOLUTIONS: &str = "solutions";
const STARTERS: &str = "grader/starters";

/// Which files a checkout has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// Without solutions and misconceptions.
    Student,
    /// With everything.
    Instructor,
}

/// A checkout of the labs.
#[derive(Clone, Debug)]
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// The checkout that contains the current folder.
    ///
    /// # Errors
    ///
    /// The current folder is not in a checkout.
    pub fn find() -> Result<Self> {
        let here = std::env::current_dir().context("cannot determine the current folder")?;
        let is_root = |folder: &&Path| folder.join(LABS).is_dir() && folder.join("grader").is_dir();
        match here.ancestors().find(is_root) {
            Some(root) => Ok(Self::at(root)),
            None => bail!("{} is not in a checkout of the labs; change to one", here.display()),
        }
    }

    /// The checkout whose root is `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    #[must_use]
    pub fn edition(&self) -> Edition {
        if self.root.join(SOLUTIONS).is_dir() { Edition::Instructor } else { Edition::Student }
    }

    /// The folder that a student works in.
    #[must_use]
    pub fn lab(&self, lab: &LabInfo) -> PathBuf {
        self.root.join(LABS).join(lab.folder())
    }

    /// The folder with the original starter.
    #[must_use]
    pub fn starter(&self, lab: &LabInfo) -> PathBuf {
        self.root.join(STARTERS).join(lab.folder())
    }

    /// The folder of the reference solution, if this checkout has it.
    #[must_use]
    pub fn solution(&self, lab: &LabInfo) -> Option<PathBuf> {
        Some(self.solution_path(lab)).filter(|folder| folder.is_dir())
    }

    /// The folder of the reference solution.
    ///
    /// # Errors
    ///
    /// This checkout does not have it.
    pub fn require_solution(&self, lab: &LabInfo) -> Result<PathBuf> {
        self.solution(lab).ok_or_else(|| self.missing(lab, "solution", &self.solution_path(lab)))
    }

    fn solution_path(&self, lab: &LabInfo) -> PathBuf {
        self.root.join(SOLUTIONS).join(lab.folder())
    }

    /// The error for a `what` ("solution") of `lab` that should be in `path` but does not exist.
    #[must_use]
    pub fn missing(&self, lab: &LabInfo, what: &str, path: &Path) -> anyhow::Error {
        let reason = match self.edition() {
            Edition::Student => "this is the student edition".to_owned(),
            Edition::Instructor => format!("{} does not exist", self.relative(path).display()),
        };
        anyhow!("lab {} has no {what} here: {reason}", lab.number)
    }

    /// Cargo's target directory, which `CARGO_TARGET_DIR` may move.
    #[must_use]
    pub fn target(&self) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        self.root.join(target)
    }

    /// Reads a text file of the checkout, as [`read_text`] does.
    ///
    /// # Errors
    ///
    /// The file cannot be read; the error names it relative to the root.
    pub fn read(&self, path: &Path) -> Result<String> {
        read_text(path).with_context(|| format!("cannot read {}", self.relative(path).display()))
    }

    /// `path` relative to the root, or unchanged if it is outside.
    #[must_use]
    pub fn relative<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

/// Reads a text file and converts its line endings to LF: git may have checked it out with CRLF (`core.autocrlf`).
///
/// # Errors
///
/// It cannot be read, or is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    Ok(std::fs::read_to_string(path)?.replace("\r\n", "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labs::lab;

    #[test]
    fn missing_solution_is_explained_by_the_edition() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let checkout = Checkout::at(folder.path());
        let message = || checkout.require_solution(lab(3)).expect_err("no solution").to_string();
        assert_eq!(checkout.edition(), Edition::Student);
        assert_eq!(message(), "lab 3 has no solution here: this is the student edition");
        std::fs::create_dir_all(checkout.solution_path(lab(1))).expect("a solution");
        assert_eq!(checkout.edition(), Edition::Instructor);
        let expected = "lab 3 has no solution here: solutions/03-async-echo does not exist";
        assert_eq!(message(), expected);
        assert!(checkout.require_solution(lab(1)).is_ok());
    }

    #[test]
    fn unreadable_file_is_named_relative_to_the_root() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let checkout = Checkout::at(folder.path());
        let error = checkout.read(&folder.path().join("labs/gone.rs")).expect_err("no such file");
        assert_eq!(error.to_string(), "cannot read labs/gone.rs");
    }
}
