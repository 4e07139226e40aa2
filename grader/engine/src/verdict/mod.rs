//! Verdicts as data (kinds of failure, evidence, causes and transcripts) and the text made from them.

mod arrival;
mod diagnosis;
mod difference;
mod evidence;
mod exit;
mod facts;
mod failure;
mod kind;
mod serialize;
mod text;
mod transcript;

pub use arrival::Arrival;
pub use diagnosis::{BusyElsewhere, Diagnosis};
pub use difference::{Difference, Excerpt};
pub use evidence::{Evidence, LastWords, Tries};
pub use exit::ExitStatus;
pub(crate) use facts::{ConnectionFacts, ServerFacts};
pub use failure::{Cause, CheckError, Explanation, Failure, Observation};
pub use kind::{
    AnnouncementFault, Certainty, FailureKind, HandshakeEnd, Phase, Residue, Stream, Traffic,
};
pub use text::{FailureText, Line, inside_lines, residue_text, snapshot_lines, starvation_text};
pub use transcript::{Bytes, Event, Journal, Step};
