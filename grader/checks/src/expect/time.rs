//! Times: not too early, and not too late unless the machine is at fault (rules R2 and R9).

use std::time::Duration;

use course::text::time;
use engine::drive::Server;
use engine::subject::Process;
use engine::verdict::{CheckError, Explanation, Failure, starvation_text};

/// Some runtimes count in whole milliseconds: their timers may fire early by this much (rule R2).
pub const EARLY: Duration = Duration::from_millis(2);

/// Timers are late on a busy machine, though not all of them by this much (rule R2).
const LATE: Duration = Duration::from_millis(400);

/// Whether `elapsed` is further below `limit` than an early timer explains.
pub fn is_early(elapsed: Duration, limit: Duration) -> bool {
    elapsed + EARLY < limit
}

/// Expects each of `samples` to be at least `limit`, and the shortest of them not much more (rule R2). `what` says what
/// was measured. The causes are those of a sample that is too early, and of samples that are all too late.
///
/// # Errors
///
/// One sample is too early, or all are too late.
pub async fn on_time(
    server: &Server,
    what: &str,
    limit: Duration,
    samples: &[Duration],
    [early, late]: [Explanation; 2],
) -> Result<(), CheckError> {
    let shortest = samples.iter().min().copied().unwrap_or_default();
    let (observed, cause) = if is_early(shortest, limit) {
        (format!("one client was disconnected after {}", time(shortest)), early)
    } else if shortest > limit + LATE {
        not_starved(&server.process)?;
        let first = format!(
            "the first of {} clients was disconnected after {}",
            samples.len(),
            time(shortest)
        );
        (first, late)
    } else {
        return Ok(());
    };
    let expected = format!("{what} after {}, and not before", time(limit));
    Err(server.fail(Failure::property(observed).expecting(expected).because(cause)).await)
}

/// Makes the check inconclusive if the program was starved of CPU most of the time (rule R9).
///
/// # Errors
///
/// The program was starved.
pub fn not_starved(process: &Process) -> Result<(), CheckError> {
    match process.was_starved() {
        Some(starvation) => Err(CheckError::Inconclusive(starvation_text(&starvation))),
        None => Ok(()),
    }
}

/// Keeps a verdict against the program, unless the program was starved, or the grader took `gap`, which is more than
/// `max`.
pub fn unless_late(server: &Server, error: CheckError, gap: Duration, max: Duration) -> CheckError {
    let CheckError::Failed(failure) = error else { return error };
    if server.process.has_ended() && server.process.asked_to_stop().is_none() {
        // A server must not end, even on a busy machine.
        return CheckError::Failed(failure);
    }
    if gap > max {
        return CheckError::busy(format!(
            "the grader itself needed {} for a step (limit {})",
            time(gap),
            time(max)
        ));
    }
    if let Err(starved) = not_starved(&server.process) {
        return starved;
    }
    // If a time limit decides, even wrong bytes may be the machine's fault, such as an error line that says "timeout".
    CheckError::Failed(Box::new(failure.time_limited()))
}
