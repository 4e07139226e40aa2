//! `cargo grader diff`.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use course::checkout::{Checkout, read_text};
use course::regions::Source;
use engine::subject::build::rust_files;
use similar::TextDiff;

use super::labs::find_lab;
use crate::progress::Progress;
use crate::style::{BAD, DIM, GOOD, STRONG};

#[derive(Args, Debug)]
pub struct DiffArguments {
    /// A lab, such as 1, 01 or blocking-threads
    lab: String,

    /// Show the solution even if your score is below 100
    #[arg(long)]
    spoil: bool,
}

/// Shows how the student's answer differs from the reference solution.
///
/// # Errors
///
/// The lab does not exist or has no solution here, or the score is below 100 and `--spoil` is not given.
pub fn diff(arguments: &DiffArguments) -> Result<ExitCode> {
    const COMPLETE: u32 = 100;
    let checkout = Checkout::find()?;
    let lab = find_lab(&arguments.lab)?;
    let solution = checkout.require_solution(lab.info)?;
    let score = Progress::load(&checkout).score(lab).unwrap_or(0);
    if score < COMPLETE && !arguments.spoil {
        let number = lab.number;
        bail!(
            "your score in lab {} is {score}: reach {COMPLETE} first, or use --spoil to see the solution now; \
             for help without the solution, run cargo grader hint or cargo grader next {number}",
            lab.digits()
        );
    }
    let answer = checkout.lab(lab.info);
    let mut files = BTreeSet::new();
    for folder in [&answer, &solution] {
        for path in rust_files(&folder.join("src"))? {
            files.insert(path.strip_prefix(folder)?.to_owned());
        }
    }
    let mut out = anstream::stdout().lock();
    let mut is_equal = true;
    for file in files {
        let own = read_text(&answer.join(&file)).unwrap_or_default();
        let given = match read_text(&solution.join(&file)) {
            Ok(text) => Source::parse(&text)?.without_markers(),
            Err(_) => String::new(),
        };
        let given = given.replace(&lab.solution_package(), &lab.package());
        let diff = TextDiff::from_lines(&own, &given);
        let name = |folder| checkout.relative(folder).join(&file).display().to_string();
        let text = diff.unified_diff().header(&name(&answer), &name(&solution)).to_string();
        is_equal &= text.is_empty();
        for line in text.lines() {
            let style = match line.as_bytes() {
                [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => STRONG,
                [b'-', ..] => BAD,
                [b'+', ..] => GOOD,
                [b'@', ..] => DIM,
                _ => anstyle::Style::new(),
            };
            writeln!(out, "{style}{line}{style:#}")?;
        }
    }
    if is_equal {
        writeln!(out, "Your answer is the reference solution.")?;
    }
    Ok(ExitCode::SUCCESS)
}
