//! Writes the parts of a lab's sheet that the registry and the checks define: its time, its tasks and its rubric.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use course::checkout::Checkout;
use course::labs::TaskInfo;
use engine::lab::Lab;
use textwrap::WrapAlgorithm;

use super::section::{Comment, with_section};
use crate::report::wrap_options;

/// The name of the section with the rubric.
const RUBRIC: &str = "rubric";

/// The text before and after the minutes.
const TIME: (&str, &str) = ("**Time** ", " minutes");

/// The text before the checks of a task; a colon follows.
const TURNS_GREEN: &str = "*Turns green";

/// A list of checks is broken before this column.
const WIDTH: usize = 115;

/// The sheet of `lab` with its text; an outline if the lab has no sheet yet.
///
/// # Errors
///
/// The sheet cannot be read, or has no place for the time, a task or the rubric.
pub(super) fn sheet(checkout: &Checkout, lab: &Lab) -> Result<(PathBuf, String)> {
    let path = checkout.lab(lab).join("README.md");
    let text = if path.exists() { checkout.read(&path)? } else { outline(lab) };
    let text =
        written(&text, lab).with_context(|| checkout.relative(&path).display().to_string())?;
    Ok((path, text))
}

/// `text`, a sheet, with the generated parts for `lab`.
fn written(text: &str, lab: &Lab) -> Result<String> {
    let mut text = with_time(text, lab.minutes)?;
    for task in lab.tasks {
        text = with_task(&text, lab, task)?;
    }
    with_section(&text, Comment::Html, RUBRIC, &rubric(lab))
}

/// The parts of a sheet that [`written`] fills in.
fn outline(lab: &Lab) -> String {
    let (before, after) = TIME;
    let mut text = format!("# Lab {}: {}\n\n", lab.digits(), lab.name);
    let _ = writeln!(text, "{before}0{after} · **Package** `{}`\n\n## Tasks\n", lab.package());
    for task in lab.tasks {
        let _ = writeln!(text, "{}\n\n{TURNS_GREEN}:*\n", heading(task));
    }
    let (begin, end) = (Comment::Html.begin(RUBRIC), Comment::Html.end(RUBRIC));
    text + &format!("## Rubric\n\n{begin}\n{end}\n")
}

fn with_time(text: &str, minutes: u32) -> Result<String> {
    let (before, after) = TIME;
    let found = text.split_once(before).and_then(|(head, rest)| {
        let (_, rest) = rest.split_once(after)?;
        Some(format!("{head}{before}{minutes}{after}{rest}"))
    });
    found.with_context(|| format!("it does not contain `{before}{minutes}{after}`"))
}

fn heading(task: &TaskInfo) -> String {
    format!("### Task {} ({}): {}", task.number, task.kind(), task.title)
}

/// `text` with the heading of `task` and the checks that completing the task makes pass.
fn with_task(text: &str, lab: &Lab, task: &TaskInfo) -> Result<String> {
    let heading = heading(task);
    let begin = format!("\n### Task {} ", task.number);
    let found = text.split_once(&begin).and_then(|(before, rest)| {
        let (_, rest) = rest.split_once('\n')?;
        Some((before, rest))
    });
    let (before, rest) = found.with_context(|| format!("it has no heading `{heading}`"))?;
    let (section, after) = rest.split_at(rest.find("\n#").unwrap_or(rest.len()));
    let section = with_checks(section, lab, task).with_context(|| {
        format!("task {} has no paragraph that begins with `{TURNS_GREEN}:*`", task.number)
    })?;
    Ok(format!("{before}\n{heading}\n{section}{after}"))
}

/// `section`, the text of `task`, with its graded checks after the colon that follows [`TURNS_GREEN`].
fn with_checks(section: &str, lab: &Lab, task: &TaskInfo) -> Option<String> {
    let (before, rest) = section.split_once(TURNS_GREEN)?;
    let (between, list) = rest.split_once(':')?;
    let (emphasis, list) = match list.strip_prefix('*') {
        Some(list) => ("*", list),
        None => ("", list),
    };
    let is_end = |(at, _): &(usize, &str)| {
        let next = &list[at + 1..];
        next.is_empty() || next.starts_with(['\n', '*'])
    };
    let end = list.match_indices('\n').find(is_end).map_or(list.len(), |(at, _)| at);
    let graded = lab.checks.iter().filter(|check| check.task == task.number && check.points > 0);
    let names: Vec<_> = graded.map(|check| format!("`{}`", check.name)).collect();
    let text = format!("{TURNS_GREEN}{between}:{emphasis} {}.", names.join(", "));
    let options = wrap_options(WIDTH).wrap_algorithm(WrapAlgorithm::FirstFit);
    Some(format!("{before}{}{}", textwrap::fill(&text, options), &list[end..]))
}

/// The table of all checks.
fn rubric(lab: &Lab) -> String {
    let mut table = String::from(
        "\n| check | task | category | points | what it asks for |\n|---|---|---|---|---|\n",
    );
    for check in lab.checks {
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} | {} |",
            check.name,
            check.task,
            check.category.name(),
            check.points,
            check.rule
        );
    }
    table + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outline_has_a_place_for_everything() {
        let lab = checks::LABS[0];
        let sheet = written(&outline(lab), lab).expect("an outline");
        assert!(sheet.contains(&format!("**Time** {} minutes", lab.minutes)), "{sheet}");
        let check = &lab.checks[0];
        assert!(sheet.contains(&format!("*Turns green:* `{}`, ", check.name)), "{sheet}");
        assert!(sheet.contains(&format!("| `{}` | 1 |", check.name)), "{sheet}");
        assert_eq!(written(&sheet, lab).expect("a sheet"), sheet);
    }

    #[test]
    fn only_the_list_of_checks_is_replaced() {
        let lab = checks::LABS[0];
        let section = "\nDo it.\n*Turns green*, later: `a`,\n`b`.\n*How to think:* slowly.\n";
        let task = lab.tasks.last().expect("tasks");
        let written = with_checks(section, lab, task).expect("a list");
        assert!(written.starts_with("\nDo it.\n*Turns green*, later: `"), "{written}");
        assert!(written.ends_with("`.\n*How to think:* slowly.\n"), "{written}");
        assert!(!written.contains("`a`"), "{written}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let lab = checks::LABS[0];
        let without = |part: &str| {
            let error = written(&outline(lab).replace(part, ""), lab).expect_err(part);
            error.to_string()
        };
        assert!(without("**Time**").contains("does not contain `**Time** "));
        assert!(without("### Task 2").contains("no heading `### Task 2 ("));
        assert!(without("*Turns green:*").contains("task 1 has no paragraph"));
        assert!(without("<!-- end of rubric -->").contains("<!-- rubric: written by"));
    }
}
