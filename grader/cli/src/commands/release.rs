//! `cargo grader release`.

use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use course::checkout::{Checkout, Edition};
use course::text::count;

use crate::release::{Change, changes, student_edition, update, write_tar, write_zip};
use crate::status::FAILED;

#[derive(Args, Debug)]
pub struct ReleaseArguments {
    /// Where the edition goes: a folder that is new, empty, or holds an earlier edition that was not edited
    #[arg(value_name = "DIR", required_unless_present_any = ["zip", "tar"])]
    folder: Option<PathBuf>,

    /// Write nothing; list how DIR differs from the edition of today, and fail if it does
    #[arg(long, requires = "folder", conflicts_with_all = ["zip", "tar"])]
    check: bool,

    /// Write the edition to a .zip file
    #[arg(long, value_name = "FILE")]
    zip: Option<PathBuf>,

    /// Write the edition to a .tar.gz file
    #[arg(long, value_name = "FILE")]
    tar: Option<PathBuf>,
}

/// Writes the student edition.
///
/// # Errors
///
/// This is the student edition, the new one would contain a line of an answer, or a person changed a file of the old
/// one. Or the place is in the checkout, or something cannot be read or written.
pub fn release(arguments: &ReleaseArguments) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    ensure!(checkout.edition() == Edition::Instructor, "this is the student edition already");
    let place =
        |path: &Option<PathBuf>| path.as_ref().map(|path| outside(path, &checkout)).transpose();
    let (folder, zip) = (place(&arguments.folder)?, place(&arguments.zip)?);
    let tar = place(&arguments.tar)?;
    let files = student_edition(&checkout)?;
    let mut out = anstream::stdout();
    if let (Some(folder), true) = (&folder, arguments.check) {
        let changes = changes(&files, folder)?;
        for change in &changes {
            let (what, path) = match change {
                Change::Missing(path) => ("missing", path),
                Change::Outdated(path) => ("outdated", path),
                Change::Edited(path) => ("edited", path),
                Change::Obsolete(path) => ("obsolete", path),
            };
            writeln!(out, "{what}: {}", path.display())?;
        }
        return Ok(if changes.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) });
    }
    if let Some(folder) = &folder {
        update(&files, folder)?;
        writeln!(out, "{}: {}", folder.display(), count(files.len(), "file"))?;
    }
    if let Some(file) = &zip {
        write_zip(&files, file)?;
        writeln!(out, "{}", file.display())?;
    }
    if let Some(file) = &tar {
        write_tar(&files, file)?;
        writeln!(out, "{}", file.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The real place of `path`, which need not exist yet.
///
/// # Errors
///
/// It is in the checkout, of which the edition must not become a part, but not in the target folder. Or `..` follows a
/// folder that does not exist.
fn outside(path: &Path, checkout: &Checkout) -> Result<PathBuf> {
    let real = |path: &Path| path.canonicalize().ok();
    let path = std::path::absolute(path).context("cannot determine the current folder")?;
    let found = path.ancestors().find_map(|parent| Some((parent, real(parent)?)));
    let (parent, existing) = found.context("no folder on the way exists")?;
    let rest = path.strip_prefix(parent)?;
    let is_plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
    ensure!(is_plain, "{} does not exist; create the folder first", parent.join(rest).display());
    let place = existing.join(rest);
    let is_in = |folder: Option<PathBuf>| folder.is_some_and(|folder| place.starts_with(folder));
    let root = real(checkout.root());
    let is_below = |target: &PathBuf| {
        root.as_ref().is_some_and(|root| target != root && target.starts_with(root))
    };
    let inner = real(&checkout.target()).filter(is_below);
    ensure!(
        !is_in(root) || is_in(inner),
        "{} is in this checkout; choose a place outside it",
        path.display()
    );
    Ok(place)
}
