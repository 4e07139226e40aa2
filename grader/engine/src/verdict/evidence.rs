//! What the kernel and the program itself say at the moment of a failure.

use observe::{Snapshot, Starvation};
use serde::Serialize;

use super::exit::ExitStatus;

/// Evidence of one failure, as data.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// What a check itself has measured, a line each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<String>,
    /// Threads, sockets and epoll sets of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
    /// How the program's first process ended, where others go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_process: Option<ExitStatus>,
    /// The end of what the program has written to standard error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_words: Option<LastWords>,
    /// Connects that found a full listen queue on this machine since the program started. Other programs may be meant.
    #[serde(skip_serializing_if = "is_zero")]
    pub dropped_connects: u64,
    /// What was tried, where a busy machine may be at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries: Option<Tries>,
}

/// The end of what a program has written to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastWords {
    /// Bytes written in all.
    pub total: u64,
    /// The last lines, without control characters.
    pub lines: Vec<String>,
}

/// Tries of a check on a busy machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tries {
    /// How often the check was run; it never passed.
    pub count: u32,
    /// What kept the program from the CPUs in the last try.
    #[serde(flatten)]
    pub starvation: Starvation,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
