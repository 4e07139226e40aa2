//! Conditions that must hold.

use engine::drive::Server;
use engine::verdict::{CheckError, Failure};

/// Expects `holds`. Otherwise, adds what the kernel shows of the program now to the failure that `failure` returns.
///
/// # Errors
/// The condition does not hold.
pub async fn that(
    server: &Server,
    holds: bool,
    failure: impl FnOnce() -> Failure,
) -> Result<(), CheckError> {
    if holds { Ok(()) } else { Err(server.fail(failure()).await) }
}

/// Like [`that`], for a condition that no longer depends on what the program does, or on whether it has ended.
///
/// # Errors
/// The condition does not hold.
pub fn that_was(
    server: &Server,
    holds: bool,
    failure: impl FnOnce() -> Failure,
) -> Result<(), CheckError> {
    if holds { Ok(()) } else { Err(server.process.fail_in_retrospect(failure())) }
}

/// Waits until `holds` returns true, and fails once it never will: the program sleeps forever, or the deadline of an
/// answer has passed.
///
/// # Errors
///
/// The condition does not hold, or the machine was too busy to tell.
pub async fn holds_within(
    server: &Server,
    mut holds: impl FnMut() -> Result<bool, CheckError>,
    failure: impl FnOnce() -> Failure,
) -> Result<(), CheckError> {
    let holds = || Ok(holds()?.then_some(()));
    match server.process.poll_until(holds).await? {
        Some(()) => Ok(()),
        None => Err(server.fail(failure()).await),
    }
}
