//! `cargo grader reset`.

use std::fs;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use course::checkout::Checkout;
use course::file;
use course::labs::LabInfo;
use engine::subject::build::rust_files;

use super::labs::find_lab;
use crate::progress::Progress;

#[derive(Args, Debug)]
pub struct ResetArguments {
    /// A lab, such as 1, 01 or blocking-threads
    lab: String,

    /// Skip the confirmation
    #[arg(long, short)]
    yes: bool,
}

/// Restores the starter of a lab, after asking. Files that differ from it are kept under other names.
///
/// # Errors
///
/// The lab does not exist, a file cannot be read or written, or there is no terminal to ask on.
pub fn reset(arguments: &ResetArguments) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    let lab = find_lab(&arguments.lab)?;
    let mut reset = Reset::plan(&checkout, lab.info)?;
    let mut out = anstream::stdout().lock();
    let name = |path: &Path| checkout.relative(path).display().to_string();
    if reset.changed.is_empty() && reset.missing.is_empty() {
        writeln!(out, "{} already matches the starter.", name(&checkout.lab(lab)))?;
        return Ok(ExitCode::SUCCESS);
    }
    for path in &reset.changed {
        writeln!(out, "{} will be kept as {}", name(path), name(&reset.kept(path)))?;
    }
    for path in &reset.missing {
        writeln!(out, "{} will be restored", name(path))?;
    }
    if !arguments.yes {
        let terminal = io::stdin().is_terminal();
        ensure!(terminal, "without a terminal to ask on, `reset` needs --yes; nothing was changed");
        write!(out, "Start lab {} over? [y/N] ", lab.digits())?;
        out.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        if !matches!(answer.trim(), "y" | "Y" | "yes") {
            writeln!(out, "Nothing was changed.")?;
            return Ok(ExitCode::SUCCESS);
        }
        // A file may have been saved since.
        reset = Reset::plan(&checkout, lab.info)?;
    }
    reset.apply()?;
    Progress::load(&checkout).forget(lab.info)?;
    writeln!(out, "Done. Next: cargo grader next {}", lab.number)?;
    Ok(ExitCode::SUCCESS)
}

/// What a reset changes.
struct Reset {
    /// The files of the starter: where each belongs, and its contents.
    files: Vec<(PathBuf, Vec<u8>)>,
    /// The student's files that differ from the starter or are not part of it.
    changed: Vec<PathBuf>,
    /// The starter's files that the lab lacks.
    missing: Vec<PathBuf>,
    /// The number in the names of the kept files.
    number: usize,
}

impl Reset {
    fn plan(checkout: &Checkout, lab: &LabInfo) -> Result<Self> {
        let (starter, folder) = (checkout.starter(lab), checkout.lab(lab));
        let mut files = Vec::new();
        let sources = rust_files(&starter.join("src"));
        let sources =
            sources.context("the original starter is missing: restore grader/starters")?;
        for source in [starter.join("Cargo.toml")].into_iter().chain(sources) {
            let text = fs::read(&source)
                .with_context(|| format!("cannot read {}", checkout.relative(&source).display()))?;
            files.push((folder.join(source.strip_prefix(&starter)?), text));
        }
        let (mut changed, mut missing) = (Vec::new(), Vec::new());
        for (path, text) in &files {
            match fs::read(path) {
                Ok(current) if current == *text => {}
                Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => {
                    missing.push(path.clone());
                }
                _ => changed.push(path.clone()),
            }
        }
        // A module of the student's own would otherwise still be there.
        let own = rust_files(&folder.join("src")).unwrap_or_default();
        let is_own = |path: &PathBuf| !files.iter().any(|(known, _)| known == path);
        changed.extend(own.into_iter().filter(is_own));
        let mut this = Self { files, changed, missing, number: 1 };
        let is_taken = |this: &Self| {
            let mut kept = this.changed.iter().map(|path| this.kept(path));
            kept.any(|path| path.exists() || path.is_symlink())
        };
        while is_taken(&this) {
            this.number += 1;
        }
        Ok(this)
    }

