//! The outcome of a check.

use std::time::Duration;

use crate::lab::Check;
use crate::verdict::Failure;

/// The verdict on one check.
#[derive(Clone, Debug)]
pub enum Verdict {
    Passed,
    Failed(Box<Failure>),
    /// Not run: a check that it requires did not pass.
    Blocked {
        by: &'static Check,
    },
    /// The grader or the machine was at fault, with the reason; the check has neither passed nor failed.
    Inconclusive(String),
    /// Not run: the run was interrupted first.
    Interrupted,
}

/// The name of a verdict in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictName {
    Passed,
    Failed,
    Blocked,
    Inconclusive,
    Interrupted,
}

impl Verdict {
    #[must_use]
    pub fn name(&self) -> VerdictName {
        match self {
            Self::Passed => VerdictName::Passed,
            Self::Failed(_) => VerdictName::Failed,
            Self::Blocked { .. } => VerdictName::Blocked,
            Self::Inconclusive(_) => VerdictName::Inconclusive,
            Self::Interrupted => VerdictName::Interrupted,
        }
    }
}

impl VerdictName {
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Inconclusive => "inconclusive",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A check and its outcome.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub check: &'static Check,
    pub verdict: Verdict,
    /// How often it was run: more than once if tries were inconclusive or failed on a busy machine.
    pub tries: u32,
    /// The duration of the last try.
    pub elapsed: Duration,
    /// Evidence for the report that costs no points.
    pub notes: Vec<String>,
    /// How many client sockets the program kept after this check, which otherwise passed.
    pub residue: Option<usize>,
}

/// Something that happens during a run.
#[derive(Clone, Copy, Debug)]
pub enum RunEvent<'o> {
    /// A try of a check began, the first or, on a busy machine, a later one.
    Started { check: &'static Check, number: u32 },
    /// A check ended: it will not be tried again.
    Ended(&'o Outcome),
}

impl Outcome {
    /// An outcome of `check` without a run.
    #[must_use]
    pub(super) fn not_run(check: &'static Check, verdict: Verdict) -> Self {
        let elapsed = Duration::ZERO;
        Self { check, verdict, tries: 0, elapsed, notes: Vec::new(), residue: None }
    }

    /// The points that the student gets.
    #[must_use]
    pub fn points(&self) -> u32 {
        match self.verdict {
            Verdict::Passed => self.check.points,
            _ => 0,
        }
    }
}
