//! The state of a program's process tree at one moment, grouped and bounded: evidence for a report.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use serde::Serialize;

use crate::epoll::{EpollMask, EpollSet};
use crate::probe::{Probe, Unreadable};
use crate::sockets::Socket;
use crate::tcp_state::TcpState;
use crate::threads::{Thread, ThreadState};

/// Each list of a [`Snapshot`] has at most this many entries, whatever a hostile program does.
const MAX_ENTRIES: usize = 256;

/// What the threads of a tree are doing, and its sockets and epoll sets. It contains neither process ids nor an order
/// of threads, so that equal situations produce equal snapshots; descriptor numbers appear only if nothing better is
/// known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// How many processes are alive; if 0, the lists are empty.
    pub processes: usize,
    /// Whether the program listens for TCP connections. If so, its other sockets are those of its clients.
    pub serves: bool,
    /// Threads, grouped by what they are doing.
    pub threads: Vec<ThreadGroup>,
    /// In the order of their descriptors.
    pub listeners: Vec<ListenerView>,
    /// Sockets except listeners, grouped by state.
    pub sockets: Vec<SocketGroup>,
    /// In the order of their descriptors.
    pub epoll_sets: Vec<EpollView>,
    /// What the kernel does not let the grader read and is therefore missing above: without system calls, all threads;
    /// without descriptors, all sockets and epoll sets.
    pub unreadable: Vec<Unreadable>,
    /// How many groups, listeners and epoll sets were left out because there were too many.
    pub left_out: usize,
}

/// Threads that are doing the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ThreadGroup {
    #[serde(flatten)]
    pub activity: ThreadActivity,
    /// How many threads; at least 1.
    pub count: usize,
}

/// What a thread is doing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ThreadActivity {
    /// It is on a CPU or waiting for one.
    Running,
    /// It sleeps in a system call.
    Blocked {
        /// The name in man pages; `system call 999` for one in which servers do not usually sleep, `no system call`,
        /// for example during a page fault.
        syscall: String,
        /// What the call works on, if its first argument is a descriptor.
        on: Option<BlockedOn>,
    },
}

/// What a system call works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockedOn {
    Listener,
    /// A TCP socket that is not a listener.
    Connection,
    /// This descriptor, which is not a TCP socket.
    Descriptor(i32),
}

/// A socket that accepts connections.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListenerView {
    pub address: SocketAddr,
    /// How many connections are waiting to be accepted.
    pub not_accepted: usize,
}

/// Sockets in the same state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SocketGroup {
    pub state: SocketState,
    /// How many sockets; at least 1.
    pub count: usize,
    /// Bytes received that the program has not read, over all these sockets.
    pub unread: u64,
    /// Bytes sent that the other side has not acknowledged, over all these sockets.
    pub unsent: u64,
}

/// The state of a socket that the program holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SocketState {
    Tcp(TcpState),
    /// The connection is over (after a reset, for example), but the program has not closed the descriptor.
    OverNotClosed,
}

/// An epoll set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EpollView {
    /// How many descriptors it watches.
    pub watched: usize,
    /// The descriptors, grouped by kind and events.
    pub groups: Vec<WatchGroup>,
}

/// Descriptors of the same kind that an epoll set watches for the same events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WatchGroup {
    pub events: EpollMask,
    pub role: DescriptorRole,
    /// How many descriptors; at least 1.
    pub count: usize,
}

/// The role of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DescriptorRole {
    Listener,
    /// A TCP socket that is not a listener.
    Connection,
    Other,
}

impl Probe {
    /// The state of the tree at this moment.
    #[must_use]
    pub fn snapshot(self) -> Snapshot {
        let processes = self.processes().len();
        if processes == 0 {
            return Snapshot::default();
        }
        let sockets = self.sockets();
        let threads = self.threads();
        let epoll_sets = match &sockets {
            Ok(_) => self.epoll_sets().unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        Snapshot::new(processes, threads, sockets, &epoll_sets)
    }
}

impl Snapshot {
    fn new(
        processes: usize,
        threads: Result<Vec<Thread>, Unreadable>,
        sockets: Result<Vec<Socket>, Unreadable>,
        epoll_sets: &[EpollSet],
    ) -> Self {
        let mut unreadable = Vec::new();
        let threads = threads.map_err(|error| unreadable.push(error)).unwrap_or_default();
        let sockets = sockets.map_err(|error| unreadable.push(error)).unwrap_or_default();
        let roles = Roles::of(&sockets);
        let mut snapshot = Self {
            processes,
            serves: sockets.iter().any(Socket::is_listener),
            threads: thread_groups(&threads, &roles),
            listeners: sockets.iter().filter_map(ListenerView::of).collect(),
            sockets: socket_groups(&sockets),
            epoll_sets: epoll_sets.iter().map(|set| EpollView::of(set, &roles)).collect(),
            unreadable,
            left_out: 0,
        };
        snapshot.bound();
        snapshot
    }

