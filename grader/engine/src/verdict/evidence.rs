//! What the kernel and the program report at the moment of a failure.

use observe::{Snapshot, Starvation};
use serde::Serialize;

use super::exit::ExitStatus;

/// Evidence of one failure, as data.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// What the check itself has measured, one line for each measurement.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measured: Vec<String>,
    /// Threads, sockets and epoll sets of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
    /// How the program's first process ended, if others are still running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_process: Option<ExitStatus>,
    /// The last lines that the program wrote to standard error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_words: Option<LastWords>,
    /// Connection attempts dropped since the program started, by any full listen queue on this machine.
    #[serde(skip_serializing_if = "is_zero")]
    pub dropped_connects: u64,
    /// The tries, if a busy machine may be at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries: Option<Tries>,
}

/// The last lines that a program wrote to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastWords {
    /// The total number of bytes written.
    pub total: u64,
    /// The last lines, without control characters.
    pub lines: Vec<String>,
}

/// Tries of a check on a busy machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tries {
    /// How often the check was run; it never passed.
    pub count: u32,
    /// What kept the program off the CPUs in the last try.
    #[serde(flatten)]
    pub starvation: Starvation,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
