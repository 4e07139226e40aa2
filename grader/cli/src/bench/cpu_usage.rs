//! Measures how much CPU time a program uses.

use std::collections::HashMap;
use std::time::Duration;

use observe::Probe;

/// The CPU time that a program had used at some moment.
pub(super) struct CpuUsage {
    /// The time of each thread alive then, to the nanosecond.
    threads: HashMap<i32, Duration>,
    /// The time of all threads and processes so far, also of ended ones, in ticks of 10 ms.
    ticks: Duration,
}

impl CpuUsage {
    /// The CPU time used until now.
    pub fn now(probe: Probe) -> Self {
        let times = probe.cpu_times().into_iter();
        let threads = times.map(|(thread, time)| (thread, time.running)).collect();
        Self { threads, ticks: probe.cpu_ticks() }
    }

    /// The CPU time used since then. If threads or processes started or ended, it is known only in ticks.
    pub fn since(&self, probe: Probe) -> Duration {
        let now = Self::now(probe);
        let used = |(thread, time): (&i32, &Duration)| {
            time.saturating_sub(self.threads.get(thread).copied().unwrap_or_default())
        };
        let of_threads = now.threads.iter().map(used).sum();
        let are_the_same = now.threads.len() == self.threads.len()
            && now.threads.keys().all(|thread| self.threads.contains_key(thread));
        if are_the_same { of_threads } else { now.ticks.saturating_sub(self.ticks).max(of_threads) }
    }
}
