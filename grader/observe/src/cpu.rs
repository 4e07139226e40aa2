//! CPU time and context switches.

use std::collections::HashMap;
use std::time::Duration;

use procfs::process::{Process, Task};

use crate::probe::Probe;

/// CPU time of one thread since it started (`/proc/PID/task/TID/schedstat`, exact to the nanosecond).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// Time on a CPU.
    pub running: Duration,
    /// Time in which it could have run but waited for a CPU that another program, or another thread of this one, was
    /// using (rule R9).
    pub waiting: Duration,
}

/// Context switches of all living threads, since each of them started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContextSwitches {
    /// The thread went to sleep.
    pub voluntary: u64,
    /// The thread was preempted.
    pub involuntary: u64,
}

impl ContextSwitches {
    /// Those of one thread; `None` if it has ended. Parses only the two lines that it needs of
    /// `/proc/PID/task/TID/status`, because every sample reads every thread.
    pub(crate) fn of(task: &Task) -> Option<Self> {
        let path = format!("/proc/{}/task/{}/status", task.pid, task.tid);
        Some(Self::parse(&std::fs::read_to_string(path).ok()?))
    }

    fn parse(status: &str) -> Self {
        let number = |name: &str| {
            let (_, rest) = status.rsplit_once(name)?;
            rest.lines().next()?.trim().parse().ok()
        };
        Self {
            voluntary: number("\nvoluntary_ctxt_switches:").unwrap_or(0),
            involuntary: number("\nnonvoluntary_ctxt_switches:").unwrap_or(0),
        }
    }
}

impl Probe {
    /// CPU time of each living thread, by thread id.
    #[must_use]
    pub fn cpu_times(self) -> HashMap<i32, CpuTime> {
        let time = |task: Task| {
            let stat = task.schedstat().ok()?;
            let time = CpuTime {
                running: Duration::from_nanos(stat.sum_exec_runtime),
                waiting: Duration::from_nanos(stat.run_delay),
            };
            Some((task.tid, time))
        };
        self.tasks().filter_map(time).collect()
    }

    /// CPU time of all processes and of the children they have waited for, including ended threads. Its resolution is one
    /// tick of the kernel's clock, usually 10 ms (`/proc/PID/stat`, proc_pid_stat(5)).
    #[must_use]
    pub fn cpu_ticks(self) -> Duration {
        let ticks = |pid| {
            let stat = Process::new(pid).ok()?.stat().ok()?;
            let waited = u64::try_from(stat.cutime + stat.cstime).unwrap_or(0);
            Some(stat.utime + stat.stime + waited)
        };
        let all: u64 = self.processes().into_iter().filter_map(ticks).sum();
        Duration::from_secs_f64(all as f64 / procfs::ticks_per_second() as f64)
    }

    /// Voluntary context switches of each living thread since it started, by thread id: how often it went to sleep.
    #[must_use]
    pub fn voluntary_switches(self) -> HashMap<i32, u64> {
        let switches = |task: Task| Some((task.tid, ContextSwitches::of(&task)?.voluntary));
        self.tasks().filter_map(switches).collect()
    }

    /// Context switches of all living threads together.
    #[must_use]
    pub fn context_switches(self) -> ContextSwitches {
        let mut all = ContextSwitches::default();
        for switches in self.tasks().filter_map(|task| ContextSwitches::of(&task)) {
            all.voluntary += switches.voluntary;
            all.involuntary += switches.involuntary;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::ContextSwitches;

    #[test]
    fn context_switches_are_read_by_name() {
        let status = "Name:\tcat\nvoluntary_ctxt_switches:\t17\nnonvoluntary_ctxt_switches:\t4\n";
        let switches = ContextSwitches { voluntary: 17, involuntary: 4 };
        assert_eq!(ContextSwitches::parse(status), switches);
        assert_eq!(ContextSwitches::parse("Name:\tcat\n"), ContextSwitches::default());
    }
}
