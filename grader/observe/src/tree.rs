//! The tree of processes: parents, children, and which of them are alive.

use std::ffi::OsStr;
use std::io;

use procfs::process::Process;

/// No walk through a tree visits more processes than this: a hostile program may start any number of them.
pub const MAX_PROCESSES: usize = 4096;

/// Whether `/proc` belongs to this process's PID namespace (pid_namespaces(7)). Otherwise this process has another number
/// there, and the numbers of its children denote other processes.
///
/// # Errors
///
/// `/proc` is not mounted, or does not show this process.
pub fn is_proc_own() -> io::Result<bool> {
    let shown = std::fs::read_link("/proc/self")?;
    Ok(shown.as_os_str() == OsStr::new(&std::process::id().to_string()))
}

/// The processes whose parent is `pid`, in no particular order; none if `pid` does not exist.
#[must_use]
pub fn children(pid: i32) -> Vec<i32> {
    listed_children(pid).unwrap_or_else(|| {
        let Ok(processes) = procfs::process::all_processes() else { return Vec::new() };
        let stats = processes.flatten().filter_map(|process| process.stat().ok());
        stats.filter(|stat| stat.ppid == pid).map(|stat| stat.pid).collect()
    })
}

/// The children from `/proc/PID/task/TID/children` (proc_tid_children(5)). `None` if it is better to ask all processes for
/// their parent: the kernel keeps a list for each thread, and may be built without it (CONFIG_PROC_CHILDREN).
fn listed_children(pid: i32) -> Option<Vec<i32>> {
    /// With more threads than this, it is faster to ask all processes.
    const MANY_THREADS: i64 = 64;
    let mut all = Vec::new();
    match Process::new(pid).and_then(|process| process.stat()) {
        Ok(stat) if stat.num_threads > MANY_THREADS => return None,
        Ok(_) => {}
        Err(_) => return Some(all), // it has ended
    }
    for task in Process::new(pid).ok()?.tasks().ok()?.flatten() {
        match task.children() {
            Ok(children) => all.extend(children.into_iter().map(u32::cast_signed)),
            // The thread has just ended, and its children now belong to another one.
            Err(_) if Process::new(pid).is_ok_and(|p| p.task_from_tid(task.tid).is_err()) => {}
            Err(_) => return None,
        }
    }
    Some(all)
}

/// All processes below `root`, without `root` itself, parents before their children.
#[must_use]
pub fn descendants(root: i32) -> Vec<i32> {
    let mut all = children(root);
    let mut next = 0;
    while let Some(&pid) = all.get(next) {
        for child in children(pid) {
            // A process that is reparented during the walk may occur twice.
            if !all.contains(&child) {
                all.push(child);
            }
        }
        next += 1;
    }
    all
}

/// Whether `pid` has ended, even if its parent has not waited for it. A process ends with its last thread; the first one
/// may end earlier (pthread_exit(3)).
pub(crate) fn is_zombie(pid: i32) -> bool {
    match Process::new(pid).and_then(|process| process.stat()) {
        Ok(stat) => matches!(stat.state, 'Z' | 'X') && stat.num_threads <= 1,
        Err(_) => true,
    }
}

/// Whether `pid` still has memory: an ending process releases it before it becomes a zombie.
pub(crate) fn has_memory(pid: i32) -> bool {
    let status = Process::new(live_task(pid)).and_then(|process| process.status());
    status.is_ok_and(|status| status.vmrss.is_some())
}

/// A thread of `pid` through which its descriptors and memory can be read: the first one while it lives.
pub(crate) fn live_task(pid: i32) -> i32 {
    let is_gone = |tid| {
        let stat = Process::new(tid).and_then(|task| task.stat());
        stat.map_or(true, |stat| matches!(stat.state, 'Z' | 'X'))
    };
    if !is_gone(pid) {
        return pid;
    }
    let tasks = Process::new(pid).and_then(|process| process.tasks());
    let mut others = tasks.into_iter().flatten().flatten().map(|task| task.tid);
    others.find(|&tid| !is_gone(tid)).unwrap_or(pid)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_child_is_found_until_it_ends() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep(1)");
        let (this, pid) = (std::process::id().cast_signed(), child.id().cast_signed());
        assert!(children(this).contains(&pid));
        assert!(descendants(this).contains(&pid));
        assert!(!is_zombie(pid) && has_memory(pid));
        assert_eq!(live_task(pid), pid);
        child.kill().expect("a signal");
        while has_memory(pid) {
            std::thread::yield_now();
        }
        child.wait().expect("its status");
        assert!(!children(this).contains(&pid));
        assert!(is_zombie(pid));
        assert!(children(pid).is_empty());
    }
}
