//! `cargo grader sync`.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use course::checkout::Checkout;

use crate::status::FAILED;
use crate::sync::{self, Difference};

#[derive(Args, Debug)]
pub struct SyncArguments {
    /// Write nothing; fail if anything differs
    #[arg(long)]
    check: bool,
}

/// Writes everything generated from the solutions, the checks and the registry. With `--check`, writes nothing and
/// fails if a file differs.
///
/// # Errors
///
/// Something cannot be read or written, or a marker is wrong.
pub fn sync(arguments: &SyncArguments) -> Result<ExitCode> {
    let check = arguments.check;
    let differing = sync::sync(&Checkout::find()?, check)?;
    for Difference { path, line } in &differing {
        let verb = if check { "differs" } else { "written" };
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        writeln!(anstream::stdout(), "{verb}: {}{line}", path.display())?;
    }
    if check && !differing.is_empty() {
        anstream::eprintln!(
            "error: these files are generated from the solutions, the checks, the decks' titles and the registry of \
             labs (grader/course/src/labs/registry.rs): change those, then run: cargo grader sync"
        );
        return Ok(ExitCode::from(FAILED));
    }
    Ok(ExitCode::SUCCESS)
}
