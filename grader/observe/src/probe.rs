//! The handle to a tree of processes. Other modules add its methods, each of which reads one part.

use std::fmt;

use procfs::ProcError;
use procfs::process::{Process, Task};
use serde::Serialize;

use crate::tree::{MAX_PROCESSES, descendants, has_memory, is_zombie};

/// Reads a tree of processes. It stores nothing: each method reads the current state of the tree.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    root: i32,
    /// Whether the root belongs to the tree, or only supervises it.
    includes_root: bool,
}

/// The kernel refuses to show something about a process: ptrace is forbidden, or the process belongs to another user
/// (ptrace(2), "Ptrace access mode checking"). A verdict that needs it is inconclusive (rule R9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    pub what: Resource,
    pub pid: i32,
    /// The kernel's error, with the file.
    pub reason: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, pid, reason } = self;
        write!(f, "cannot read {what} of process {pid}: {reason}")
    }
}

impl std::error::Error for Unreadable {}

/// What could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// `/proc/PID/task/TID/syscall`
    SystemCalls,
    /// `/proc/PID/fd`
    Descriptors,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SystemCalls => "system calls",
            Self::Descriptors => "descriptors",
        })
    }
}

impl Unreadable {
    /// `Some` if `error` says that reading is forbidden; `None` if the process or thread has just ended or is about to
    /// end. Once a process has released its memory, its files in `/proc` belong to root.
    pub(crate) fn if_forbidden(what: Resource, pid: i32, error: &ProcError) -> Option<Self> {
        let is_forbidden = matches!(error, ProcError::PermissionDenied(_)) && has_memory(pid);
        is_forbidden.then(|| Self { what, pid, reason: error.to_string() })
    }
}

impl Probe {
    /// Observes all processes below `root`, their supervisor.
    #[must_use]
    pub fn below(root: i32) -> Self {
        Self { root, includes_root: false }
    }

    /// Observes the process `root` and all processes below it.
    #[must_use]
    pub fn of(root: i32) -> Self {
        Self { root, includes_root: true }
    }

    fn tree(self) -> Vec<i32> {
        let mut pids = if self.includes_root { vec![self.root] } else { Vec::new() };
        pids.extend(descendants(self.root));
        pids
    }

    /// The processes of the tree without zombies, parents before their children; at most [`MAX_PROCESSES`].
    #[must_use]
    pub fn processes(self) -> Vec<i32> {
        let mut pids = self.tree();
        pids.truncate(MAX_PROCESSES);
        pids.retain(|&pid| !is_zombie(pid));
        pids
    }

    /// Processes that have ended but that their parent, a process of the tree, has not waited for.
    #[must_use]
    pub fn zombies(self) -> Vec<i32> {
        let is_leftover = |&pid: &i32| {
            let stat = Process::new(pid).and_then(|process| process.stat());
            stat.is_ok_and(|stat| is_zombie(pid) && stat.ppid != self.root)
        };
        self.tree().into_iter().filter(is_leftover).collect()
    }

    /// Whether a process of the tree is stopped (by SIGSTOP or a debugger).
    #[must_use]
    pub(crate) fn is_stopped(self) -> bool {
        let state = |pid| Some(Process::new(pid).ok()?.stat().ok()?.state);
        self.processes().into_iter().any(|pid| matches!(state(pid), Some('T' | 't')))
    }

    /// All threads that exist at this moment.
    pub(crate) fn tasks(self) -> impl Iterator<Item = Task> {
        let tasks = |pid| Process::new(pid).and_then(|process| process.tasks());
        self.processes().into_iter().flat_map(move |pid| tasks(pid).into_iter().flatten().flatten())
    }
}
