//! The memory of processes, by three measures. Rule R6: judge growth, never an amount.

use std::collections::BTreeMap;

use procfs::process::{Process, Status};

use crate::probe::Probe;
use crate::tree::live_task;

impl Probe {
    /// Resident memory without files (RssAnon and RssShmem of `/proc/PID/status`: heap, stacks, shared memory), in bytes,
    /// by process id. A sum over processes counts pages that a child shares with its parent twice.
    #[must_use]
    pub fn rss_anon(self) -> BTreeMap<i32, u64> {
        self.each_status(|status| Some(status.rssanon? + status.rssshmem.unwrap_or(0)))
    }

    /// Private writable memory, whether written to or not (VmData of `/proc/PID/status`), in bytes, by process id. It
    /// includes allocated memory that has not been touched, for which the kernel has not provided pages yet.
    #[must_use]
    pub fn vm_data(self) -> BTreeMap<i32, u64> {
        self.each_status(|status| status.vmdata)
    }

    /// The values of `kib`, a field of proc_pid_status(5) in KiB, converted to bytes.
    fn each_status(self, kib: impl Fn(&Status) -> Option<u64>) -> BTreeMap<i32, u64> {
        let bytes = |pid| {
            let status = Process::new(live_task(pid)).ok()?.status().ok()?;
            Some((pid, kib(&status)? * 1024))
        };
        self.processes().into_iter().filter_map(bytes).collect()
    }

    /// Resident memory without files of all processes together, in bytes; shared pages count once (Pss_Anon and Pss_Shmem
    /// of `/proc/PID/smaps_rollup`, proc_pid_smaps(5)). Exact, but slower than [`Self::rss_anon`].
    #[must_use]
    pub fn pss_anon(self) -> u64 {
        let share = |pid| {
            let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            Some(parse_pss_anon(&rollup))
        };
        self.processes().into_iter().filter_map(share).sum()
    }
}

/// Bytes of the lines `Pss_Anon: 123 kB` and `Pss_Shmem: …` of `smaps_rollup`.
fn parse_pss_anon(rollup: &str) -> u64 {
    let share = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let kib = value.trim().trim_end_matches(" kB").parse::<u64>().ok()?;
        matches!(name, "Pss_Anon" | "Pss_Shmem").then_some(kib * 1024)
    };
    rollup.lines().filter_map(share).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_anonymous_memory_are_added() {
        let recorded = "55d0c0a00000-7ffc9e3fe000 ---p 00000000 00:00 0                          [rollup]\n\
                        Rss:                1828 kB\n\
                        Pss:                 312 kB\n\
                        Pss_Anon:            104 kB\n\
                        Pss_File:            200 kB\n\
                        Pss_Shmem:             8 kB\n";
        assert_eq!(parse_pss_anon(recorded), 112 * 1024);
        assert_eq!(parse_pss_anon(""), 0);
    }

    #[test]
    fn all_measures_see_what_was_allocated() {
        let this = Probe::of(std::process::id().cast_signed());
        let pid = std::process::id().cast_signed();
        let block = vec![1_u8; 8 << 20];
        let all = [this.rss_anon()[&pid], this.vm_data()[&pid], this.pss_anon()];
        assert!(all.iter().all(|&bytes| bytes >= 8 << 20), "{all:?}");
        drop(block);
    }
}
