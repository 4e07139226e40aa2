//! `cargo grader hint`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use course::checkout::Checkout;
use course::explanations::Explanations;
use course::text::count;
use engine::lab::{Check, Lab};

use super::labs::find_check;
use crate::progress::Progress;
use crate::report::markdown::write_markdown;
use crate::style::{self, DIM, STRONG};

#[derive(Args, Debug)]
pub struct HintArguments {
    /// A check, such as 01/half-close or half-close [default: the first that failed]
    check: Option<String>,
}

/// Shows one more hint for a check.
///
/// # Errors
///
/// There is no such check, or standard output is closed.
pub fn hint(arguments: &HintArguments) -> Result<ExitCode> {
    let mut progress = Progress::load(&Checkout::find()?);
    let (lab, check) = find_check(arguments.check.as_deref(), &progress)?;
    write_hint(&mut anstream::stdout().lock(), &mut progress, lab, check, style::width())?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the hints for `check` that were shown before, and one more.
///
/// # Errors
///
/// `out` cannot be written to.
pub(crate) fn write_hint(
    out: &mut dyn Write,
    progress: &mut Progress,
    lab: &Lab,
    check: &Check,
    width: usize,
) -> io::Result<()> {
    let explanations = Explanations::parse(lab.explanations).unwrap_or_default();
    let id = check.id();
    let hints = explanations.get(&id).map(|explanation| &explanation.hints[..]).unwrap_or_default();
    let before = progress.hints_shown(check).min(hints.len());
    let shown = (before + 1).min(hints.len());
    writeln!(out, "{STRONG}{id}{STRONG:#}")?;
    write_markdown(out, check.rule, width, "  ")?;
    for (number, hint) in (1..).zip(&hints[..shown]) {
        let style = if number <= before { DIM } else { anstyle::Style::new() };
        writeln!(out, "\n{style}Hint {number} of {}{style:#}", hints.len())?;
        write_markdown(out, hint, width, "  ")?;
    }
    writeln!(out)?;
    match hints.len() - shown {
        0 => writeln!(out, "There are no more hints. More to read: cargo grader explain {id}")?,
        left => writeln!(out, "{} left: cargo grader hint {id}", count(left, "hint"))?,
    }
    if shown > before
        && let Err(error) = progress.record_hints(check, shown)
    {
        writeln!(out, "note: {error}")?;
    }
    Ok(())
}
