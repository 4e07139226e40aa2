//! The lines of evidence: one for each group of threads, sockets and watched descriptors.

use std::collections::BTreeMap;

use observe::{
    BlockedOn, DescriptorRole, EpollView, ListenerView, Snapshot, SocketGroup, SocketState,
    TcpState, ThreadActivity,
};

use course::text::{count, size};

use super::starvation::tries_text;
use crate::verdict::evidence::{Evidence, LastWords};

/// The lines of a failure's evidence.
pub(super) fn lines(evidence: &Evidence) -> Vec<String> {
    let mut lines = evidence.measured.clone();
    lines.extend(evidence.snapshot.iter().flat_map(snapshot_lines));
    if let Some(status) = evidence.first_process {
        lines.push(format!("its first process {status}; others are still running"));
    }
    if let Some(LastWords { total, lines: words }) = &evidence.last_words {
        lines.push(format!("its last words on standard error ({}):", size(*total)));
        lines.extend(words.iter().map(|word| format!("  {word}")));
    }
    if evidence.dropped_connects > 0 {
        lines.push(format!(
            "connection attempts dropped by full listen queues on this machine (ListenOverflows): \
             {}",
            evidence.dropped_connects
        ));
    }
    lines.extend(evidence.tries.as_ref().map(tries_text));
    lines
}

/// The lines about a program's processes, threads, sockets and epoll sets.
#[must_use]
pub fn snapshot_lines(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = Vec::new();
    match snapshot.processes {
        0 => lines.push("no process of the program is alive".to_owned()),
        1 => {}
        processes => lines.push(count(processes, "process")),
    }
    lines.extend(inside_lines(snapshot));
    lines
}

/// Only the lines about threads, sockets and epoll sets.
#[must_use]
pub fn inside_lines(snapshot: &Snapshot) -> Vec<String> {
    let mut lines = thread_lines(snapshot);
    lines.extend(snapshot.unreadable.iter().map(ToString::to_string));
    lines.extend(listener_lines(&snapshot.listeners));
    lines.extend(socket_lines(snapshot));
    for set in &snapshot.epoll_sets {
        lines.extend(epoll_lines(set, snapshot.serves));
    }
    if snapshot.left_out > 0 {
        lines.push(format!("{} left out", count(snapshot.left_out, "more line")));
    }
    lines
}

/// In alphabetical order.
fn thread_lines(snapshot: &Snapshot) -> Vec<String> {
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    for group in &snapshot.threads {
        let activity = match &group.activity {
            ThreadActivity::Running => "running".to_owned(),
            ThreadActivity::Blocked { syscall, on } => {
                let on = match on {
                    None => String::new(),
                    Some(BlockedOn::Listener) => " on the listener".to_owned(),
                    Some(BlockedOn::Connection) if snapshot.serves => {
                        " on a client's socket".to_owned()
                    }
                    Some(BlockedOn::Connection) => " on the connection".to_owned(),
                    Some(BlockedOn::Descriptor(number)) => format!(" on descriptor {number}"),
                };
                format!("in {syscall}{on}")
            }
        };
        *lines.entry(activity).or_default() += group.count;
    }
    let line =
        |(activity, number): (&String, &usize)| format!("{} {activity}", count(*number, "thread"));
    lines.iter().map(line).collect()
}

/// One line for each listener, even if several processes have inherited it.
fn listener_lines(listeners: &[ListenerView]) -> Vec<String> {
    let mut lines: Vec<(String, usize)> = Vec::new();
    for listener in listeners {
        let line = format!("listening on {}", listener.address);
        let line = match listener.not_accepted {
            0 => line,
            waiting => format!("{line}, {} not accepted yet", count(waiting, "client")),
        };
        match lines.iter_mut().find(|(other, _)| *other == line) {
            Some((_, holders)) => *holders += 1,
            None => lines.push((line, 1)),
        }
    }
    let held = |(line, holders): (String, usize)| match holders {
        1 => line,
        many => format!("{line} (held by {})", count(many, "process")),
    };
    lines.into_iter().map(held).collect()
}

/// In alphabetical order of the states, with the contents of the queues.
fn socket_lines(snapshot: &Snapshot) -> Vec<String> {
    let peer = if snapshot.serves { "client" } else { "other side" };
    let state = |group: &SocketGroup| match group.state {
        SocketState::Tcp(TcpState::CloseWait) => {
            format!("in CLOSE_WAIT (the {peer} has closed, the program has not)")
        }
        SocketState::Tcp(state) => state.name().to_owned(),
        SocketState::OverNotClosed => "disconnected, but not closed by the program".to_owned(),
    };
    let mut groups: Vec<_> = snapshot.sockets.iter().map(|group| (state(group), group)).collect();
    groups.sort_by(|(one, _), (other, _)| one.cmp(other));
    let line = |(state, group): (String, &SocketGroup)| {
        let mut line = format!("{} {state}", count(group.count, "socket"));
        if group.unread > 0 {
            line += &format!(", {} not yet read by the program", size(group.unread));
        }
        if group.unsent > 0 {
            line += &format!(", {} not yet acknowledged by the {peer}", size(group.unsent));
        }
        line
    };
    groups.into_iter().map(line).collect()
}

/// A line for the set, followed by a line for each kind of descriptor and its events.
fn epoll_lines(set: &EpollView, serves: bool) -> Vec<String> {
    let role = |role| match role {
        DescriptorRole::Listener => "listener",
        DescriptorRole::Connection if serves => "client",
        DescriptorRole::Connection => "connection",
        DescriptorRole::Other => "other descriptor",
    };
    let mut groups: Vec<_> = set
        .groups
        .iter()
        .map(|group| (group.events.to_string(), role(group.role), group.count))
        .collect();
    groups.sort();
    let mut lines = vec![format!("an epoll set watches {}", count(set.watched, "descriptor"))];
    lines.extend(
        groups
            .into_iter()
            .map(|(events, what, number)| format!("  {} for {events}", count(number, what))),
    );
    lines
}

#[cfg(test)]
mod tests;
