//! The TCP sockets of this machine: their states, queues and inodes.
//!
//! They are requested by netlink (sock_diag(7)), which returns only those in the states of interest. Where that is not
//! available (a sandbox without netlink, a kernel without inet_diag), `/proc/net/tcp` shows the same, in 10 to 100 times
//! the time: it locks and lists the whole table, with all connections of the last minute (TIME_WAIT).

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_sock_diag::SockDiagMessage;
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP};
use netlink_packet_sock_diag::inet::{
    ExtensionFlags, InetRequest, InetResponseHeader, SocketId, StateFlags,
};
use netlink_sys::{Socket, protocols::NETLINK_SOCK_DIAG};
use procfs::FromBufReadSI;
use procfs::net::{TcpNetEntries, TcpNetEntry};

use crate::tcp_state::TcpState;

/// A TCP socket, or what the kernel keeps in place of one for a connection that is not accepted yet, or over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpSocket {
    pub local_address: SocketAddr,
    /// With port 0 for a listener.
    pub remote_address: SocketAddr,
    pub state: TcpState,
    /// Bytes received and not read yet; of a listener, connections that wait to be accepted.
    pub rx_queue: u32,
    /// Bytes sent and not acknowledged by the other side yet; 0 for a listener.
    pub tx_queue: u32,
    /// 0 where no descriptor refers to it.
    pub inode: u64,
}

/// Which sockets of the machine to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// All but those in TIME_WAIT, of which there may be thousands.
    Open,
    /// Those in TIME_WAIT alone.
    TimeWait,
}

impl Filter {
    fn states(self) -> StateFlags {
        let all = StateFlags::all() | StateFlags::from_bits_retain(1 << TcpState::NEW_SYN_RECV);
        match self {
            Self::Open => all - StateFlags::TIME_WAIT,
            Self::TimeWait => StateFlags::TIME_WAIT,
        }
    }

    /// Whether a line of `/proc/net/tcp` with the state `state`, two hexadecimal digits, is such a socket.
    fn includes(self, state: &str) -> bool {
        (state == "06") == (self == Self::TimeWait)
    }
}

/// The TCP sockets of this machine, over IPv4 and IPv6.
pub(crate) fn sockets(filter: Filter) -> Vec<TcpSocket> {
    from_netlink(filter).unwrap_or_else(|_| from_proc(filter))
}

/// Whether the other end of the connection with these ports, of this end first, is in TIME_WAIT.
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

fn from_netlink(filter: Filter) -> io::Result<Vec<TcpSocket>> {
    let mut netlink = Socket::new(NETLINK_SOCK_DIAG)?;
    netlink.bind_auto()?;
    // An answer is ready when the request has been sent, its next piece when one has been read.
    netlink.set_non_blocking(true)?;
    let mut all = Vec::new();
    for (family, any) in [(AF_INET, SocketId::new_v4()), (AF_INET6, SocketId::new_v6())] {
        ask(
            &netlink,
            InetRequest {
                family,
                protocol: IPPROTO_TCP,
                extensions: ExtensionFlags::empty(),
                states: filter.states(),
                socket_id: any,
            },
        )?;
        all.extend(answers(&netlink)?.into_iter().filter_map(TcpSocket::from_netlink));
    }
    Ok(all)
}

fn ask(netlink: &Socket, request: InetRequest) -> io::Result<()> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    netlink.send(&bytes, 0).map(drop)
}

/// All answers to one request, which arrive in several pieces.
fn answers(netlink: &Socket) -> io::Result<Vec<InetResponseHeader>> {
    let mut all = Vec::new();
    loop {
        let (piece, _) = netlink.recv_from_full()?;
        if read_piece(&piece, &mut all)? {
            return Ok(all);
        }
    }
}

/// Adds the answers in `piece` to `all`, and returns whether it was the last piece.
fn read_piece(piece: &[u8], all: &mut Vec<InetResponseHeader>) -> io::Result<bool> {
    let mut rest = piece;
    while !rest.is_empty() {
        let message = NetlinkMessage::<SockDiagMessage>::deserialize(rest)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        // Each begins at a multiple of four.
        let length = (message.header.length as usize).next_multiple_of(4);
        rest = rest.get(length..).unwrap_or_default();
        match message.payload {
            NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response)) => {
                all.push(response.header);
            }
            // An error after the dump has begun is reported here: a sock_diag without TCP, for example.
            NetlinkPayload::Done(done) if done.code < 0 => {
                return Err(io::Error::from_raw_os_error(-done.code));
            }
            NetlinkPayload::Done(_) => return Ok(true),
            NetlinkPayload::Error(error) => return Err(error.to_io()),
            _ => {}
        }
    }
    Ok(false)
}

fn from_proc(filter: Filter) -> Vec<TcpSocket> {
    // tcp6 does not exist where IPv6 is switched off.
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
    fn from_netlink(header: InetResponseHeader) -> Option<Self> {
        let InetResponseHeader { socket_id: id, state, recv_queue, send_queue, inode, .. } = header;
        let state = TcpState::from_number(state)?;
        // For a listener sock_diag has the length of its backlog here.
        let tx_queue = if state == TcpState::Listen { 0 } else { send_queue };
        // A listener on [::] sees its IPv4 clients as ::ffff:127.0.0.1.
        Some(Self {
            local_address: (id.source_address.to_canonical(), id.source_port).into(),
            remote_address: (id.destination_address.to_canonical(), id.destination_port).into(),
            state,
            rx_queue: recv_queue,
            tx_queue,
            inode: inode.into(),
        })
    }

    /// `None` for an unknown state.
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

    use netlink_packet_core::DoneMessage;

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

    /// What netlink and `/proc` agree on about the listener at `port`, once `is_it` holds for that: the kernel's own work
    /// may be late.
    fn shown_by_both(
        port: u16,
        filter: Filter,
        is_it: impl Fn(&[TcpSocket]) -> bool,
    ) -> Vec<TcpSocket> {
        let begin = Instant::now();
        loop {
            // Not `sockets`: where netlink fails, that is what /proc shows.
            let netlink = of(port, from_netlink(filter).expect("netlink"));
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
                // One waits to be accepted, with its bytes unread.
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

    #[test]
    fn an_error_at_the_end_of_a_dump_is_an_error() {
        let done = |code| {
            let mut done = DoneMessage::default();
            done.code = code;
            let payload = NetlinkPayload::<SockDiagMessage>::Done(done);
            let mut message = NetlinkMessage::new(NetlinkHeader::default(), payload);
            message.finalize();
            let mut bytes = vec![0; message.buffer_len()];
            message.serialize(&mut bytes);
            read_piece(&bytes, &mut Vec::new())
        };
        assert!(done(0).expect("the end"));
        let error = done(-libc::ENOENT).expect_err("no table");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
