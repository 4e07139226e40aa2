//! A failure as data: what was expected, what was seen, what the kernel shows, and the likely cause.

use observe::Starvation;
use serde::Serialize;

use super::diagnosis::Diagnosis;
use super::evidence::Evidence;
use super::exit::ExitStatus;
use super::kind::{Certainty, FailureKind, Traffic};
use super::transcript::Step;

/// Why a check failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub kind: FailureKind,
    /// What was expected, one sentence each; several are alternatives.
    pub expected: Vec<String>,
    /// What else was seen.
    pub observations: Vec<Observation>,
    pub evidence: Evidence,
    /// The most likely cause.
    pub cause: Option<Cause>,
    /// What happened before the failure, in order.
    pub transcript: Vec<Step>,
    /// The beginnings of the random words that the check has drawn and that texts may quote.
    pub drawn: Vec<String>,
    /// Whether a time limit is involved, so that even wrong bytes may be the machine's fault.
    time_limited: bool,
    /// Whether a busy machine cannot have caused this failure, although it may cause others of the same kind.
    is_certain: bool,
    /// What kept the program off the CPUs, if a busy machine may be at fault: then the check runs again.
    pub starvation: Option<Starvation>,
}

/// Something seen in addition to the failure itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "observation", rename_all = "snake_case")]
pub enum Observation {
    /// A sentence from the check.
    Remark { text: String },
    /// The same failure, seen in another way.
    Also {
        #[serde(flatten)]
        kind: FailureKind,
    },
    /// Bytes sent and received on the connection on which the grader was waiting.
    Traffic(Traffic),
    /// How many clients had been answered before.
    Answered { clients: usize },
    /// How far a client program got, in bytes.
    Progress {
        standard_input: u64,
        standard_output: u64,
        #[serde(flatten)]
        traffic: Option<Traffic>,
    },
    /// How the program has ended.
    Ended { status: ExitStatus },
}

/// The most likely cause of a failure.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cause {
    /// What the engine concludes from the kernel's evidence.
    Diagnosis(Diagnosis),
    /// What the check says about its own failure.
    Explained(Explanation),
}

/// The explanation of one failure of one check. Its key stays when the text is edited.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    #[serde(rename = "explanation")]
    key: &'static str,
    #[serde(skip)]
    text: &'static str,
}

impl Explanation {
    #[must_use]
    pub const fn new(key: &'static str, text: &'static str) -> Self {
        Self { key, text }
    }

    #[must_use]
    pub fn key(&self) -> &'static str {
        self.key
    }

    #[must_use]
    pub fn text(&self) -> &'static str {
        self.text
    }
}

/// Two explanations are equal if their keys are, so that comparisons do not depend on the wording.
impl PartialEq for Explanation {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Explanation {}

impl From<Diagnosis> for Cause {
    fn from(diagnosis: Diagnosis) -> Self {
        Self::Diagnosis(diagnosis)
    }
}

impl From<Explanation> for Cause {
    fn from(explanation: Explanation) -> Self {
        Self::Explained(explanation)
    }
}

impl From<&Explanation> for Cause {
    fn from(explanation: &Explanation) -> Self {
        Self::Explained(explanation.clone())
    }
}

impl<T: Into<String>> From<T> for Observation {
    fn from(text: T) -> Self {
        Self::Remark { text: text.into() }
    }
}

impl Failure {
    #[must_use]
    pub fn new(kind: FailureKind) -> Self {
        Self {
            kind,
            expected: Vec::new(),
            observations: Vec::new(),
            evidence: Evidence::default(),
            cause: None,
            transcript: Vec::new(),
            time_limited: false,
            is_certain: false,
            drawn: Vec::new(),
            starvation: None,
        }
    }

    /// An expected property does not hold; `observed` was seen instead.
    #[must_use]
    pub fn property(observed: impl Into<String>) -> Self {
        Self::new(FailureKind::Property { observed: observed.into() })
    }

    /// The same, described in several lines.
    #[must_use]
    pub fn property_lines(lines: impl IntoIterator<Item = String>) -> Self {
        let mut lines = lines.into_iter();
        let mut failure = Self::property(lines.next().unwrap_or_default());
        failure.observations.extend(lines.map(Observation::from));
        failure
    }

    /// Adds a sentence that says what was expected. Several are alternatives.
    #[must_use]
    pub fn expecting(mut self, expected: impl Into<String>) -> Self {
        self.expected.push(expected.into());
        self
    }

