//! What a student does next.

use checks::LABS;
use engine::lab::Lab;
use engine::verdict::FailureKind;

use crate::progress::Progress;
use crate::report::{NextStep, Report, Summary};

/// The lab to work on: the first that is not finished, or the last.
pub(crate) fn current_lab(progress: &Progress) -> &'static Lab {
    unfinished_lab(progress).or(LABS.last().copied()).expect("there are labs")
}

fn unfinished_lab(progress: &Progress) -> Option<&'static Lab> {
    LABS.iter().copied().find(|lab| progress.next_task(lab).is_some())
}

/// What to do after a run on the student's code.
pub(crate) fn after_run(report: &Report, progress: &Progress) -> Option<NextStep> {
    let lab = report.lab;
    let number = lab.number;
    let failed = report.failures().next().map(|(check, failure)| (check, &failure.kind));
    match (report.summary(), failed) {
        (Summary::Failed, Some((check, FailureKind::NotWritten { place, .. }))) => {
            let place = place.as_deref().unwrap_or("the todo!() shown above");
            let again = match check.task {
                0 => format!("cargo grader check {number}"),
                task => format!("cargo grader check {number} --task {task}"),
            };
            Some(NextStep::new(format!("Next: write the code at {place}, then"), again))
        }
        (Summary::Failed, Some((check, _))) => {
            let id = check.id();
            let again = match check.lab {
                0 => format!("cargo grader check {number}"),
                _ => format!("cargo grader check {number} --only {id}"),
            };
            Some(NextStep::new(format!("Next: fix {id}, then"), again))
        }
        (Summary::Passed, _) => Some(after_success(report, progress)),
        _ => None,
    }
}

/// What to do after a run in which no check failed, or only checks of later tasks.
pub(crate) fn after_success(report: &Report, progress: &Progress) -> NextStep {
    let lab = report.lab;
    let Some(next) = progress.next_task(lab) else { return after_lab(lab, progress) };
    let is_run = |number: u8| report.outcomes.iter().any(|outcome| outcome.check.task == number);
    let done = lab.tasks.iter().filter(|task| is_run(task.number) && progress.is_done(lab, task));
    let done: Vec<_> = done.map(|task| task.number.to_string()).collect();
    let done = match &done[..] {
        [] => String::new(),
        [task] => format!("Task {task} is done. "),
        tasks => format!("Tasks {} are done. ", tasks.join(", ")),
    };
    let (lab, task) = (lab.number, next.number);
    let command = format!("cargo grader check {lab} --task {task}");
    NextStep::new(format!("{done}Next, task {task}:"), command)
}

/// What to do when all tasks of `lab` are done.
pub(crate) fn after_lab(lab: &Lab, progress: &Progress) -> NextStep {
    let done = format!("Lab {} is done.", lab.digits());
    match unfinished_lab(progress) {
        Some(lab) => {
            let text = format!("{done} Next, lab {}:", lab.digits());
            NextStep::new(text, format!("cargo grader next {}", lab.number))
        }
        None => NextStep { text: format!("{done} All labs are done."), command: None },
    }
}
