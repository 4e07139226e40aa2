//! `cargo grader list`.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use checks::LABS;
use course::checkout::Checkout;

use crate::scores::Scores;

/// Prints the labs, one per line.
///
/// # Errors
///
/// It runs outside a checkout.
pub fn list() -> Result<ExitCode> {
    let scores = Scores::load(&Checkout::find()?);
    let mut out = anstream::stdout().lock();
    let heading = ("lab", "topic", "title", "minutes", "score");
    let (lab, topic, title, minutes, score) = heading;
    writeln!(out, "{lab:<4} {topic:<22} {title:<30} {minutes:>7} {score:>6}")?;
    for lab in LABS {
        let score = scores.of(lab).map_or_else(|| "-".to_owned(), |score| score.to_string());
        let (topic, title, minutes) = (lab.topic, lab.title, lab.minutes);
        writeln!(out, "{:<4} {topic:<22} {title:<30} {minutes:>7} {score:>6}", lab.digits())?;
    }
    Ok(ExitCode::SUCCESS)
}
