//! `cargo grader list`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use checks::LABS;
use course::checkout::Checkout;
use engine::lab::Lab;

use crate::progress::Progress;
use crate::style::{self, STRONG, WIDTH};

/// Prints the labs with the student's progress.
///
/// # Errors
///
/// It runs outside a checkout, or standard output is closed.
pub fn list() -> Result<ExitCode> {
    let progress = Progress::load(&Checkout::find()?);
    write_list(&mut anstream::stdout().lock(), &progress, style::width())?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a line for each lab; two, if `width` is less than a report's.
pub(crate) fn write_list(out: &mut dyn Write, progress: &Progress, width: usize) -> io::Result<()> {
    let is_wide = width >= WIDTH;
    let topics = LABS.iter().map(|lab| lab.topic.len()).max().unwrap_or(0);
    let heading = format!("lab  {:<topics$}  score  tasks", "topic");
    let rest = if is_wide { "  best  minutes  next" } else { "" };
    writeln!(out, "{STRONG}{heading}{rest}{STRONG:#}")?;
    for lab in LABS {
        let number = |number: Option<u32>| number.map_or("-".to_owned(), |it| it.to_string());
        let (score, best) = (number(progress.score(lab)), number(progress.best(lab)));
        let done = lab.tasks.iter().filter(|task| progress.is_done(lab, task)).count();
        let tasks = format!("{done}/{}", lab.tasks.len());
        let (digits, topic, minutes) = (lab.digits(), lab.topic, lab.minutes);
        let line = format!("{digits:<3}  {topic:<topics$}  {score:>5}  {tasks:>5}");
        let next = next_step(lab, progress);
        if is_wide {
            writeln!(out, "{line}  {best:>4}  {minutes:>7}  {next}")?;
        } else {
            let next = next.split(" (").next().unwrap_or_default();
            writeln!(out, "{line}\n     best {best} · {minutes} min · {next}")?;
        }
    }
    Ok(())
}

/// What to do next in `lab`, in few words.
fn next_step(lab: &Lab, progress: &Progress) -> String {
    match progress.next_task(lab) {
        None => "done".to_owned(),
        Some(task) if progress.score(lab).is_none() => {
            format!("task {} (not started)", task.number)
        }
        Some(task) => format!("task {}", task.number),
    }
}
