//! `cargo grader explain`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use course::checkout::{Checkout, read_text};
use course::explanations::Explanations;
use engine::lab::{Check, Lab};

use super::labs::find_check;
use crate::progress::Progress;
use crate::report::markdown::{section, write_markdown};
use crate::style::{self, STRONG};

#[derive(Args, Debug)]
pub struct ExplainArguments {
    /// A check, such as 01/half-close or half-close [default: the first that failed]
    check: Option<String>,
}

/// Explains a check: its rule, why it matters, how to try it by hand, and which misconceptions make it fail.
///
/// # Errors
///
/// There is no such check, or standard output is closed.
pub fn explain(arguments: &ExplainArguments) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    let progress = Progress::load(&checkout);
    let (lab, check) = find_check(arguments.check.as_deref(), &progress)?;
    write_explanation(&mut anstream::stdout().lock(), &checkout, lab, check, style::width())?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the explanation of `check`.
///
/// # Errors
///
/// `out` cannot be written to.
pub(crate) fn write_explanation(
    out: &mut dyn Write,
    checkout: &Checkout,
    lab: &Lab,
    check: &Check,
    width: usize,
) -> io::Result<()> {
    let explanations = Explanations::parse(lab.explanations).unwrap_or_default();
    let id = check.id();
    writeln!(out, "{STRONG}{id}{STRONG:#} (task {})", check.task)?;
    write_markdown(out, check.rule, width, "  ")?;
    let Some(explanation) = explanations.get(&id) else { return Ok(()) };
    writeln!(out, "\n{STRONG}Why it matters{STRONG:#}")?;
    write_markdown(out, &explanation.why, width, "  ")?;
    if !explanation.by_hand.is_empty() {
        writeln!(out, "\n{STRONG}Try it by hand{STRONG:#}")?;
        let sheet = read_text(&checkout.lab(lab).join("README.md")).unwrap_or_default();
        write_note_on_nc(out, &explanation.by_hand, width)?;
        write_preparation(out, lab, &sheet, &explanation.by_hand, width)?;
        for line in &explanation.by_hand {
            writeln!(out, "    {line}")?;
        }
    }
    if !explanation.misconceptions.is_empty() {
        writeln!(out, "\n{STRONG}Misconceptions that make it fail{STRONG:#}")?;
        for sentence in &explanation.misconceptions {
            write_markdown(out, &format!("- {sentence}"), width, "  ")?;
        }
    }
    writeln!(out, "\n{STRONG}Read more{STRONG:#}")?;
    if let Some(slide) = &explanation.slide {
        writeln!(out, "    {}", slide.command())?;
    }
    writeln!(out, "    labs/{}/README.md, task {}", lab.folder(), check.task)?;
    writeln!(out, "    cargo grader hint {id}")
}

/// Says which nc the commands mean, if they call it.
fn write_note_on_nc(out: &mut dyn Write, commands: &[String], width: usize) -> io::Result<()> {
    let calls_nc = |line: &String| line.split(' ').any(|word| word.trim_start_matches('(') == "nc");
    if commands.iter().any(calls_nc) {
        let text = "The commands use OpenBSD's `nc` (Debian: netcat-openbsd); with Ncat, omit `-N`. To end your input, press \
                    Ctrl-D once at the beginning of a line.";
        write_markdown(out, text, width, "  ")?;
    }
    Ok(())
}

/// Says how to start the server that `commands` talk to.
fn write_preparation(
    out: &mut dyn Write,
    lab: &Lab,
    sheet: &str,
    commands: &[String],
    width: usize,
) -> io::Result<()> {
    let (package, folder) = (lab.package(), lab.folder());
    let build = format!("cargo build -p {package}");
    let is_started = commands.iter().any(|line| line.contains(&build))
        || commands.first().is_some_and(|line| line.contains(&format!("-p {package}")));
    if !is_started {
        let by_hand = section(sheet, "Run it by hand").unwrap_or_default();
        let start = by_hand.lines().find(|line| {
            let command = line.split('#').next().unwrap_or_default();
            command.starts_with(&format!("cargo run -p {package}"))
        });
        match start {
            Some(start) => {
                write_markdown(out, "Start your server in one terminal:", width, "  ")?;
                writeln!(out, "    {}", start.split('#').next().unwrap_or_default().trim_end())?;
                write_markdown(out, "Then, in another:", width, "  ")?;
            }
            None => {
                let text = format!(
                    "Build and start your server first, as \"Run it by hand\" in labs/{folder}/README.md shows. Then:"
                );
                write_markdown(out, &text, width, "  ")?;
            }
        }
    }
    Ok(())
}
