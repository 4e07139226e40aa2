//! Turns the data of a verdict into text. No other module does.
//!
//! Each part is a list of lines, which reports wrap and indent.

mod diagnosis;
mod events;
mod evidence;
mod kind;
mod starvation;

use course::text::{printable, size};
use serde::Serialize;

use super::failure::{Cause, Failure, Observation};
use super::kind::{FailureKind, Traffic};
use super::transcript::Event;

pub use evidence::{inside_lines, snapshot_lines};
pub use kind::residue_text;
pub use starvation::starvation_text;

/// The cause of a failure in a part of the program that is still a `todo!()`.
pub(super) const NOT_WRITTEN: &str = "this part is not written yet";

/// A failure as a report shows it: each part is a list of lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailureText {
    /// What the grader did, in order.
    pub steps: Vec<String>,
    /// What was expected; several lines are alternatives.
    pub expected: Vec<String>,
    /// What was seen instead.
    pub observed: Vec<Line>,
    /// What the kernel and the program report.
    pub evidence: Vec<String>,
    /// The likely cause; empty if none is known.
    pub cause: String,
}

/// A line of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Line {
    /// May be wrapped.
    Prose(String),
    /// Aligned with the lines around it: never wrapped.
    Aligned(String),
}

impl Failure {
    /// The failure as a report shows it.
    #[must_use]
    pub fn text(&self) -> FailureText {
        FailureText {
            steps: self.steps(),
            expected: self.expected.clone(),
            observed: self.observed_lines(),
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

    /// What was seen instead. The first line summarises the failure.
    #[must_use]
    pub fn observed(&self) -> Vec<String> {
        let text = |line| match line {
            Line::Prose(text) | Line::Aligned(text) => text,
        };
        self.observed_lines().into_iter().map(text).collect()
    }

    fn observed_lines(&self) -> Vec<Line> {
        let mut lines = kind_lines(&self.kind);
        lines.extend(self.observations.iter().flat_map(observation_lines));
        lines
    }

    /// The failure in one line; empty if only its cause is known.
    #[must_use]
    pub fn headline(&self) -> String {
        self.observed().into_iter().next().unwrap_or_default()
    }

    /// The failure in at most `width` characters, for a table: what was seen if that fits, or else its kind and the
    /// name of its cause.
    #[must_use]
    pub fn summary(&self, width: usize) -> String {
        let headline = self.headline();
        let short = match (&self.kind, &self.cause) {
            (FailureKind::NotWritten { todo, .. }, _) => format!("not written yet: {todo}"),
            (_, Some(cause)) if headline.chars().count() > width => {
                let cause = cause.name().replace('-', " ");
                match kind::short(&self.kind) {
                    "" => cause,
                    kind => format!("{kind}: {cause}"),
                }
            }
            _ => headline,
        };
        if short.chars().count() <= width {
            short
        } else {
            printable(&short, width.saturating_sub(1))
        }
    }

    /// What the kernel and the program report.
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
    /// Its name, as in JSON reports.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Diagnosis(diagnosis) => {
                let json = serde_json::to_value(diagnosis).unwrap_or_default();
                json["diagnosis"].as_str().unwrap_or_default().to_owned()
            }
            Self::Explained(explanation) => explanation.key().to_owned(),
        }
    }

    /// The cause in one or two sentences.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Diagnosis(diagnosis) => diagnosis.text(),
            Self::Explained(explanation) => explanation.text().to_owned(),
        }
    }
}

/// The lines that say what was seen. The lines of a difference are aligned, except for the sentence
/// that introduces them.
fn kind_lines(kind: &FailureKind) -> Vec<Line> {
    let is_difference = matches!(kind.symptom(), FailureKind::WrongBytes { .. });
    let line = |(index, text)| match is_difference && index > 0 {
        true => Line::Aligned(text),
        false => Line::Prose(text),
    };
    kind::lines(kind).into_iter().enumerate().map(line).collect()
}

fn observation_lines(observation: &Observation) -> Vec<Line> {
    let line = match observation {
        Observation::Also { kind } => return kind_lines(kind),
        Observation::Remark { text } => text.clone(),
        Observation::Traffic(Traffic { sent, received }) => {
            let (sent, received) = (size(*sent), size(*received));
            format!("on this connection, the client sent {sent} and received {received}")
        }
        Observation::Answered { clients } => {
            let answered = course::text::count(*clients, "client");
            format!("before that, {answered} got an answer")
        }
        Observation::Progress { standard_input, standard_output, traffic } => {
            let (given, printed) = (size(*standard_input), size(*standard_output));
            let mut line = format!("so far: {given} of input, {printed} printed");
            if let Some(Traffic { sent, received }) = traffic {
                let (to, from) = (size(*received), size(*sent));
                line += &format!(", {to} to the server, {from} from the server");
            }
            line
        }
        Observation::Ended { status } => format!("the program {status}"),
    };
    vec![Line::Prose(line)]
}
