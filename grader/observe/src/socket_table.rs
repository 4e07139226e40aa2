//! The TCP sockets of this machine: their states, queues and inodes.
//!
//! They are requested over netlink (sock_diag(7)), which returns only those in the states of interest. Without it (in a
//! sandbox without netlink, or on a kernel without inet_diag), `/proc/net/tcp` shows the same. That takes 10 to 100 times
//! as long: it locks and lists the whole table, including all connections of the last minute (TIME_WAIT).

use std::collections::HashSet;
use std::net::SocketAddr;

use procfs::FromBufReadSI;
use procfs::net::{TcpNetEntries, TcpNetEntry};

use crate::sock_diag::{self, DiagSocket};
use crate::tcp_state::TcpState;

/// A TCP socket, or what the kernel keeps instead of one for a connection that has not been accepted yet or is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpSocket {
    pub local_address: SocketAddr,
    /// Its port is 0 for a listener.
    pub remote_address: SocketAddr,
    pub state: TcpState,
    /// Bytes received but not read yet; for a listener, connections waiting to be accepted.
    pub rx_queue: u32,
    /// Bytes sent but not yet acknowledged by the other side; 0 for a listener.
    pub tx_queue: u32,
    /// 0 if no descriptor refers to it.
    pub inode: u64,
}

/// Which sockets of the machine to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// All except those in TIME_WAIT, of which there may be thousands.
    Open,
    /// Only those in TIME_WAIT.
    TimeWait,
}

impl Filter {
    /// The states in the form for sock_diag: one bit for the number of each.
    fn states(self) -> u32 {
        const TIME_WAIT: u32 = 1 << 6;
        // From ESTABLISHED, 1, to NEW_SYN_RECV, 12.
        const ALL: u32 = (1 << 13) - 2;
        match self {
            Self::Open => ALL & !TIME_WAIT,
            Self::TimeWait => TIME_WAIT,
        }
    }

    /// Whether a line of `/proc/net/tcp` with the state `state`, two hexadecimal digits, passes this filter.
    fn includes(self, state: &str) -> bool {
        (state == "06") == (self == Self::TimeWait)
    }
}

/// The TCP sockets of this machine, over IPv4 and IPv6.
pub(crate) fn sockets(filter: Filter) -> Vec<TcpSocket> {
    match sock_diag::tcp_sockets(filter.states()) {
        Ok(all) => all.into_iter().filter_map(TcpSocket::from_diag).collect(),
        Err(_) => from_proc(filter),
    }
}

/// Whether the other end of the connection with these ports, this end's first, is in TIME_WAIT.
#[must_use]
pub fn is_in_time_wait((near, far): (u16, u16)) -> bool {
    let is_it = |socket: &TcpSocket| {
        (socket.local_address.port(), socket.remote_address.port()) == (far, near)
    };
    sockets(Filter::TimeWait).iter().any(is_it)
}

/// The inodes of this machine's sockets that are known not to be TCP: Unix and UDP sockets.
#[must_use]
pub fn non_tcp_sockets() -> HashSet<u64> {
    let mut all = HashSet::new();
    all.extend(procfs::net::unix().unwrap_or_default().into_iter().map(|entry| entry.inode));
    all.extend(procfs::net::udp().unwrap_or_default().into_iter().map(|entry| entry.inode));
    all.extend(procfs::net::udp6().unwrap_or_default().into_iter().map(|entry| entry.inode));
    all
}

fn from_proc(filter: Filter) -> Vec<TcpSocket> {
    // tcp6 does not exist if IPv6 is switched off.
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    tables.into_iter().flatten().flat_map(|table| parse(&table, filter)).collect()
}

/// The sockets of a table in the format of `/proc/net/tcp` (proc_pid_net(5)).
pub(crate) fn parse(table: &str, filter: Filter) -> Vec<TcpSocket> {
    let (heading, lines) = table.split_once('\n').unwrap_or_default();
    let is_included =
        |line: &&str| line.split_whitespace().nth(3).is_some_and(|state| filter.includes(state));
    let lines: Vec<_> = lines.lines().filter(is_included).collect();
    let table = format!("{heading}\n{}", lines.join("\n"));
    let entries = TcpNetEntries::from_buf_read(table.as_bytes(), procfs::current_system_info());
    let entries = entries.map(|entries| entries.0).unwrap_or_default();
    entries.iter().filter_map(TcpSocket::from_proc).collect()
}

