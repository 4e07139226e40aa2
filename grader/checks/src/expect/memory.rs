//! Memory: how much it grows.

use std::collections::BTreeMap;

use course::text::size;
use engine::drive::Server;
use engine::verdict::{CheckError, Failure};

/// More bytes than loopback buffers while neither side reads (fact 1 of RULES.md: 8.2 MiB).
pub const MORE_THAN_FITS: u64 = 64 * 1024 * 1024;

/// How much each process grew from `before` to `after`, all in bytes and by process id.
#[must_use]
pub fn growth(before: &BTreeMap<i32, u64>, after: &BTreeMap<i32, u64>) -> BTreeMap<i32, u64> {
    let grown = |(&pid, now): (&i32, &u64)| {
        (pid, now.saturating_sub(before.get(&pid).copied().unwrap_or(0)))
    };
    after.iter().map(grown).collect()
}

/// Expects that each process has `grown` by less than `max` bytes; `grown` is a result of [`growth`]. `describe` makes
/// a failure from the largest growth, formatted for reports.
pub async fn memory_growth_below(
    server: &Server,
    grown: BTreeMap<i32, u64>,
    max: u64,
    describe: impl FnOnce(&str) -> Failure,
) -> Result<(), CheckError> {
    let most = grown.into_values().max().unwrap_or(0);
    if most < max {
        return Ok(());
    }
    let failure = describe(&size(most))
        .expecting(format!("the program's memory grows by less than {}", size(max)));
    Err(server.fail(failure).await)
}
