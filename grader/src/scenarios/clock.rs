//! Limits of time, and how they are judged (rule R2).

use std::time::Duration;

use crate::capture::time;
use crate::outcome::Stop;
use crate::server::Server;

/// Some runtimes count in milliseconds that began before: their timers may ring so much too early.
pub const EARLY: Duration = Duration::from_millis(2);

/// Whether what may not come before `limit` came, after `elapsed`, earlier than an early timer explains.
#[must_use]
pub fn is_early(elapsed: Duration, limit: Duration) -> bool {
    elapsed + EARLY < limit
}

/// Timers are late on a busy machine, though not all of them by so much.
pub const LATE: Duration = Duration::from_millis(400);

/// Rule R2: each of `samples` is at least `limit`; the upper bound is for the least of them. `what` says of
/// whom they are; the causes are for one that is too early, and for all being too late.
///
/// # Errors
///
/// They are not as they should be.
pub async fn expect_time(
    server: &Server,
    what: &str,
    limit: Duration,
    samples: &[Duration],
    [early, late]: [&str; 2],
) -> Result<(), Stop> {
    let least = samples.iter().min().copied().unwrap_or_default();
    let expected = format!("{what} after {}, and not before", time(limit));
    if is_early(least, limit) {
        let observed = format!("one was closed after {}", time(least));
        return Err(server.process.fail(&[&expected], vec![observed], early).await);
    }
    if least > limit + LATE {
        if let Some(reason) = server.process.was_starved() {
            return Err(Stop::Inconclusive(reason));
        }
        let observed = format!("the first of {} was closed after {}", samples.len(), time(least));
        return Err(server.process.fail(&[&expected], vec![observed], late).await);
    }
    Ok(())
}

/// A verdict against the program, unless it or the grader was too late for what it says.
#[must_use]
pub fn unless_late(server: &Server, stop: Stop, gap: Duration, most: Duration) -> Stop {
    match stop {
        // No machine is so busy that a server ends.
        Stop::Failed(_) if server.process.has_ended() && server.process.told().is_none() => stop,
        Stop::Failed(_) if gap > most => Stop::Inconclusive(format!(
            "the machine is busy: the grader let {} pass where it meant less than {}",
            time(gap),
            time(most)
        )),
        Stop::Failed(failure) => match server.process.was_starved() {
            Some(reason) => Stop::Inconclusive(reason),
            // Where time is the matter even wrong bytes may be the machine's fault: an error that says "timeout".
            None => Stop::Failed(failure).amend(|failure| {
                failure.doubt = failure.doubt.take().or_else(|| server.process.was_hindered());
            }),
        },
        other => other,
    }
}
