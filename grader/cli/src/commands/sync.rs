//! `cargo grader sync`.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;

use course::checkout::Checkout;

use crate::status::FAILED;
use crate::sync;

/// Writes starters and rubrics, or fails if `check` and one of them differs.
///
/// # Errors
///
/// Something cannot be read or written, or a marker is wrong.
pub fn sync(check: bool) -> Result<ExitCode> {
    let differing = sync::sync(&Checkout::find()?, check)?;
    for path in &differing {
        let verb = if check { "differs" } else { "written" };
        writeln!(anstream::stdout(), "{verb}: {}", path.display())?;
    }
    if check && !differing.is_empty() {
        anstream::eprintln!("error: change the solution, not the starter; then: cargo grader sync");
        return Ok(ExitCode::from(FAILED));
    }
    Ok(ExitCode::SUCCESS)
}
