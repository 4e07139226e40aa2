//! What comes out of a check.

use std::time::Duration;

use crate::client::{MORE_THAN_SENT, NOT_THE_ONE};
use crate::labs::Check;
use crate::process::{NO_ANSWER, NO_ANSWER_IN_TIME, UNWRITTEN};

/// The verdict on one check.
#[derive(Clone, Debug)]
pub enum Verdict {
    Passed,
    Failed(Box<Failure>),
    /// Not run: a check that it requires did not pass.
    Blocked {
        by: &'static str,
    },
    /// The grader or the machine was at fault; says what happened. Never charged to the student.
    Inconclusive(String),
    /// Not run: the run was ended before.
    Interrupted,
}

/// A check and what came out of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub check: &'static Check,
    pub verdict: Verdict,
    /// How often it was run: more than once after tries that were inconclusive, or failed in doubt.
    pub tries: u32,
    /// Of the last try.
    pub elapsed: Duration,
    /// Evidence without points, for the report.
    pub notes: Vec<String>,
    /// What the program kept after this check, which passed otherwise.
    pub residue: Option<String>,
}

impl Outcome {
    /// The points that the student gets.
    #[must_use]
    pub fn points(&self) -> u32 {
        match self.verdict {
            Verdict::Passed => self.check.points,
            _ => 0,
        }
    }
}

/// Why a check failed, as a student needs it. Each part is made of lines without indentation.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    /// What was done to the program, in order.
    pub steps: Vec<String>,
    /// What was expected; several lines are several acceptable answers.
    pub expected: Vec<String>,
    /// What was seen instead.
    pub observed: Vec<String>,
    /// What the kernel says of the program at that moment, and its own last words.
    pub evidence: Vec<String>,
    /// The likely cause, in sentences.
    pub cause: String,
    /// Why the machine may have made it fail, if so: then it is to be seen again.
    pub doubt: Option<String>,
}

impl Failure {
    /// Whether bytes came that should not have.
    #[must_use]
    pub fn is_wrong_bytes(&self) -> bool {
        let wrong = |line: &String| line.contains(NOT_THE_ONE) || line.contains(MORE_THAN_SENT);
        self.observed.first().is_some_and(wrong)
    }

    /// Whether it is a failure on the busiest machine, too: wrong bytes, a proved hang, a `todo!()`.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        let hung = |line: &String| line.starts_with(NO_ANSWER);
        self.is_wrong_bytes()
            || self.observed.first().is_some_and(hung)
            || self.cause.starts_with(UNWRITTEN)
    }

    /// Whether something was waited for that did not come.
    #[must_use]
    pub fn is_no_answer(&self) -> bool {
        let waited =
            |line: &String| line.starts_with(NO_ANSWER) || line.starts_with(NO_ANSWER_IN_TIME);
        self.observed.first().is_some_and(waited)
    }
}

/// Ends a check early.
#[derive(Clone, Debug)]
pub enum Stop {
    Failed(Box<Failure>),
    Inconclusive(String),
}

impl Stop {
    /// Lets `change` have a look at the failure, if it is one.
    #[must_use]
    pub fn amend(mut self, change: impl FnOnce(&mut Failure)) -> Self {
        if let Self::Failed(failure) = &mut self {
            change(failure);
        }
        self
    }
}

impl From<crate::probe::Unreadable> for Stop {
    fn from(error: crate::probe::Unreadable) -> Self {
        Self::Inconclusive(error.to_string())
    }
}