impl TcpSocket {
    /// `None` for an unknown state.
    fn from_diag(socket: DiagSocket) -> Option<Self> {
        let state = TcpState::from_number(socket.state)?;
        // For a listener, sock_diag has the length of its backlog here.
        let tx_queue = if state == TcpState::Listen { 0 } else { socket.send_queue };
        Some(Self {
            local_address: socket.local,
            remote_address: socket.remote,
            state,
            rx_queue: socket.receive_queue,
            tx_queue,
            inode: socket.inode.into(),
        })
    }

    fn from_proc(entry: &TcpNetEntry) -> Option<Self> {
        let canonical = |it: SocketAddr| SocketAddr::from((it.ip().to_canonical(), it.port()));
        Some(Self {
            local_address: canonical(entry.local_address),
            remote_address: canonical(entry.remote_address),
            state: TcpState::from_number(entry.state.to_u8())?,
            rx_queue: entry.rx_queue,
            tx_queue: entry.tx_queue,
            inode: entry.inode,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    use super::*;

    /// The sockets of the listener at `port`, in the order of their ports.
    fn of(port: u16, all: Vec<TcpSocket>) -> Vec<TcpSocket> {
        let ports =
            |socket: &TcpSocket| [socket.local_address.port(), socket.remote_address.port()];
        let mut all = all;
        all.retain(|socket| ports(socket).contains(&port));
        all.sort_by_key(ports);
        all
    }

    /// What netlink and `/proc` agree on about the listener at `port`, once `is_it` holds for it: the kernel may need a
    /// moment.
    fn shown_by_both(
        port: u16,
        filter: Filter,
        is_it: impl Fn(&[TcpSocket]) -> bool,
    ) -> Vec<TcpSocket> {
        let begin = Instant::now();
        loop {
            // Not `sockets`: if netlink fails, it returns what /proc shows.
            let netlink = of(
                port,
                sock_diag::tcp_sockets(filter.states())
                    .expect("netlink")
                    .into_iter()
                    .filter_map(TcpSocket::from_diag)
                    .collect(),
            );
            let proc = of(port, from_proc(filter));
            if netlink == proc && is_it(&netlink) {
                return netlink;
            }
            assert!(begin.elapsed() < Duration::from_secs(10), "{netlink:#?} is not {proc:#?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn netlink_and_proc_agree() {
        for address in ["127.0.0.1:0", "[::]:0"] {
            let listener = TcpListener::bind(address).expect("a listener");
            let port = listener.local_addr().expect("its address").port();
            let mut clients =
                [0, 1].map(|_| TcpStream::connect(("127.0.0.1", port)).expect("a client"));
            clients[1].write_all(b"abc").expect("buffer space");
            let (accepted, _) = listener.accept().expect("the first client");
            shown_by_both(port, Filter::Open, |all| {
                let listens = |socket: &&TcpSocket| socket.state == TcpState::Listen;
                let unread: Vec<_> = all.iter().filter(|socket| socket.rx_queue == 3).collect();
                // One connection with unread bytes is waiting to be accepted.
                all.len() == 5
                    && all.iter().find(listens).is_some_and(|listener| listener.rx_queue == 1)
                    && matches!(unread[..], [TcpSocket { inode: 0, .. }])
            });

            // The server closes first, so its end is the one in TIME_WAIT.
            let near = clients[0].local_addr().expect("its address").port();
            assert!(!is_in_time_wait((near, port)));
            drop(accepted);
            let [first, _second] = clients;
            drop(first);
            shown_by_both(port, Filter::TimeWait, |all| all.len() == 1);
            assert!(is_in_time_wait((near, port)));
            shown_by_both(port, Filter::Open, |all| all.len() == 3);
        }
    }
}
