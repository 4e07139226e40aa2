//! How the program ends, and how soon.

use std::time::Duration;

use course::text::time;
use engine::drive::Server;
use engine::subject::{ProcessEnd, WaitError};
use engine::verdict::{CheckError, ExitStatus, Explanation, Failure, FailureKind};
use observe::{Socket, TcpState};

use super::causes;
use crate::expect;

/// A prompt event happens within this time, at least in one of several tries (rule R2).
pub(super) const PROMPT: Duration = Duration::from_secs(1);

/// Expects the shortest of `samples` to be prompt.
pub(super) fn expect_prompt(
    server: &Server,
    what: &str,
    samples: &[Duration],
) -> Result<(), CheckError> {
    let shortest = samples.iter().min().copied().unwrap_or_default();
    if shortest <= PROMPT {
        return Ok(());
    }
    expect::not_starved(&server.process)?;
    let observed = format!("it took {} (the fastest of several tries)", time(shortest));
    let failure = Failure::property(observed)
        .expecting(format!("{what} within {}", time(PROMPT)))
        .because(causes::WAITS_FOR_UNRELATED);
    Err(server.process.fail_in_retrospect(failure))
}

/// How a program that was asked to stop ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShutdownEnd {
    /// All requests in flight were answered.
    Drained,
    /// The grace period was over.
    Forced,
    /// A second signal arrived.
    SecondSignal,
}

impl ShutdownEnd {
    /// The exit status that reports this.
    fn status(self) -> i32 {
        match self {
            Self::Drained => 0,
            Self::Forced => 1,
            Self::SecondSignal => 130,
        }
    }
}

/// Waits for the program to end, and expects it to end as `end` says.
pub(super) async fn expect_exit(
    server: &Server,
    end: ShutdownEnd,
    after: &str,
) -> Result<(), CheckError> {
    let status = end.status();
    let expected = format!("after {after}, the program ends with status {status}");
    let still_running = match server.process.wait_for(&(), server.process.end_of_first()).await {
        Ok(Some(ProcessEnd::Ended(ExitStatus::Status(found)))) if found == status => return Ok(()),
        Ok(Some(ProcessEnd::Ended(found))) => {
            let failure = Failure::new(FailureKind::WrongStatus { status: found })
                .expecting(expected)
                .because(cause_of_end(found, end));
            return Err(server.process.fail_in_retrospect(failure));
        }
        Ok(_) => {
            let reason = "the grader did not learn how the program ended".to_owned();
            return Err(CheckError::Inconclusive(reason));
        }
        Err(WaitError::Busy(reason)) => return Err(CheckError::Inconclusive(reason)),
        Err(WaitError::Hang) => FailureKind::StillRunning { after: None },
        Err(WaitError::Deadline(elapsed)) => FailureKind::StillRunning { after: Some(elapsed) },
    };
    let cause = match end {
        ShutdownEnd::SecondSignal => causes::SECOND_SIGNAL_IGNORED,
        ShutdownEnd::Forced => causes::DRAIN_WITHOUT_DEADLINE,
        ShutdownEnd::Drained if waits_for_clients(server)? => causes::WAITS_FOR_CLIENTS_TO_CLOSE,
        ShutdownEnd::Drained => causes::SIGNAL_NOT_AWAITED,
    };
    Err(server.fail(Failure::new(still_running).expecting(expected).because(cause)).await)
}

/// Whether the program has shut down its sending side of a connection and waits for the client to do the same.
fn waits_for_clients(server: &Server) -> Result<bool, CheckError> {
    let is_half_closed = |socket: &Socket| {
        let state = socket.entry.as_ref().map(|entry| entry.state);
        matches!(state, Some(TcpState::FinWait1 | TcpState::FinWait2))
    };
    Ok(server.probe().sockets()?.iter().any(is_half_closed))
}

/// Why the program ended with `status`, and not as `expected`.
fn cause_of_end(status: ExitStatus, expected: ShutdownEnd) -> Explanation {
    match status {
        ExitStatus::Signal(libc::SIGTERM | libc::SIGINT) => causes::SIGNAL_HANDLER_MISSING,
        ExitStatus::Status(0) if expected == ShutdownEnd::Forced => causes::ABORTS_UNREPORTED,
        ExitStatus::Status(0) => causes::FIRST_SIGNAL_ABORTS,
        ExitStatus::Status(1) if expected == ShutdownEnd::Drained => {
            causes::CLEAN_DRAIN_IS_AN_ERROR
        }
        ExitStatus::Signal(_) | ExitStatus::Status(101) => causes::DIED_WHILE_STOPPING,
        ExitStatus::Status(_) => causes::WRONG_EXIT_STATUS,
    }
}
