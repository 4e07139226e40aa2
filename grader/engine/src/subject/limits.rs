//! How many descriptors a program may have open.

use procfs::process::LimitValue;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::process::Process;

impl Process {
    /// The highest current soft limit of its processes: a runtime may raise its own.
    #[must_use]
    pub fn descriptor_limit(&self) -> Option<u64> {
        let pids = self.probe.processes().into_iter().filter_map(Pid::from_raw);
        pids.filter_map(|pid| limit_of(pid)?.current).max()
    }

    /// Raises the soft limit of each of its processes to the hard limit. Returns whether that changed anything.
    #[must_use]
    pub fn raise_descriptor_limit(&self) -> bool {
        let mut is_raised = false;
        for pid in self.probe.processes().into_iter().filter_map(Pid::from_raw) {
            let Some(limit) = limit_of(pid) else { continue };
            if limit.current != limit.maximum {
                let raised = Rlimit { current: limit.maximum, ..limit };
                is_raised |= prlimit(Some(pid), Resource::Nofile, raised).is_ok();
            }
        }
        is_raised
    }
}

/// The limit of process `pid`, if it is alive.
fn limit_of(pid: Pid) -> Option<Rlimit> {
    let process = procfs::process::Process::new(pid.as_raw_nonzero().get()).ok()?;
    let limit = process.limits().ok()?.max_open_files;
    let value = |limit| match limit {
        LimitValue::Value(value) => Some(value),
        LimitValue::Unlimited => None,
    };
    Some(Rlimit { current: value(limit.soft_limit), maximum: value(limit.hard_limit) })
}
