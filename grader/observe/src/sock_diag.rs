//! Lists TCP sockets over netlink, as ss(8) does: sock_diag(7), linux/inet_diag.h.
//!
//! The two messages are small and have not changed since Linux 3.3, and crates that support all of netlink take longer to
//! build than this one.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};

/// A header (netlink(7)): length, type, flags, sequence number and port, in host byte order.
const HEADER: usize = 16;

/// `struct inet_diag_req_v2`: family, protocol, extensions, padding, a mask of states and the id of a socket.
const REQUEST: usize = 8 + SOCKET_ID;

/// `struct inet_diag_sockid`: two ports and two addresses in network byte order, an interface and a cookie.
const SOCKET_ID: usize = 48;

/// `struct inet_diag_msg`: family, state, timer and retransmissions, the id, and five numbers: the second and third are
/// the queues, the last is the inode.
const ANSWER: usize = 4 + SOCKET_ID + 20;

/// The type of the request and of its answers (linux/sock_diag.h).
const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// More than the size of a piece of a dump: the kernel fills at most 32 KiB at a time.
const PIECE: usize = 64 * 1024;

/// One socket, as the kernel describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DiagSocket {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    /// The number of its state (net/tcp_states.h).
    pub(crate) state: u8,
    pub(crate) receive_queue: u32,
    pub(crate) send_queue: u32,
    pub(crate) inode: u32,
}

/// All TCP sockets, over IPv4 and IPv6, whose states are in the mask `states`.
///
/// # Errors
///
/// Netlink is not available, or the kernel has no sock_diag for TCP.
pub(crate) fn tcp_sockets(states: u32) -> io::Result<Vec<DiagSocket>> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let family = AddressFamily::NETLINK;
    let netlink = rustix::net::socket_with(family, SocketType::DGRAM, flags, Some(SOCK_DIAG))?;
    rustix::net::bind(&netlink, &SocketAddrNetlink::new(0, 0))?;
    let mut all = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        rustix::net::send(&netlink, &request(family as u8, states), SendFlags::empty())?;
        receive(&netlink, &mut all)?;
    }
    Ok(all)
}

/// The request for a dump of all sockets of `family` in `states`.
fn request(family: u8, states: u32) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER + REQUEST);
    message.extend(((HEADER + REQUEST) as u32).to_ne_bytes());
    message.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    message.extend(((libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16).to_ne_bytes());
    message.extend([0; 8]);
    message.extend([family, libc::IPPROTO_TCP as u8, 0, 0]);
    message.extend(states.to_ne_bytes());
    // Any socket: no port, no address, no interface.
    message.extend([0; SOCKET_ID]);
    message
}

/// Reads the answers to one request, which arrive in several pieces. Each is ready once the previous one has been read.
fn receive(netlink: &OwnedFd, all: &mut Vec<DiagSocket>) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let (count, _) = rustix::net::recv(netlink, piece.as_mut_slice(), RecvFlags::empty())?;
        if read_piece(&piece[..count.min(PIECE)], all)? {
            return Ok(());
        }
    }
}

/// Adds the sockets in `piece` to `all`, and returns whether it was the last piece.
fn read_piece(piece: &[u8], all: &mut Vec<DiagSocket>) -> io::Result<bool> {
    let cut = || io::Error::new(io::ErrorKind::InvalidData, "a netlink message is truncated");
    let mut rest = piece;
    while !rest.is_empty() {
        let length = u32_at(rest, 0).ok_or_else(cut)? as usize;
        let kind = u32_at(rest, 4).ok_or_else(cut)? as u16;
        let body = rest.get(HEADER..length).ok_or_else(cut)?;
        // Each message begins at a multiple of four.
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        match i32::from(kind) {
            // An error before the dump, or one after it has begun: a kernel without TCP's sock_diag, for example.
            libc::NLMSG_ERROR | libc::NLMSG_DONE => {
                let code = u32_at(body, 0).map_or(0, u32::cast_signed);
                return match code {
                    ..0 => Err(io::Error::from_raw_os_error(-code)),
                    _ => Ok(true),
                };
            }
            _ if kind == SOCK_DIAG_BY_FAMILY => all.extend(socket(body)),
            _ => {}
        }
    }
    Ok(false)
}

