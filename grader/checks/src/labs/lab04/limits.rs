//! The timeouts that a server is started with, and what is expected once one expires.

use std::time::Duration;

use engine::drive::{Client, Server};
use engine::verdict::CheckError;

use super::causes;
use crate::expect;

/// How to start a server with these timeouts. Each check makes one of them short, so that this one ends the connection.
macro_rules! limits {
    (idle $idle:literal, line $line:literal, write $write:literal) => {
        engine::drive::Start {
            flags: &[
                "--idle-timeout-ms",
                $idle,
                "--line-timeout-ms",
                $line,
                "--write-timeout-ms",
                $write,
            ],
            ..engine::drive::Start::PLAIN
        }
    };
}

pub(super) use limits;

/// What a client gets after being silent for too long.
pub(super) const IDLE_ERROR: &str = "ERR idle timeout\n";

/// What a client gets if its line is not complete in time.
pub(super) const LINE_ERROR: &str = "ERR line timeout\n";

/// Expects that a timeout ends the wait for `client`, which gets `error`.
pub(super) async fn expect_limit(client: &Client, error: &str) -> Result<(), CheckError> {
    let heard = client.hear(error).await;
    heard.map_err(|error| error.if_unanswered(causes::TIMEOUT_MISSING))
}

/// Expects that the timeout was kept; see [`expect::on_time`].
pub(super) async fn expect_time(
    server: &Server,
    what: &str,
    limit: Duration,
    samples: &[Duration],
) -> Result<(), CheckError> {
    let causes = [causes::LIMIT_STARTS_EARLY, causes::LIMIT_STARTS_LATE];
    expect::on_time(server, what, limit, samples, causes).await
}