    /// Shortens each list.
    fn bound(&mut self) {
        let Self { threads, listeners, sockets, epoll_sets, left_out, .. } = self;
        let mut all = 0;
        all += shorten(threads) + shorten(listeners) + shorten(sockets) + shorten(epoll_sets);
        for set in epoll_sets {
            all += shorten(&mut set.groups);
        }
        *left_out = all;
    }
}

/// Shortens `list` to at most [`MAX_ENTRIES`], and returns how many it left out.
fn shorten<T>(list: &mut Vec<T>) -> usize {
    let left_out = list.len().saturating_sub(MAX_ENTRIES);
    list.truncate(MAX_ENTRIES);
    left_out
}

/// The roles of TCP sockets, by process and descriptor.
struct Roles(HashMap<(i32, i32), DescriptorRole>);

impl Roles {
    fn of(sockets: &[Socket]) -> Self {
        let role = |socket: &Socket| match socket.is_listener() {
            true => DescriptorRole::Listener,
            false => DescriptorRole::Connection,
        };
        Self(sockets.iter().map(|it| ((it.pid, it.descriptor), role(it))).collect())
    }

    fn role(&self, pid: i32, descriptor: i32) -> DescriptorRole {
        self.0.get(&(pid, descriptor)).copied().unwrap_or(DescriptorRole::Other)
    }
}

fn thread_groups(threads: &[Thread], roles: &Roles) -> Vec<ThreadGroup> {
    let mut groups: BTreeMap<ThreadActivity, usize> = BTreeMap::new();
    for thread in threads {
        let activity = match thread.state {
            ThreadState::Running => ThreadActivity::Running,
            ThreadState::Blocked(call) => {
                let on = call.descriptor().map(|number| match roles.role(thread.pid, number) {
                    DescriptorRole::Listener => BlockedOn::Listener,
                    DescriptorRole::Connection => BlockedOn::Connection,
                    DescriptorRole::Other => BlockedOn::Descriptor(number),
                });
                ThreadActivity::Blocked { syscall: call.to_string(), on }
            }
        };
        *groups.entry(activity).or_default() += 1;
    }
    groups.into_iter().map(|(activity, count)| ThreadGroup { activity, count }).collect()
}

impl ListenerView {
    fn of(socket: &Socket) -> Option<Self> {
        let entry = socket.entry.as_ref().filter(|_| socket.is_listener())?;
        Some(Self { address: entry.local_address, not_accepted: entry.rx_queue as usize })
    }
}

fn socket_groups(sockets: &[Socket]) -> Vec<SocketGroup> {
    let mut groups: BTreeMap<SocketState, SocketGroup> = BTreeMap::new();
    for socket in sockets.iter().filter(|socket| !socket.is_listener()) {
        let (state, unread, unsent) = match &socket.entry {
            Some(entry) => (SocketState::Tcp(entry.state), entry.rx_queue, entry.tx_queue),
            None => (SocketState::OverNotClosed, 0, 0),
        };
        let empty = SocketGroup { state, count: 0, unread: 0, unsent: 0 };
        let group = groups.entry(state).or_insert(empty);
        group.count += 1;
        group.unread += u64::from(unread);
        group.unsent += u64::from(unsent);
    }
    groups.into_values().collect()
}

impl EpollView {
    fn of(set: &EpollSet, roles: &Roles) -> Self {
        let mut groups: BTreeMap<(EpollMask, DescriptorRole), usize> = BTreeMap::new();
        for &(descriptor, events) in &set.watched {
            *groups.entry((events, roles.role(set.pid, descriptor))).or_default() += 1;
        }
        let group = |((events, role), count)| WatchGroup { events, role, count };
        Self { watched: set.watched.len(), groups: groups.into_iter().map(group).collect() }
    }
}

#[cfg(test)]
mod tests;
