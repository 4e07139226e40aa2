//! Why a program was not measured.

use std::time::Duration;

use course::text::{count, time};
use serde::{Deserialize, Serialize};

use crate::bench::load::ANSWER_TIMEOUT;
use crate::bench::numbers::thousands;

/// Why a program was not measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NotMeasured {
    /// It closes the connections that it cannot serve, and serves the others.
    Refuses { served: usize, of: usize },
    /// It accepts connections, or leaves them in its listen queue, and never answers.
    Silent { served: usize, of: usize },
    /// It did not keep up with the planned rate.
    Behind { unanswered: usize },
    /// An answer differed from its request.
    Wrong,
    /// It closed connections during the measurement.
    Lost { lost: usize },
    /// It was not finished after this time, although it made progress.
    TooSlow(Duration),
    /// It ended: how, and its last words.
    Ended { how: String, last_words: Vec<String> },
    /// It did not start listening.
    NotStarted { why: String, last_words: Vec<String> },
    /// The machine or the load generator was at fault.
    Unable(String),
    /// The time for the whole benchmark had run out.
    NoTime,
}

impl NotMeasured {
    /// The reason in a few words.
    pub fn short(&self) -> String {
        match self {
            Self::Refuses { served, of } => {
                format!("refuses: serves {} of {}", thousands(*served), thousands(*of))
            }
            Self::Silent { served, of } => {
                let (served, of) = (thousands(*served), thousands(*of));
                format!("no answer within {}: serves {served} of {of}", time(ANSWER_TIMEOUT))
            }
            Self::Behind { unanswered } => {
                format!("does not keep up: {} requests unanswered", thousands(*unanswered))
            }
            Self::Wrong => "the answer differs from what was sent".to_owned(),
            Self::Lost { lost } => format!("closed {} in use", count(*lost, "connection")),
            Self::TooSlow(longest) => format!("not finished after {}", time(*longest)),
            Self::Ended { how, .. } => how.clone(),
            Self::NotStarted { why, .. } => why.clone(),
            Self::Unable(why) => format!("not measured: {why}"),
            Self::NoTime => "not measured: out of time".to_owned(),
        }
    }

    /// The last lines that the program printed to standard error, if it ended.
    pub fn last_words(&self) -> &[String] {
        match self {
            Self::Ended { last_words, .. } | Self::NotStarted { last_words, .. } => last_words,
            _ => &[],
        }
    }

    /// Whether neither more connections nor another try would help. Reproducing such a failure takes long.
    pub(crate) fn is_permanent(&self) -> bool {
        match self {
            Self::Silent { .. }
            | Self::TooSlow(_)
            | Self::Wrong
            | Self::NotStarted { .. }
            | Self::Ended { .. } => true,
            Self::Refuses { .. }
            | Self::Behind { .. }
            | Self::Lost { .. }
            | Self::Unable(_)
            | Self::NoTime => false,
        }
    }
}
