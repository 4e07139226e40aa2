//! `cargo grader next`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use course::checkout::{Checkout, read_text};
use course::labs::TaskInfo;
use engine::lab::Lab;
use textwrap::wrap;

use super::labs::find_lab;
use crate::gaps;
use crate::guide;
use crate::progress::Progress;
use crate::report::markdown::{section, write_markdown};
use crate::report::wrap_options;
use crate::style::{self, BAD, GOOD, STRONG};

#[derive(Args, Debug)]
pub struct NextArguments {
    /// A lab, such as 1, 01 or blocking-threads [default: the first unfinished one]
    lab: Option<String>,
}

/// Shows the first unfinished task: what to write, where, and which checks should then pass.
///
/// # Errors
///
/// The lab does not exist, or standard output is closed.
pub fn next(arguments: &NextArguments) -> Result<ExitCode> {
    let checkout = Checkout::find()?;
    let progress = Progress::load(&checkout);
    let lab = match &arguments.lab {
        Some(name) => find_lab(name)?,
        None => guide::current_lab(&progress),
    };
    let mut out = anstream::stdout().lock();
    write_next(&mut out, &checkout, &progress, lab, style::width())?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the first unfinished task of `lab`, or which lab follows.
///
/// # Errors
///
/// `out` cannot be written to.
pub(crate) fn write_next(
    out: &mut dyn Write,
    checkout: &Checkout,
    progress: &Progress,
    lab: &'static Lab,
    width: usize,
) -> io::Result<()> {
    match progress.next_task(lab) {
        Some(task) => write_task(out, checkout, progress, lab, task, width),
        None => guide::after_lab(lab, progress).write(out, width),
    }
}

/// `text` without the list of checks: they follow below it, each with its rule.
fn without_checks(text: &str) -> String {
    let mut is_list = false;
    let mut kept = String::new();
    for line in text.lines() {
        is_list = line.starts_with("*Turns green")
            || is_list && !line.is_empty() && !line.starts_with('*');
        if !is_list {
            kept += line;
            kept.push('\n');
        }
    }
    kept
}

/// Writes `task`: its text from the sheet, its gaps, and its checks with their state.
///
/// # Errors
///
/// `out` cannot be written to.
fn write_task(
    out: &mut dyn Write,
    checkout: &Checkout,
    progress: &Progress,
    lab: &'static Lab,
    task: &TaskInfo,
    width: usize,
) -> io::Result<()> {
    let folder = checkout.lab(lab);
    let sheet = folder.join("README.md");
    let (kind, of, title) = (task.kind(), lab.tasks.len(), task.title);
    let title = format!("Lab {}, task {} of {of} ({kind}): {title}", lab.digits(), task.number);
    for line in wrap(&title, wrap_options(width)) {
        writeln!(out, "{STRONG}{line}{STRONG:#}")?;
    }
    writeln!(out)?;
    let text = read_text(&sheet).unwrap_or_default();
    match section(&text, &format!("Task {} ", task.number)) {
        Some(text) => write_markdown(out, &without_checks(text), width, "")?,
        None => {
            let sheet = checkout.relative(&sheet).display();
            writeln!(out, "{sheet} does not describe task {}.", task.number)?;
        }
    }
    let gaps = gaps::find(&folder).unwrap_or_default();
    let own: Vec<_> = gaps.iter().filter(|gap| gap.is_of(task.number)).collect();
    if !own.is_empty() {
        writeln!(out, "\n{STRONG}Code to write{STRONG:#}")?;
        for gap in own {
            let file = checkout.relative(&gap.file).display();
            writeln!(out, "  {file}:{}", gap.line)?;
            write_markdown(out, &gap.text, width, "    ")?;
        }
    }
    writeln!(out, "\n{STRONG}Turns green{STRONG:#}")?;
    for check in lab.checks.iter().filter(|check| check.task == task.number && check.points > 0) {
        let (mark, style) = match progress.has_passed(check) {
            Some(true) => ("✓", GOOD),
            Some(false) => ("✗", BAD),
            None => ("·", anstyle::Style::new()),
        };
        writeln!(out, "  {style}{mark} {}{style:#}", check.name)?;
        write_markdown(out, check.rule, width, "    ")?;
    }
    writeln!(out, "\nThen: cargo grader check {} --task {}", lab.number, task.number)
}
