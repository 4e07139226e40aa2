//! What the kernel shows about a program's process tree.
//!
//! A [`Probe`] is a handle to a tree of processes. It reads threads and the system calls they block in, descriptors,
//! memory, CPU time, epoll sets and TCP sockets from `/proc` (proc(5)) and through sock_diag(7). A [`ConnectionTable`]
//! shows both ends of each connection of one listener. Pure functions over recorded values decide three things: whether
//! the program hangs forever ([`HangDetector`]), whether it was kept off the CPUs ([`CpuPressure`]), and what to show
//! as evidence ([`Snapshot`]).
//!
//! Each reading reflects one moment: it omits any process, thread or descriptor that disappears while it is taken. If
//! the kernel forbids a reading, the error is [`Unreadable`].
//!
//! This crate knows nothing about labs, servers or reports, has no async runtime, and produces data, not text.

mod connections;
mod cpu;
mod descriptors;
mod epoll;
mod foreign_socket;
mod hang;
mod memory;
mod netstat;
mod pressure;
mod probe;
mod snapshot;
mod sock_diag;
mod socket_table;
mod sockets;
mod syscall;
mod tcp_state;
mod threads;
mod tree;

pub use connections::{ConnectionTable, InFlight};
pub use cpu::{ContextSwitches, CpuTime};
pub use epoll::{EpollMask, EpollSet};
pub use foreign_socket::can_inspect_sockets;
pub use hang::{HangDetector, NoProof};
pub use netstat::listen_overflows;
pub use pressure::{CpuBaseline, CpuPressure, Starvation, StarvationThreshold};
pub use probe::{Probe, Resource, Unreadable};
pub use snapshot::{
    BlockedOn, DescriptorRole, EpollView, ListenerView, Snapshot, SocketGroup, SocketState,
    ThreadActivity, ThreadGroup, WatchGroup,
};
pub use socket_table::{TcpSocket, is_in_time_wait, non_tcp_sockets};
pub use sockets::Socket;
pub use syscall::Syscall;
pub use tcp_state::TcpState;
pub use threads::{Thread, ThreadState};
pub use tree::{MAX_PROCESSES, children, descendants, is_proc_own};
