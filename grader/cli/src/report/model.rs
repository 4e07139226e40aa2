//! The result of one run of a lab's checks.

use course::gap;
use course::labs::{Category, CheckInfo};
use engine::lab::{Check, Lab};
use engine::run::{Outcome, START_UP, Verdict};
use engine::verdict::Failure;

/// The result of one run of a lab's checks.
#[derive(Clone, Debug)]
pub struct Report {
    pub lab: &'static Lab,
    /// The graded program, as a report names it.
    pub program: String,
    /// The flags that select it on the command line: ` --solution`, or nothing.
    pub flags: String,
    pub seed: u32,
    pub outcomes: Vec<Outcome>,
    /// Other remarks, such as given files that were changed.
    pub remarks: Vec<String>,
    /// Whether only some of the lab's checks were requested.
    pub partial: bool,
    /// The last line: what the student does next.
    pub(crate) next: Option<NextStep>,
}

/// The last line of a report on the student's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NextStep {
    pub(crate) text: String,
    pub(crate) command: Option<String>,
}

impl NextStep {
    pub(crate) fn new(text: String, command: String) -> Self {
        Self { text, command: Some(command) }
    }
}

/// The result of a run in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summary {
    Passed,
    Failed,
    Inconclusive,
    Interrupted,
}

impl Report {
    #[must_use]
    pub fn summary(&self) -> Summary {
        let any = |test: fn(&Verdict) -> bool| self.outcomes.iter().any(|o| test(&o.verdict));
        if any(|verdict| matches!(verdict, Verdict::Interrupted)) {
            Summary::Interrupted
        } else if any(|verdict| matches!(verdict, Verdict::Failed(_))) {
            Summary::Failed
        } else if any(|verdict| matches!(verdict, Verdict::Inconclusive(_))) {
            Summary::Inconclusive
        } else {
            Summary::Passed
        }
    }

    /// The checks that failed, each with its failure.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&'static Check, &Failure)> {
        self.outcomes.iter().filter_map(|outcome| match &outcome.verdict {
            Verdict::Failed(failure) => Some((outcome.check, &**failure)),
            _ => None,
        })
    }

    /// The points earned and the points possible.
    #[must_use]
    pub fn score(&self) -> (u32, u32) {
        self.score_of(|_| true)
    }

    /// The same for one category.
    #[must_use]
    pub fn score_in(&self, category: Category) -> (u32, u32) {
        self.score_of(|check| check.category == category)
    }

    fn score_of(&self, counts: impl Fn(&CheckInfo) -> bool) -> (u32, u32) {
        let counted = self.outcomes.iter().filter(|outcome| counts(outcome.check));
        counted.fold((0, 0), |(got, all), outcome| {
            (got + outcome.points(), all + outcome.check.points)
        })
    }

    /// The command that runs `check` again with the same random data.
    pub(super) fn again(&self, check: &Check) -> String {
        let Self { lab, flags, seed, .. } = self;
        let number = lab.number;
        if check.name == START_UP.name {
            return format!("cargo grader check {number}{flags}");
        }
        format!("cargo grader check {number}{flags} --only {} --seed {seed:08x}", check.id())
    }

    /// Says to which task the `todo!` with this text belongs, and what to do if `check` belongs to another.
    pub(super) fn task_of_gap(&self, check: &Check, todo: &str) -> Option<String> {
        let tasks = gap::tasks(todo);
        let task = self.lab.tasks.iter().find(|task| tasks.first() == Some(&task.number))?;
        let text = format!("It belongs to task {}: {}.", task.number, task.title);
        if check.name == START_UP.name || tasks.contains(&check.task) {
            return Some(text);
        }
        let own = check.task;
        Some(format!(
            "{text} This check, of task {own}, needs that code too: write at least a simple version first."
        ))
    }

    /// How many times a check was retried because it was inconclusive or failed on a busy machine.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.outcomes.iter().map(|outcome| outcome.tries.saturating_sub(1)).sum()
    }
}
