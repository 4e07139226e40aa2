//! How the program ends, and how soon.

use std::time::Duration;

use course::text::time;
use engine::drive::Server;
use engine::subject::{ProcessEnd, WaitError};
use engine::verdict::{CheckError, ExitStatus, Explanation, Failure, FailureKind};

use super::causes;
use crate::scenarios::clock;

/// What is to happen promptly has happened so soon, at least once of several times (rule R2).
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
    clock::expect_not_starved(&server.process)?;
    let observed = format!("it took {}, and no less another time", time(shortest));
    let failure = Failure::property(observed)
        .expecting(format!("{what} within {}", time(PROMPT)))
        .because(causes::WAITS_FOR_UNRELATED);
    Err(server.process.fail_in_retrospect(failure))
}

/// Waits for the program to end, and expects `status`.
pub(super) async fn expect_exit(
    server: &Server,
    status: i32,
    after: &str,
) -> Result<(), CheckError> {
    let expected = format!("after {after} the program ends with status {status}");
    let still_running = match server.process.wait_for(&(), server.process.end_of_first()).await {
        Ok(Some(ProcessEnd::Ended(ExitStatus::Status(found)))) if found == status => return Ok(()),
        Ok(Some(ProcessEnd::Ended(found))) => {
            let failure = Failure::new(FailureKind::WrongStatus { status: found })
                .expecting(expected)
                .because(cause_of_end(found, status));
            return Err(server.process.fail_in_retrospect(failure));
        }
        Ok(_) => {
            let reason = "the program's end was not heard of".to_owned();
            return Err(CheckError::Inconclusive(reason));
        }
        Err(WaitError::Busy(reason)) => return Err(CheckError::Inconclusive(reason)),
        Err(WaitError::Hang) => FailureKind::StillRunning { after: None },
        Err(WaitError::Deadline(elapsed)) => FailureKind::StillRunning { after: Some(elapsed) },
    };
    let cause = match status {
        130 => causes::SECOND_SIGNAL_IGNORED,
        1 => causes::DRAIN_WITHOUT_DEADLINE,
        _ => causes::SIGNAL_NOT_AWAITED,
    };
    Err(server.fail(Failure::new(still_running).expecting(expected).because(cause)).await)
}

/// Why the program ended like that, and not with the status `expected`.
fn cause_of_end(end: ExitStatus, expected: i32) -> Explanation {
    match end {
        ExitStatus::Signal(libc::SIGTERM | libc::SIGINT) => causes::SIGNAL_HANDLER_MISSING,
        ExitStatus::Status(0) if expected == 1 => causes::ABORTS_UNREPORTED,
        ExitStatus::Status(0) => causes::FIRST_SIGNAL_ABORTS,
        ExitStatus::Status(1) if expected == 0 => causes::CLEAN_DRAIN_IS_AN_ERROR,
        ExitStatus::Signal(_) | ExitStatus::Status(101) => causes::DIED_WHILE_STOPPING,
        ExitStatus::Status(_) => causes::WRONG_EXIT_STATUS,
    }
}
