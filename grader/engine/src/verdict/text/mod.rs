//! The text of a verdict, made from its data and nowhere else.
//!
//! Each part is made of lines without indentation beyond their own; reports wrap and indent them.

mod diagnosis;
mod evidence;
mod kind;
mod starvation;

use course::text::size;
use serde::Serialize;

use super::failure::{Cause, Failure, Observation};
use super::kind::{FailureKind, Traffic};
use super::transcript::Event;

pub use evidence::{inside_lines, snapshot_lines};
pub use kind::residue_text;
pub use starvation::starvation_text;

/// Said of a part of the program that is not written yet.
pub(super) const NOT_WRITTEN: &str = "this part is not written yet";

/// A failure as a report shows it: each part is made of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailureText {
    /// What the grader did, in order.
    pub steps: Vec<String>,
    /// What was expected; several lines are several acceptable answers.
    pub expected: Vec<String>,
    /// What was seen instead.
    pub observed: Vec<String>,
    /// What the kernel and the program say.
    pub evidence: Vec<String>,
    /// The likely cause; empty if none is known.
    pub cause: String,
}

impl Failure {
    /// The failure as a report shows it.
    #[must_use]
    pub fn text(&self) -> FailureText {
        FailureText {
            steps: self.steps(),
            expected: self.expected.clone(),
            observed: self.observed(),
            evidence: self.evidence_lines(),
            cause: self.cause_text(),
        }
    }

    /// What the grader did, in order.
    #[must_use]
    pub fn steps(&self) -> Vec<String> {
        let action = |event: &Event| match event {
            Event::Action { text } => Some(text.clone()),
            _ => None,
        };
        self.transcript.iter().filter_map(|step| action(&step.event)).collect()
    }

    /// What was seen instead of what was expected. The first line is the failure in short.
    #[must_use]
    pub fn observed(&self) -> Vec<String> {
        let mut lines = kind::lines(&self.kind);
        lines.extend(self.observations.iter().flat_map(observation_lines));
        lines
    }

    /// The failure in one line; empty where only its cause is known.
    #[must_use]
    pub fn headline(&self) -> String {
        self.observed().into_iter().next().unwrap_or_default()
    }

    /// What the kernel and the program say.
    #[must_use]
    pub fn evidence_lines(&self) -> Vec<String> {
        evidence::lines(&self.evidence)
    }

    /// The likely cause; empty if none is known.
    #[must_use]
    pub fn cause_text(&self) -> String {
        match (&self.kind, &self.cause) {
            (FailureKind::NotWritten { todo, .. }, _) => {
                format!("{NOT_WRITTEN}: todo!(\"{todo}\")")
            }
            (_, Some(cause)) => cause.text(),
            (_, None) => String::new(),
        }
    }
}

impl Cause {
    /// The cause in a sentence or two.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Diagnosis(diagnosis) => diagnosis.text(),
            Self::Explained(explanation) => explanation.text().to_owned(),
        }
    }
}

fn observation_lines(observation: &Observation) -> Vec<String> {
    match observation {
        Observation::Remark { text } => vec![text.clone()],
        Observation::Also { kind } => kind::lines(kind),
        Observation::Traffic(Traffic { sent, received }) => {
            let (sent, received) = (size(*sent), size(*received));
            vec![format!("on this connection {sent} were sent, {received} came back")]
        }
        Observation::Answered { clients } => {
            let answered = course::text::count(*clients, "client");
            vec![format!("before that, {answered} got an answer")]
        }
        Observation::Progress { standard_input, standard_output, traffic } => {
            let (given, printed) = (size(*standard_input), size(*standard_output));
            let mut line = format!("so far: {given} of input, {printed} printed");
            if let Some(Traffic { sent, received }) = traffic {
                let (to, from) = (size(*received), size(*sent));
                line += &format!(", {to} to the server, {from} from the server");
            }
            vec![line]
        }
        Observation::Ended { status } => vec![format!("the program {status}")],
    }
}
