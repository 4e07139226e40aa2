//! Threads, and the system call that each of them blocks in.

use procfs::process::{Process, Syscall as ProcSyscall, Task};

use crate::cpu::ContextSwitches;
use crate::probe::{Probe, Resource, Unreadable};
use crate::syscall::Syscall;

/// What a thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadState {
    /// On a CPU, or waiting for one.
    Running,
    /// Asleep in this call.
    Blocked(Syscall),
}

/// One thread at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    pub pid: i32,
    pub tid: i32,
    pub state: ThreadState,
    /// Context switches since the thread started, voluntary (it slept) and involuntary (it was preempted) together.
    pub switches: u64,
}

impl Probe {
    /// All threads, in the order of their processes.
    ///
    /// # Errors
    ///
    /// The kernel forbids reading `/proc/PID/task/TID/syscall`.
    pub fn threads(self) -> Result<Vec<Thread>, Unreadable> {
        let mut threads = Vec::new();
        for task in self.tasks() {
            threads.extend(read_thread(task.pid, &task)?);
        }
        Ok(threads)
    }

    /// All threads if every one of them sleeps; `None` as soon as one does not, without reading the others.
    ///
    /// # Errors
    ///
    /// The kernel forbids reading `/proc/PID/task/TID/syscall`.
    pub fn sleeping_threads(self) -> Result<Option<Vec<Thread>>, Unreadable> {
        let mut threads = Vec::new();
        for pid in self.processes() {
            let Ok(tasks) = Process::new(pid).and_then(|process| process.tasks()) else {
                return Ok(None);
            };
            for task in tasks {
                let Ok(task) = task else { return Ok(None) };
                match read_thread(pid, &task)? {
                    Some(thread) if thread.state != ThreadState::Running => threads.push(thread),
                    _ => return Ok(None),
                }
            }
        }
        Ok(Some(threads))
    }

    /// How many threads the tree has; cheaper than reading each.
    #[must_use]
    pub fn thread_count(self) -> usize {
        let threads = |pid| Some(Process::new(pid).ok()?.stat().ok()?.num_threads);
        let counts = self.processes().into_iter().filter_map(threads);
        counts.map(|count| usize::try_from(count).unwrap_or(0)).sum()
    }
}

/// One thread from `/proc/PID/task/TID/{syscall,status}` (proc_pid_syscall(5)); `None` if it has ended.
fn read_thread(pid: i32, task: &Task) -> Result<Option<Thread>, Unreadable> {
    let state = match task.syscall() {
        Ok(ProcSyscall::Blocked { syscall_number, argument_registers, .. }) => {
            ThreadState::Blocked(Syscall::new(syscall_number, argument_registers))
        }
        Ok(_) => ThreadState::Running,
        Err(error) => {
            return Unreadable::if_forbidden(Resource::SystemCalls, pid, &error)
                .map_or(Ok(None), Err);
        }
    };
    let Some(switches) = ContextSwitches::of(task) else { return Ok(None) };
    let switches = switches.voluntary + switches.involuntary;
    Ok(Some(Thread { pid, tid: task.tid, state, switches }))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_thread_shows_the_call_that_it_sleeps_in() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().expect("cat(1)");
        let pid = child.id().cast_signed();
        let (probe, begin) = (Probe::of(pid), Instant::now());
        // It has to start first.
        let thread = loop {
            let threads = probe.sleeping_threads().expect("a child's threads");
            match threads.as_deref() {
                Some([thread]) if matches!(thread.state, ThreadState::Blocked(call) if call.reads()) =>
                {
                    break thread.clone();
                }
                _ => assert!(begin.elapsed() < Duration::from_secs(10), "{threads:?}"),
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        assert_eq!((thread.pid, thread.tid, probe.thread_count()), (pid, pid, 1));
        let ThreadState::Blocked(call) = thread.state else { panic!("{thread:?}") };
        assert_eq!((call.name(), call.descriptor()), (Some("read"), Some(0)));
        assert_eq!(probe.threads(), Ok(vec![thread]));
        drop(child.stdin.take());
        child.wait().expect("its status");
        assert_eq!(probe.threads(), Ok(Vec::new()));
    }
}
