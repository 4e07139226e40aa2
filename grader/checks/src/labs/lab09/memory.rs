//! How much the memory of a program's processes has grown.

use std::collections::BTreeMap;

use crate::expect;

/// By how much each process grew, in bytes. A process that started later is left out: any process needs memory.
pub(super) fn growth_of_known(
    before: &BTreeMap<i32, u64>,
    mut after: BTreeMap<i32, u64>,
) -> BTreeMap<i32, u64> {
    after.retain(|pid, _| before.contains_key(pid));
    expect::growth(before, &after)
}
