//! `cargo grader release`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use course::checkout::{Checkout, Edition};
use course::text::count;

use crate::release::{Difference, StudentEdition, write_tar, write_zip};
use crate::status::FAILED;

#[derive(Args, Debug)]
pub struct ReleaseArguments {
    /// Where the edition goes: a folder that is new, empty, or holds an earlier edition
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
/// This is the student edition, it would contain a line of an answer, or something cannot be read or written.
pub fn release(arguments: &ReleaseArguments) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    ensure!(checkout.edition() == Edition::Instructor, "this is the student edition already");
    if let Some(folder) = &arguments.folder {
        let folder = std::path::absolute(folder).context("cannot determine the current folder")?;
        let is_inside =
            folder.starts_with(checkout.root()) && !folder.starts_with(checkout.target());
        ensure!(!is_inside, "{} is in this checkout; choose a folder outside it", folder.display());
    }
    let edition = StudentEdition::of(&checkout)?;
    let mut out = anstream::stdout();
    if let (Some(folder), true) = (&arguments.folder, arguments.check) {
        let differences = edition.differences(folder)?;
        for difference in &differences {
            let (what, path) = match difference {
                Difference::Missing(path) => ("missing", path),
                Difference::Changed(path) => ("differs", path),
                Difference::Obsolete(path) => ("obsolete", path),
            };
            writeln!(out, "{what}: {}", path.display())?;
        }
        return Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) });
    }
    if let Some(folder) = &arguments.folder {
        edition.write(folder)?;
        writeln!(out, "{}: {}", folder.display(), count(edition.files().len(), "file"))?;
    }
    if let Some(file) = &arguments.zip {
        write_zip(edition.files(), file)?;
        writeln!(out, "{}", file.display())?;
    }
    if let Some(file) = &arguments.tar {
        write_tar(edition.files(), file)?;
        writeln!(out, "{}", file.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
