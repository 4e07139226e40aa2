//! How much memory the processes of a program take that were there before.

use std::collections::BTreeMap;

use crate::expect;

/// By how much each process grew, in bytes. One that started later does not count: it takes what any process takes.
pub(super) fn growth_of_known(
    before: &BTreeMap<i32, u64>,
    mut after: BTreeMap<i32, u64>,
) -> BTreeMap<i32, u64> {
    after.retain(|pid, _| before.contains_key(pid));
    expect::growth(before, &after)
}
