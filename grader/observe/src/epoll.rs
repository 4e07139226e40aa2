//! Epoll sets (epoll(7)): which descriptors a program asked the kernel to watch, and for what.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::descriptors::Descriptor;
use crate::probe::{Probe, Unreadable};
use crate::tree::live_task;

/// An epoll set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpollSet {
    pub pid: i32,
    pub descriptor: i32,
    /// Each watched descriptor with the events requested for it.
    pub watched: Vec<(i32, EpollMask)>,
}

/// The events requested for a descriptor (epoll_ctl(2)). EPOLLERR and EPOLLHUP are left out: the kernel always reports
/// them. It is serialized as the list of its [`names`](Self::names).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EpollMask(u32);

/// The bits of a mask that have a name, in the order in which they are shown.
const NAMES: [(u32, &str); 7] = [
    (libc::EPOLLIN.cast_unsigned(), "EPOLLIN"),
    (libc::EPOLLPRI.cast_unsigned(), "EPOLLPRI"),
    (libc::EPOLLOUT.cast_unsigned(), "EPOLLOUT"),
    (libc::EPOLLRDHUP.cast_unsigned(), "EPOLLRDHUP"),
    (libc::EPOLLEXCLUSIVE.cast_unsigned(), "EPOLLEXCLUSIVE"),
    (libc::EPOLLONESHOT.cast_unsigned(), "EPOLLONESHOT"),
    (libc::EPOLLET.cast_unsigned(), "EPOLLET"),
];

impl EpollMask {
    /// The mask with those of `bits` that are known.
    #[must_use]
    pub fn new(bits: u32) -> Self {
        Self(NAMES.iter().map(|(bit, _)| bits & bit).sum())
    }

    /// Whether the kernel reports each change only once (EPOLLET).
    #[must_use]
    pub fn is_edge_triggered(self) -> bool {
        self.0 & libc::EPOLLET.cast_unsigned() != 0
    }

    /// The names of the events and flags in epoll_ctl(2).
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().filter(move |(bit, _)| self.0 & bit != 0).map(|(_, name)| *name)
    }
}

/// `EPOLLIN | EPOLLET`, or `nothing`.
impl fmt::Display for EpollMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().collect();
        if names.is_empty() { f.write_str("nothing") } else { f.write_str(&names.join(" | ")) }
    }
}

impl Serialize for EpollMask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl Probe {
    /// All epoll sets, each once: a second descriptor of a set (mio creates one) is left out.
    ///
    /// # Errors
    ///
    /// The kernel forbids reading `/proc/PID/fd`.
    pub fn epoll_sets(self) -> Result<Vec<EpollSet>, Unreadable> {
        let mut sets: Vec<EpollSet> = Vec::new();
        for descriptor in self.descriptors()?.into_iter().filter(Descriptor::is_epoll_set) {
            let Descriptor { pid, number, .. } = descriptor;
            let path = format!("/proc/{}/fdinfo/{number}", live_task(pid));
            let Ok(text) = std::fs::read_to_string(path) else { continue };
            let watched = parse_watched(&text);
            if !sets.iter().any(|set| set.pid == pid && set.watched == watched) {
                sets.push(EpollSet { pid, descriptor: number, watched });
            }
        }
        Ok(sets)
    }
}

/// The lines `tfd: 5 events: 80000019 …` of `/proc/PID/fdinfo/N` (proc_pid_fdinfo(5)).
fn parse_watched(text: &str) -> Vec<(i32, EpollMask)> {
    let parse = |line: &str| {
        let mut words = line.strip_prefix("tfd:")?.split_whitespace();
        let descriptor = words.next()?.parse().ok()?;
        let mask = words.nth(1)?;
        Some((descriptor, EpollMask::new(u32::from_str_radix(mask, 16).ok()?)))
    };
    text.lines().filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoll_set_is_read_with_its_masks() {
        let recorded = "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1057\n\
                        tfd:        4 events: 80002001 data:                1  pos:0 ino:1 sdev:8\n\
                        tfd:       12 events:       1d data: ffff  pos:0 ino:2 sdev:8\n";
        let watched = parse_watched(recorded);
        assert_eq!(watched, [(4, EpollMask::new(0x8000_2001)), (12, EpollMask::new(0x1d))]);
        assert_eq!(watched[0].1.to_string(), "EPOLLIN | EPOLLRDHUP | EPOLLET");
        assert!(watched[0].1.is_edge_triggered());
        assert_eq!(watched[1].1.to_string(), "EPOLLIN | EPOLLOUT");
        assert!(!watched[1].1.is_edge_triggered());
        assert_eq!(EpollMask::new(0x18).to_string(), "nothing");
    }

    #[test]
    fn a_mask_is_serialized_as_its_names() {
        let json = serde_json::to_string(&EpollMask::new(0x8000_0001)).expect("a list");
        assert_eq!(json, r#"["EPOLLIN","EPOLLET"]"#);
    }
}