    /// Adds something else that was seen.
    #[must_use]
    pub fn observing(mut self, observation: impl Into<Observation>) -> Self {
        self.observations.push(observation.into());
        self
    }

    /// Sets the likely cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Sets the likely cause, if one is known.
    #[must_use]
    pub fn because_of(mut self, cause: Option<Cause>) -> Self {
        self.cause = cause;
        self
    }

    /// Records that a time limit is involved.
    #[must_use]
    pub fn time_limited(mut self) -> Self {
        self.time_limited = true;
        self
    }

    /// Records that a busy machine cannot have caused this failure: a wrong number, for example, or a wrong status in
    /// an answer.
    #[must_use]
    pub fn certain(mut self) -> Self {
        self.is_certain = true;
        self
    }

    /// Makes `kind` the failure; the previous kind becomes an observation.
    pub(crate) fn supersede(&mut self, kind: FailureKind) {
        let before = std::mem::replace(&mut self.kind, kind);
        self.observations.insert(0, Observation::Also { kind: before });
    }

    /// Marks it as the failure of a part that is not written yet; `todo` is the text of its `todo!()`, and `place` its
    /// file and line.
    pub fn mark_not_written(&mut self, todo: String, place: Option<String>) {
        let symptom = Box::new(self.kind.clone());
        self.kind = FailureKind::NotWritten { todo, place, symptom };
        self.cause = None;
    }

    /// Whether a busy machine may have caused the failure (rule R9).
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        match self.kind.certainty() {
            // The end of a server does not depend on a time limit.
            Certainty::Certain
                if self.time_limited && !matches!(self.kind, FailureKind::ServerEnded { .. }) =>
            {
                Certainty::MachineMayBeAtFault
            }
            _ if self.is_certain && !self.time_limited => Certainty::Certain,
            other => other,
        }
    }

    /// Whether the grader waited for something that did not arrive.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        self.kind.is_unanswered()
    }
}

/// Ends a check early.
#[derive(Clone, Debug)]
pub enum CheckError {
    Failed(Box<Failure>),
    /// The grader or the machine was at fault (rule R9), with the reason.
    Inconclusive(String),
}

impl CheckError {
    /// Applies `change` if it is a failure.
    #[must_use]
    pub fn amend(mut self, change: impl FnOnce(&mut Failure)) -> Self {
        if let Self::Failed(failure) = &mut self {
            change(failure);
        }
        self
    }

    /// Adds an observation if it is a failure.
    #[must_use]
    pub fn observing(self, observation: impl Into<Observation>) -> Self {
        self.amend(|failure| failure.observations.push(observation.into()))
    }

    /// Sets `cause` if the grader waited for something that did not arrive.
    #[must_use]
    pub fn if_unanswered(self, cause: impl Into<Cause>) -> Self {
        self.amend(|failure| {
            if failure.is_unanswered() {
                failure.cause = Some(cause.into());
            }
        })
    }

    /// Sets the cause that `explain` finds for this kind of failure, unless the check has already explained it.
    #[must_use]
    pub fn explained_by(self, explain: impl FnOnce(&FailureKind) -> Option<Explanation>) -> Self {
        self.amend(|failure| {
            let is_concluded = matches!(failure.cause, None | Some(Cause::Diagnosis(_)));
            let is_panic = failure.cause == Some(Diagnosis::Panicked.into());
            if is_concluded && !is_panic {
                let explanation = explain(&failure.kind).map(Cause::from);
                failure.cause = explanation.or(failure.cause.take());
            }
        })
    }

    /// Sets `cause` if the program closed a connection before everything had arrived.
    #[must_use]
    pub fn if_closed_early(self, cause: impl Into<Cause>) -> Self {
        self.amend(|failure| {
            if matches!(failure.kind, FailureKind::ClosedEarly { .. }) {
                failure.cause = Some(cause.into());
            }
        })
    }

    /// Sets `cause` for any failure except that of a part that is not written yet.
    #[must_use]
    pub fn because(self, cause: impl Into<Cause>) -> Self {
        self.amend(|failure| {
            if !matches!(failure.kind, FailureKind::NotWritten { .. }) {
                failure.cause = Some(cause.into());
            }
        })
    }

    /// The failure, if it is one.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::Inconclusive(_) => None,
        }
    }
}

/// If something cannot be read, the machine is at fault (rule R9).
impl From<observe::Unreadable> for CheckError {
    fn from(error: observe::Unreadable) -> Self {
        Self::Inconclusive(error.to_string())
    }
}
