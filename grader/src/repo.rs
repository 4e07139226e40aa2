//! Where things are: the folder that the labs live in.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::labs::Lab;

/// A checkout of the labs.
#[derive(Clone, Debug)]
pub struct Repo {
    root: PathBuf,
}

impl Repo {
    /// The checkout that the current folder is in.
    ///
    /// # Errors
    ///
    /// It is in none.
    pub fn find() -> Result<Self> {
        let here = std::env::current_dir().context("cannot tell the current folder")?;
        let is_root =
            |folder: &&Path| folder.join("labs").is_dir() && folder.join("grader").is_dir();
        match here.ancestors().find(is_root) {
            Some(root) => Ok(Self { root: root.to_owned() }),
            None => bail!("{} is in no checkout of the labs; change to one", here.display()),
        }
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that a student works in.
    #[must_use]
    pub fn lab(&self, lab: &Lab) -> PathBuf {
        self.root.join("labs").join(lab.folder())
    }

    /// The reference, if this checkout has it: a student's does not.
    #[must_use]
    pub fn solution(&self, lab: &Lab) -> Option<PathBuf> {
        Some(self.root.join("solutions").join(lab.folder())).filter(|folder| folder.is_dir())
    }

    /// Where things are built for this checkout: cargo's target directory, which `CARGO_TARGET_DIR` may
    /// move.
    #[must_use]
    pub fn target(&self) -> PathBuf {
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        self.root.join(target)
    }

    /// Reads a text file of the checkout.
    ///
    /// # Errors
    ///
    /// With its name.
    pub fn read(&self, path: &Path) -> Result<String> {
        let shown = path.strip_prefix(&self.root).unwrap_or(path).display();
        std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))
    }

    /// `path` as seen from the root.
    #[must_use]
    pub fn relative<'p>(&self, path: &'p Path) -> &'p Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}
