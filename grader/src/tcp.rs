//! The TCP sockets of this machine: their states, queues and inodes.
//!
//! They are asked for by netlink (sock_diag(7)), which gives only those in the states that are of interest. Where that is
//! not to be had (a sandbox without netlink, a kernel without inet_diag), `/proc/net/tcp` says the same, in 10 to 100
//! times the time: it locks and lists the whole table, with all connections of the last minute (TIME_WAIT).

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

pub use procfs::net::TcpState;

/// A TCP socket, or what the kernel keeps in the place of one: of a connection that is not accepted yet, or over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpSocket {
    pub local_address: SocketAddr,
    pub remote_address: SocketAddr,
    pub state: TcpState,
    /// Bytes that have come and were not read; of a listener, connections that wait to be accepted.
    pub rx_queue: u32,
    /// Bytes that the other side has not acknowledged.
    pub tx_queue: u32,
    /// 0 where no descriptor leads to it.
    pub inode: u64,
}

/// Which sockets are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All but those whose connection is over (TIME_WAIT), of which there may be thousands.
    Open,
    /// Those alone.
    Over,
}

impl Which {
    fn states(self) -> StateFlags {
        // Connections whose handshake is not done have a number of their own (TCP_NEW_SYN_RECV).
        let all =
            StateFlags::all() | StateFlags::from_bits_retain(1 << TcpState::NewSynRecv as u32);
        match self {
            Self::Open => all - StateFlags::TIME_WAIT,
            Self::Over => StateFlags::TIME_WAIT,
        }
    }

    /// What the state of such a socket is in a line of `/proc/net/tcp`.
    fn is_state(self, state: &str) -> bool {
        (state == "06") == (self == Self::Over)
    }
}

/// The sockets of this machine, over IPv4 and IPv6.
#[must_use]
pub fn sockets(which: Which) -> Vec<TcpSocket> {
    asked(which).unwrap_or_else(|_| listed(which))
}

/// Whether the other end of the connection whose ports are these, of this end first, is over and still known (TIME_WAIT).
#[must_use]
pub fn is_in_time_wait((near, far): (u16, u16)) -> bool {
    let is_it = |socket: &TcpSocket| {
        (socket.local_address.port(), socket.remote_address.port()) == (far, near)
    };
    sockets(Which::Over).iter().any(is_it)
}

/// What netlink says.
fn asked(which: Which) -> io::Result<Vec<TcpSocket>> {
    let mut netlink = Socket::new(NETLINK_SOCK_DIAG)?;
    netlink.bind_auto()?;
    // An answer is there when the request has been sent, its next piece when one has been read.
    netlink.set_non_blocking(true)?;
    let mut all = Vec::new();
    for (family, any) in [(AF_INET, SocketId::new_v4()), (AF_INET6, SocketId::new_v6())] {
        ask(
            &netlink,
            InetRequest {
                family,
                protocol: IPPROTO_TCP,
                extensions: ExtensionFlags::empty(),
                states: which.states(),
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

/// All answers to one request, which come in several pieces.
fn answers(netlink: &Socket) -> io::Result<Vec<InetResponseHeader>> {
    let mut all = Vec::new();
    loop {
        let (piece, _) = netlink.recv_from_full()?;
        if read_piece(&piece, &mut all)? {
            return Ok(all);
        }
    }
}

/// Adds what is in `piece` to `all`. Whether it was the last.
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
            // An error after the dump has begun is told in here: where sock_diag does not know TCP, for one.
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

/// What `/proc/net/tcp` and `tcp6` say.
fn listed(which: Which) -> Vec<TcpSocket> {
    // There is no tcp6 where IPv6 is switched off.
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    tables.into_iter().flatten().flat_map(|table| parse(&table, which)).collect()
}

/// The sockets of a table as `/proc/net/tcp` has it.
pub(crate) fn parse(table: &str, which: Which) -> Vec<TcpSocket> {
    let (heading, lines) = table.split_once('\n').unwrap_or_default();
    let is_meant =
        |line: &&str| line.split_whitespace().nth(3).is_some_and(|state| which.is_state(state));
    let lines: Vec<_> = lines.lines().filter(is_meant).collect();
    let table = format!("{heading}\n{}", lines.join("\n"));
    let entries = TcpNetEntries::from_buf_read(table.as_bytes(), procfs::current_system_info());
    let entries = entries.map(|entries| entries.0).unwrap_or_default();
    entries.into_iter().map(TcpSocket::from).collect()
}

impl TcpSocket {
    /// `None` for a state that is not known.
    fn from_netlink(header: InetResponseHeader) -> Option<Self> {
        let InetResponseHeader { socket_id: id, state, recv_queue, send_queue, inode, .. } = header;
        let state = TcpState::from_u8(state)?;
        // Of a listener this is how many may wait.
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
}

impl From<TcpNetEntry> for TcpSocket {
    fn from(entry: TcpNetEntry) -> Self {
        let canonical = |it: SocketAddr| SocketAddr::from((it.ip().to_canonical(), it.port()));
        Self {
            local_address: canonical(entry.local_address),
            remote_address: canonical(entry.remote_address),
            state: entry.state,
            rx_queue: entry.rx_queue,
            tx_queue: entry.tx_queue,
            inode: entry.inode,
        }
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

    /// What netlink and `/proc` say alike of the listener at `port`, once that `is_it`: the kernel's own work may be late.
    fn said_by_both(
        port: u16,
        which: Which,
        is_it: impl Fn(&[TcpSocket]) -> bool,
    ) -> Vec<TcpSocket> {
        let begin = Instant::now();
        loop {
            // Not what `sockets` says: that would be what /proc says where netlink fails.
            let asked = of(port, asked(which).expect("netlink"));
            let listed = of(port, listed(which));
            if asked == listed && is_it(&asked) {
                return asked;
            }
            assert!(begin.elapsed() < Duration::from_secs(10), "{asked:#?} is not {listed:#?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn netlink_and_proc_say_the_same() {
        for address in ["127.0.0.1:0", "[::]:0"] {
            let listener = TcpListener::bind(address).expect("a listener");
            let port = listener.local_addr().expect("its address").port();
            let mut clients =
                [0, 1].map(|_| TcpStream::connect(("127.0.0.1", port)).expect("a client"));
            clients[1].write_all(b"abc").expect("room");
            let (accepted, _) = listener.accept().expect("the first client");
            said_by_both(port, Which::Open, |all| {
                let listens = |socket: &&TcpSocket| socket.state == TcpState::Listen;
                let unread: Vec<_> = all.iter().filter(|socket| socket.rx_queue == 3).collect();
                // One waits to be accepted, and its bytes to be read.
                all.len() == 5
                    && all.iter().find(listens).is_some_and(|listener| listener.rx_queue == 1)
                    && matches!(unread[..], [TcpSocket { inode: 0, .. }])
            });

            // The server closes first, so its end is the one that is remembered.
            let near = clients[0].local_addr().expect("its address").port();
            assert!(!is_in_time_wait((near, port)));
            drop(accepted);
            let [first, _second] = clients;
            drop(first);
            said_by_both(port, Which::Over, |all| all.len() == 1);
            assert!(is_in_time_wait((near, port)));
            said_by_both(port, Which::Open, |all| all.len() == 3);
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
