//! The connections of one listener on this machine, with both ends of each.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::socket_table::{self, Filter, TcpSocket};
use crate::tcp_state::TcpState;

/// The connections of one listener at one moment, except those in TIME_WAIT.
///
/// Two ports identify a connection, the near end's first: all ends are on loopback, so ports are enough.
#[derive(Clone, Debug)]
pub struct ConnectionTable {
    /// By local and remote port.
    entries: HashMap<(u16, u16), TcpSocket>,
    listener: Option<TcpSocket>,
}

/// What may still wake a sleeping program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InFlight {
    /// Bytes that were sent but have not arrived.
    Bytes,
    /// A connection attempt that has not been answered although the listen queue is empty.
    Connect,
}

impl ConnectionTable {
    /// Reads all connections of the listener at `server`.
    #[must_use]
    pub fn of(server: SocketAddr) -> Self {
        Self::from_sockets(socket_table::sockets(Filter::Open), server)
    }

    fn from_sockets(all: Vec<TcpSocket>, server: SocketAddr) -> Self {
        let mut table = Self { entries: HashMap::new(), listener: None };
        for entry in all {
            let (local, remote) = (entry.local_address.port(), entry.remote_address.port());
            if entry.state == TcpState::Listen && local == server.port() {
                table.listener = Some(entry);
            } else if local == server.port() || remote == server.port() {
                table.entries.insert((local, remote), entry);
            }
        }
        table
    }

    /// The other end of a connection. Its inode is 0 until the connection is accepted.
    #[must_use]
    pub fn peer_socket(&self, (near, far): (u16, u16)) -> Option<&TcpSocket> {
        self.entries.get(&(far, near))
    }

    /// Whether the other end has read everything that was sent on a connection. Also true if one end is gone. A FIN that
    /// arrives alone counts as one byte until it is read.
    #[must_use]
    pub fn is_fully_read(&self, (near, far): (u16, u16)) -> bool {
        let is_read = self.peer_socket((near, far)).is_none_or(|end| end.rx_queue == 0);
        let is_delivered = self.peer_socket((far, near)).is_none_or(|end| end.tx_queue == 0);
        is_read && is_delivered
    }

    /// Whether a process listens.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.listener.is_some()
    }

    /// Whether a process uses the listener's port, to listen or for an open connection.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.listener.is_some() || !self.entries.is_empty()
    }

    /// How many connections are waiting in the listen queue.
    #[must_use]
    pub fn not_accepted(&self) -> usize {
        self.listener.as_ref().map_or(0, |listener| listener.rx_queue as usize)
    }

    /// How many connections the program has accepted but not closed.
    #[must_use]
    pub fn accepted(&self) -> usize {
        let Some(listener) = &self.listener else { return 0 };
        let port = listener.local_address.port();
        let is_accepted =
            |(&(local, _), entry): (&(u16, u16), &TcpSocket)| local == port && entry.inode != 0;
        self.entries.iter().filter(|&entry| is_accepted(entry)).count()
    }

    /// What is in flight and may still wake a sleeping program, if anything is.
    #[must_use]
    pub fn in_flight(&self) -> Option<InFlight> {
        let is_connecting = |entry: &TcpSocket| entry.state == TcpState::SynSent;
        if !self.undelivered().is_empty() {
            Some(InFlight::Bytes)
        } else if self.entries.values().any(is_connecting) && self.not_accepted() == 0 {
            Some(InFlight::Connect)
        } else {
            None
        }
    }

    /// Connections, by local and remote port, with bytes that the local end has sent but that have not arrived: the
    /// other end's queue is empty. Bytes that are already in the receiver's queue are ignored, because they do not wake
    /// the receiver again.
    #[must_use]
    pub fn undelivered(&self) -> HashMap<(u16, u16), u32> {
        let waiting = |(&(local, remote), entry): (&(u16, u16), &TcpSocket)| {
            let arrived = self.entries.get(&(remote, local)).map_or(0, |peer| peer.rx_queue);
            let is_open = entry.state != TcpState::SynSent;
            let waits = is_open && entry.tx_queue > 0 && arrived == 0;
            waits.then_some(((local, remote), entry.tx_queue))
        };
        self.entries.iter().filter_map(waiting).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from `/proc/net/tcp`: a server on port 9777, client E368 idle, client E378 not accepted
    /// with one byte unread.
    const IDLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2631 00000000:0000 0A 00000000:00000001 00:00000000 00000000     0        0 1271029 2 000000009c956394 100 0 0 10 0
   2: 0100007F:E368 0100007F:2631 01 00000000:00000000 00:00000000 00000000     0        0 1272158 2 000000003f703928 20 4 30 11 -1
   3: 0100007F:E378 0100007F:2631 01 00000000:00000000 00:00000000 00000000     0        0 1272159 2 000000000de28b00 20 0 0 11 -1
   5: 0100007F:2631 0100007F:E378 01 00000000:00000001 00:00000000 00000000     0        0 0 1 000000000a412bf8 21 4 30 10 -1
   6: 0100007F:2631 0100007F:E368 01 00000000:00000000 00:00000000 00000000     0        0 1271030 1 0000000067f0dd6f 20 4 31 11 -1
";

    fn table(recorded: &str) -> ConnectionTable {
        let sockets = socket_table::parse(recorded, Filter::Open);
        ConnectionTable::from_sockets(sockets, SocketAddr::from(([127, 0, 0, 1], 9777)))
    }

    #[test]
    fn both_ends_of_a_connection_are_found() {
        let table = table(IDLE);
        assert!(table.is_listening());
        assert_eq!(table.not_accepted(), 1);
        let peer = |near, far| table.peer_socket((near, far));
        assert_eq!(peer(9777, 0xe368).map(|entry| entry.inode), Some(1_272_158));
        let not_accepted = peer(0xe378, 9777).map(|entry| (entry.inode, entry.rx_queue));
        assert_eq!(not_accepted, Some((0, 1)));
        assert!(peer(1, 9777).is_none());
    }

    #[test]
    fn queued_bytes_have_not_been_read() {
        assert!(table(IDLE).is_fully_read((0xe368, 9777)));
        assert!(!table(IDLE).is_fully_read((0xe378, 9777)));
        let sent = IDLE.replace("E368 0100007F:2631 01 00000000", "E368 0100007F:2631 01 00000001");
        assert!(!table(&sent).is_fully_read((0xe368, 9777)));
    }

    #[test]
    fn bytes_that_were_sent_but_have_not_arrived_are_in_flight() {
        assert_eq!(table(IDLE).in_flight(), None);
        // The idle client has sent a byte that the server's queue does not show.
        let sent = IDLE.replace("E368 0100007F:2631 01 00000000", "E368 0100007F:2631 01 00000001");
        assert_eq!(table(&sent).in_flight(), Some(InFlight::Bytes));
        // The same for the client with unread bytes: this byte wakes no thread.
        let unread =
            IDLE.replace("E378 0100007F:2631 01 00000000", "E378 0100007F:2631 01 00000001");
        assert_eq!(table(&unread).in_flight(), None);
    }

    #[test]
    fn a_connect_is_in_flight_unless_the_queue_is_not_emptied() {
        let connecting = IDLE.replace("E368 0100007F:2631 01", "E368 0100007F:2631 02");
        assert_eq!(
            table(&connecting).in_flight(),
            None,
            "a client is already waiting in the queue"
        );
        let room = connecting.replacen("00000000:00000001", "00000000:00000000", 1);
        assert_eq!(table(&room).in_flight(), Some(InFlight::Connect));
    }
}
