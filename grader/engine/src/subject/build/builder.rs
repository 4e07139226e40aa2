//! Builds the labs' programs.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use course::checkout::Checkout;
use course::labs::LabInfo;

use super::cargo::{Cargo, Profile, Progress};
use super::error::BuildError;
use super::files::{copy_changed, rust_files, write_if_changed};
use super::kept::KeptPrograms;
use super::workspace::{BuildWorkspace, MISCONCEPTIONS, misconception_library};
use crate::interrupt::Interrupt;
use crate::subject::children::Children;

/// A program that can be graded.
#[derive(Clone, Debug)]
pub enum Variant {
    /// The student's code, in `labs/`.
    Starter,
    /// The reference solution, in `solutions/`.
    Solution,
    /// Any executable, with its arguments.
    Program(Vec<OsString>),
}

impl Variant {
    /// Its name in reports.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Starter => "your code".to_owned(),
            Self::Solution => "solution".to_owned(),
            Self::Program(words) => {
                let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
                words.join(" ")
            }
        }
    }
}

/// A known-wrong answer: the solution with one file replaced.
#[derive(Clone, Debug)]
pub struct Replacement {
    /// The file, relative to the solution's folder: `src/lib.rs`.
    pub file: PathBuf,
    pub text: String,
}

/// A program that clippy has compiled.
#[derive(Clone, Debug)]
pub struct LintedProgram {
    pub executable: PathBuf,
    /// The warnings of clippy and the compiler, as they print them.
    pub warnings: Vec<String>,
}

/// Builds the programs of one checkout.
pub struct Builder<'b> {
    pub checkout: &'b Checkout,
    /// Registers cargo while it runs.
    pub children: &'b Children,
    /// Ends a build.
    pub interrupt: &'b Interrupt,
    /// Keeps what was built, safe from other builds.
    pub kept: &'b KeptPrograms,
}

impl Builder<'_> {
    /// Builds `variant` of `lab` for `profile`, if necessary, and returns its command.
    ///
    /// # Errors
    ///
    /// It does not compile, or cannot be built at all.
    pub fn build(
        &self,
        lab: &LabInfo,
        variant: &Variant,
        profile: Profile,
        progress: Progress<'_>,
    ) -> Result<Vec<OsString>, BuildError> {
        let (folder, library) = match variant {
            Variant::Program(words) => return Ok(words.clone()),
            Variant::Starter => (self.checkout.lab(lab), lab.package()),
            Variant::Solution => (self.checkout.require_solution(lab)?, lab.solution_package()),
        };
        let workspace = BuildWorkspace::of(self.checkout);
        let _lock = workspace.lock(self.interrupt)?;
        let place = self.checkout.relative(&folder).to_owned();
        if !folder.join("src").is_dir() {
            let (place, number) = (place.display(), lab.number);
            let restore = format!("to restore it: cargo grader reset {number}");
            return Err(anyhow!("{place}/src is missing; {restore}").into());
        }
        copy_changed(&folder.join("src"), &workspace.folder.join(&place).join("src"))?;
        workspace.add(&place, lab, &library, false)?;
        workspace.prepare(self.checkout, &[place])?;
        let names = std::slice::from_ref(&library);
        let mut executables = self.cargo(&workspace).build(names, profile, progress)?.executables;
        let executable = executables.remove(&library).context("cargo built no executable")?;
        Ok(vec![self.kept.copy(&workspace.kept(), &executable)?.into()])
    }

    /// Builds known-wrong answers, each the solution with one file replaced, with clippy as the compiler. `all` are the
    /// names of all known-wrong answers to the lab: any others from earlier builds are removed.
    ///
    /// # Errors
    ///
    /// One of them does not compile, or replaces a file that does not exist.
    pub fn build_misconceptions(
        &self,
        lab: &LabInfo,
        replacements: &BTreeMap<String, Replacement>,
        all: &BTreeSet<String>,
        progress: Progress<'_>,
    ) -> Result<BTreeMap<String, LintedProgram>, BuildError> {
        if replacements.is_empty() {
            return Ok(BTreeMap::new());
        }
        let workspace = BuildWorkspace::of(self.checkout);
        let _lock = workspace.lock(self.interrupt)?;
        let given = self.solution_files(lab)?;
        let (mut places, mut libraries) = (Vec::new(), BTreeMap::new());
        for (name, Replacement { file, text }) in replacements {
            let library = misconception_library(lab, name);
            let place = Path::new(MISCONCEPTIONS).join(&library);
            let mut files = given.clone();
            if files.insert(file.clone(), text.clone()).is_none() {
                let file = file.display();
                return Err(anyhow!("{name}: the solution has no {file} to replace").into());
            }
            for (file, text) in files {
                let text = text.replace(&lab.solution_package(), &library);
                write_if_changed(&workspace.folder.join(&place).join(file), text.as_bytes())?;
            }
            workspace.add(&place, lab, &library, true)?;
            places.push(place);
            libraries.insert(name.clone(), library);
        }
        workspace.retain_misconceptions(lab, all)?;
        workspace.prepare(self.checkout, &places)?;
        let names: Vec<_> = libraries.values().cloned().collect();
        let mut built = self.cargo(&workspace).build(&names, Profile::Once, progress)?;
        let executables = libraries.values().map(|library| {
            let executable = built.executables.get(library).map(PathBuf::as_path);
            executable.context("cargo built no executable")
        });
        let executables = executables.collect::<Result<Vec<_>>>()?;
        let kept = self.kept.link(&workspace.kept(), &executables)?;
        let found = libraries.into_iter().zip(kept).map(|((name, library), executable)| {
            let warnings = built.warnings.remove(&library).unwrap_or_default();
            (name, LintedProgram { executable, warnings })
        });
        Ok(found.collect())
    }

    /// The sources of the solution, by their paths within its folder.
    fn solution_files(&self, lab: &LabInfo) -> Result<BTreeMap<PathBuf, String>> {
        let solution = self.checkout.require_solution(lab)?;
        let mut files = BTreeMap::new();
        for path in rust_files(&solution.join("src"))? {
            let file = path.strip_prefix(&solution).context("a source outside its solution")?;
            files.insert(file.to_owned(), self.checkout.read(&path)?);
        }
        Ok(files)
    }

    fn cargo<'c>(&'c self, workspace: &'c BuildWorkspace) -> Cargo<'c> {
        let (children, interrupt) = (self.children, self.interrupt);
        Cargo { folder: &workspace.folder, children, interrupt }
    }
}