    /// The new name of the student's file `path`.
    fn kept(&self, path: &Path) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".before-reset-{}", self.number));
        name.into()
    }

    /// Keeps the student's files and writes the starter's, one after the other. If this is interrupted, each file is
    /// either the student's or the starter's, nothing is lost, and another reset completes it.
    fn apply(&self) -> Result<()> {
        for path in &self.changed {
            keep(path, &self.kept(path))?;
        }
        for (path, text) in &self.files {
            let cannot = || format!("cannot write {}", path.display());
            let folder = path.parent().with_context(cannot)?;
            fs::create_dir_all(folder).with_context(cannot)?;
            // A file that is only half written would look like the student's.
            file::replace(path, text).with_context(cannot)?;
        }
        let is_extra = |path: &&PathBuf| !self.files.iter().any(|(known, _)| known == *path);
        for path in self.changed.iter().filter(is_extra) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Gives the file at `path` the additional name `kept`, which must be new. Where hard links are not possible, the file is
/// renamed.
fn keep(path: &Path, kept: &Path) -> Result<()> {
    let cannot = || format!("cannot keep {} as {}", path.display(), kept.display());
    match fs::hard_link(path, kept) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error).with_context(cannot),
        Err(_) => {
            ensure!(!kept.exists() && !kept.is_symlink(), "{}: it already exists", cannot());
            fs::rename(path, kept).with_context(cannot)
        }
    }
}

#[cfg(test)]
mod tests {
    use course::labs::lab;

    use super::*;

    /// A checkout with a starter of two files.
    fn checkout() -> (tempfile::TempDir, Checkout, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let checkout = Checkout::at(folder.path());
        let sources = checkout.starter(lab(1)).join("src");
        fs::create_dir_all(&sources).expect("a folder");
        fs::write(checkout.starter(lab(1)).join("Cargo.toml"), "[package]").expect("a manifest");
        fs::write(sources.join("lib.rs"), "todo").expect("a source");
        let own = checkout.lab(lab(1)).join("src");
        (folder, checkout, own)
    }

    #[test]
    fn a_deleted_folder_is_written_again() -> Result<()> {
        let (_folder, checkout, own) = checkout();
        let reset = Reset::plan(&checkout, lab(1))?;
        assert_eq!((reset.changed.len(), reset.missing.len()), (0, 2));
        reset.apply()?;
        assert_eq!(fs::read_to_string(own.join("lib.rs"))?, "todo");
        let again = Reset::plan(&checkout, lab(1))?;
        assert!(again.changed.is_empty() && again.missing.is_empty());
        Ok(())
    }

    #[test]
    fn every_reset_keeps_the_files_before_it() -> Result<()> {
        let (_folder, checkout, own) = checkout();
        fs::create_dir_all(&own)?;
        for (number, answer) in [(1, "first"), (2, "second")] {
            fs::write(own.join("lib.rs"), answer)?;
            fs::write(own.join("own.rs"), answer)?;
            let reset = Reset::plan(&checkout, lab(1))?;
            reset.apply()?;
            let kept = |name: &str| own.join(format!("{name}.before-reset-{number}"));
            assert_eq!(fs::read_to_string(kept("lib.rs"))?, answer);
            assert_eq!(fs::read_to_string(kept("own.rs"))?, answer);
            assert_eq!(fs::read_to_string(own.join("lib.rs"))?, "todo");
            assert!(!own.join("own.rs").exists());
        }
        assert!(own.join("lib.rs.before-reset-1").exists());
        Ok(())
    }

    #[test]
    fn what_is_not_utf_8_and_links_are_kept_too() -> Result<()> {
        use std::os::unix::ffi::OsStrExt;
        let (_folder, checkout, own) = checkout();
        fs::create_dir_all(&own)?;
        let odd = own.join(std::ffi::OsStr::from_bytes(b"odd\xff.rs"));
        fs::write(&odd, b"\xff")?;
        std::os::unix::fs::symlink("/nowhere", own.join("lib.rs"))?;
        Reset::plan(&checkout, lab(1))?.apply()?;
        assert!(own.join("lib.rs.before-reset-1").is_symlink());
        assert_eq!(fs::read_to_string(own.join("lib.rs"))?, "todo");
        assert!(!odd.exists());
        Ok(())
    }
}
