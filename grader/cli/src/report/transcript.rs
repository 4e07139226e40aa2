//! The transcript of a failed check, for a terminal.

use std::io::{self, Write};

use engine::verdict::{Event, Failure};
use textwrap::wrap;

use super::terminal::wrap_options;
use crate::style::{DIM, STRONG};

/// Writes what happened before `failure`, an event on each line, in `width` columns.
///
/// # Errors
///
/// `out` cannot be written to.
pub(crate) fn write_transcript(
    out: &mut dyn Write,
    failure: &Failure,
    width: usize,
) -> io::Result<()> {
    /// The width of the column of times.
    const TIME: usize = 11;
    for step in &failure.transcript {
        let at = format!("{:>8.1} ms", step.at.as_secs_f64() * 1e3);
        let (text, style) = match &step.event {
            Event::Action { text } => (text.clone(), STRONG),
            event => (format!("  {} {event}", step.actor), anstyle::Style::new()),
        };
        let indent = text.len() - text.trim_start().len();
        let options = wrap_options(width - TIME - 1 - indent);
        for (index, line) in wrap(text.trim_start(), options).into_iter().enumerate() {
            let time = if index == 0 { at.as_str() } else { "" };
            writeln!(out, "{DIM}{time:TIME$}{DIM:#} {:indent$}{style}{line}{style:#}", "")?;
        }
    }
    Ok(())
}
