//! How much memory a program takes.

use std::collections::BTreeMap;

/// More than loopback absorbs without anybody reading, in bytes (fact 1 of RULES.md: 8.2 MiB).
pub const MORE_THAN_FITS: u64 = 64 * 1024 * 1024;

/// By how much each process grew from `before` to `after`, both in bytes, by process id.
#[must_use]
pub fn growth(before: &BTreeMap<i32, u64>, after: &BTreeMap<i32, u64>) -> BTreeMap<i32, u64> {
    let grown = |(&pid, now): (&i32, &u64)| {
        (pid, now.saturating_sub(before.get(&pid).copied().unwrap_or(0)))
    };
    after.iter().map(grown).collect()
}