/// The socket that an answer describes; `None` if it is too short.
fn socket(answer: &[u8]) -> Option<DiagSocket> {
    let answer = answer.get(..ANSWER)?;
    let [family, state] = [answer[0], answer[1]];
    let address = |at: usize| -> Option<IpAddr> {
        if i32::from(family) == libc::AF_INET {
            let octets: [u8; 4] = answer[at..at + 4].try_into().ok()?;
            return Some(Ipv4Addr::from(octets).into());
        }
        let octets: [u8; 16] = answer[at..at + 16].try_into().ok()?;
        // A listener on [::] sees its IPv4 clients as ::ffff:127.0.0.1.
        Some(Ipv6Addr::from(octets).to_canonical())
    };
    let port = |at: usize| u16::from_be_bytes([answer[at], answer[at + 1]]);
    let numbers = 4 + SOCKET_ID;
    Some(DiagSocket {
        local: (address(8)?, port(4)).into(),
        remote: (address(24)?, port(6)).into(),
        state,
        receive_queue: u32_at(answer, numbers + 4)?,
        send_queue: u32_at(answer, numbers + 8)?,
        inode: u32_at(answer, numbers + 16)?,
    })
}

/// The number in host byte order at `at`.
fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of this type.
    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut message = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
        message.extend(u32::from(kind).to_ne_bytes());
        message.extend([0; 8]);
        message.extend(body);
        message
    }

    /// An established connection from 127.0.0.1:4711 to 127.0.0.1:80 with 5 bytes unread, 7 unsent, and inode 99.
    fn answer() -> Vec<u8> {
        let mut answer = vec![libc::AF_INET as u8, 1, 0, 0];
        answer.extend(4711u16.to_be_bytes());
        answer.extend(80u16.to_be_bytes());
        for _ in 0..2 {
            answer.extend([127, 0, 0, 1]);
            answer.extend([0; 12]);
        }
        answer.extend([0; 12]);
        for number in [0u32, 5, 7, 0, 99] {
            answer.extend(number.to_ne_bytes());
        }
        answer
    }

    #[test]
    fn an_answer_is_read() {
        assert_eq!(answer().len(), ANSWER);
        let mut all = Vec::new();
        let done = message(libc::NLMSG_DONE as u16, &0i32.to_ne_bytes());
        let piece = [message(SOCK_DIAG_BY_FAMILY, &answer()), done].concat();
        assert!(read_piece(&piece, &mut all).expect("a whole piece"));
        let socket = all[0];
        assert_eq!(socket.local, SocketAddr::from(([127, 0, 0, 1], 4711)));
        assert_eq!(socket.remote, SocketAddr::from(([127, 0, 0, 1], 80)));
        assert_eq!((socket.receive_queue, socket.send_queue, socket.inode), (5, 7, 99));
    }

    #[test]
    fn an_error_ends_a_dump_and_a_cut_message_is_refused() {
        let mut all = Vec::new();
        let denied = (-libc::ENOENT).to_ne_bytes();
        for kind in [libc::NLMSG_ERROR, libc::NLMSG_DONE] {
            let error = read_piece(&message(kind as u16, &denied), &mut all).expect_err("an error");
            assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
        }
        let whole = message(SOCK_DIAG_BY_FAMILY, &answer());
        assert!(read_piece(&whole[..40], &mut all).is_err());
        assert!(all.is_empty());
        assert!(!read_piece(&whole, &mut all).expect("more follows"));
    }

    #[test]
    fn an_ipv4_client_of_an_ipv6_listener_is_ipv4() {
        let mut answer = answer();
        answer[0] = libc::AF_INET6 as u8;
        let mapped = Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets();
        answer[8..24].copy_from_slice(&mapped);
        answer[24..40].copy_from_slice(&mapped);
        let socket = socket(&answer).expect("a whole answer");
        assert_eq!(socket.local, SocketAddr::from(([127, 0, 0, 1], 4711)));
    }
}
