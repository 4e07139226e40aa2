//! The TCP sockets that a program holds.

use std::cell::LazyCell;
use std::collections::HashMap;

use crate::descriptors::Descriptor;
use crate::foreign_socket::set_send_buffer;
use crate::probe::{Probe, Unreadable};
use crate::socket_table::{self, Filter, TcpSocket, non_tcp_sockets};
use crate::tcp_state::TcpState;

/// A descriptor that refers to a TCP socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    pub pid: i32,
    pub descriptor: i32,
    /// Its state and queues; `None` once the connection is over (after a reset, for example) and only the descriptor is
    /// left.
    pub entry: Option<TcpSocket>,
}

impl Socket {
    /// Whether it accepts connections.
    #[must_use]
    pub fn is_listener(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| entry.state == TcpState::Listen)
    }
}

impl Probe {
    /// All TCP sockets, one for each descriptor that refers to one, in the order of processes and numbers.
    ///
    /// # Errors
    ///
    /// The kernel forbids reading `/proc/PID/fd`.
    pub fn sockets(self) -> Result<Vec<Socket>, Unreadable> {
        let descriptors = self.descriptors()?;
        // Read after the descriptors, so that each of their sockets is either in this table or over.
        let open = socket_table::sockets(Filter::Open).into_iter();
        let tcp: HashMap<u64, TcpSocket> = open.map(|socket| (socket.inode, socket)).collect();
        let others = LazyCell::new(non_tcp_sockets);
        let socket = |descriptor: Descriptor| {
            let inode = descriptor.socket_inode()?;
            let entry = tcp.get(&inode).cloned();
            let is_tcp = entry.is_some() || !others.contains(&inode);
            let Descriptor { pid, number, .. } = descriptor;
            is_tcp.then_some(Socket { pid, descriptor: number, entry })
        };
        Ok(descriptors.into_iter().filter_map(socket).collect())
    }

    /// Fixes the send buffer of the program's end of a connection at `bytes` (SO_SNDBUF in socket(7)), and returns whether
    /// that was possible. The ports are those of the other end and of the program's end.
    ///
    /// If the buffer is not fixed, the kernel may enlarge it at any time, even seconds later (seen with BBR, at a
    /// window probe). That wakes a thread blocked in a write once more.
    #[must_use]
    pub fn fix_send_buffer(self, (near, far): (u16, u16), bytes: usize) -> bool {
        let fix = |socket: &Socket| {
            let entry = socket.entry.as_ref()?;
            let ports = (entry.remote_address.port(), entry.local_address.port());
            if ports == (near, far) {
                set_send_buffer(socket.pid, socket.descriptor, bytes)
            } else {
                None
            }
        };
        self.sockets().is_ok_and(|sockets| sockets.iter().any(|socket| fix(socket).is_some()))
    }
}
