//! Open descriptors (`/proc/PID/fd`, proc_pid_fd(5)).

use std::collections::{BTreeMap, HashSet};

use procfs::process::{FDTarget, Process};

use crate::probe::{Probe, Resource, Unreadable};
use crate::tree::live_task;

/// An open descriptor.
#[derive(Clone, Debug)]
pub(crate) struct Descriptor {
    pub pid: i32,
    pub number: i32,
    target: FDTarget,
}

impl Descriptor {
    /// The inode of the socket that it refers to, if it refers to one.
    pub fn socket_inode(&self) -> Option<u64> {
        match self.target {
            FDTarget::Socket(inode) => Some(inode),
            _ => None,
        }
    }

    /// Whether it is an epoll set (epoll_create(2)).
    pub fn is_epoll_set(&self) -> bool {
        self.is_anonymous("eventpoll")
    }

    /// Whether it is a timer (timerfd_create(2)).
    pub fn is_timer(&self) -> bool {
        self.is_anonymous("timerfd")
    }

    /// Linux calls such an object `anon_inode:[eventpoll]`; procfs returns the name without brackets.
    fn is_anonymous(&self, kind: &str) -> bool {
        matches!(&self.target, FDTarget::AnonInode(name) if name.contains(kind))
    }
}

impl Probe {
    /// How many descriptors the tree has open; cheaper than reading each.
    ///
    /// # Errors
    ///
    /// The kernel forbids reading `/proc/PID/fd`.
    pub fn descriptor_count(self) -> Result<usize, Unreadable> {
        Ok(self.descriptor_counts()?.values().sum())
    }

    /// How many descriptors each process has open, by process id.
    ///
    /// # Errors
    ///
    /// The kernel forbids reading `/proc/PID/fd`.
    pub fn descriptor_counts(self) -> Result<BTreeMap<i32, usize>, Unreadable> {
        let mut counts = BTreeMap::new();
        for pid in self.processes() {
            match Process::new(live_task(pid)).and_then(|process| process.fd_count()) {
                Ok(count) => drop(counts.insert(pid, count)),
                Err(error) => {
                    if let Some(e) = Unreadable::if_forbidden(Resource::Descriptors, pid, &error) {
                        return Err(e);
                    }
                }
            }
        }
        Ok(counts)
    }

    /// All open descriptors, in the order of processes and numbers.
    pub(crate) fn descriptors(self) -> Result<Vec<Descriptor>, Unreadable> {
        let mut all = Vec::new();
        for pid in self.processes() {
            let descriptors = match Process::new(live_task(pid)).and_then(|process| process.fd()) {
                Ok(descriptors) => descriptors.flatten(),
                Err(error) => match Unreadable::if_forbidden(Resource::Descriptors, pid, &error) {
                    Some(error) => return Err(error),
                    None => continue,
                },
            };
            let owned = descriptors.map(|fd| Descriptor { pid, number: fd.fd, target: fd.target });
            all.extend(owned);
        }
        Ok(all)
    }

    /// The inodes of all sockets of any kind. Cheap: it does not read the socket tables of the whole machine.
    ///
    /// # Errors
    ///
    /// The kernel forbids reading `/proc/PID/fd`.
    pub fn socket_inodes(self) -> Result<HashSet<u64>, Unreadable> {
        Ok(self.descriptors()?.iter().filter_map(Descriptor::socket_inode).collect())
    }
}
