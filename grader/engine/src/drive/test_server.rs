//! The grader's server, to which a client program under test must connect.

use std::cell::RefCell;
use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;

use super::connection::{BufferSize, Connection};
use super::wire_error::WireError;
use crate::subject::Endpoint;
use crate::verdict::{CheckError, Event, Journal};

/// One of the grader's ports, to which a program must connect.
pub struct TestServer {
    journal: Journal,
    /// If it is `None`, nothing listens. The port stays bound, so that no other program can listen there.
    listener: Option<TcpListener>,
    _bound: Option<Socket>,
    pub address: SocketAddr,
    /// The TLS session that is offered there, if any.
    session: RefCell<Option<rustls::Connection>>,
    /// More words for the program's command line, and how a step shows them.
    pub(super) words: Vec<OsString>,
    pub(super) shown: String,
}

impl TestServer {
    /// Listens.
    ///
    /// # Errors
    ///
    /// This machine has no port or descriptor left.
    pub fn open(journal: &Journal, buffers: BufferSize) -> Result<Self, CheckError> {
        /// Bytes in each direction; the kernel doubles the number (socket(7)). With less than a few segments, which
        /// have 64 KiB on loopback, the sender would have to probe a closed window, for 200 ms each time (RFC 9293,
        /// 3.8.6).
        const SMALL: usize = 128 * 1024;
        /// The length of the listen queue: more connections than one client program opens.
        const BACKLOG: i32 = 16;
        let listen = || -> io::Result<Self> {
            let socket = bound()?;
            if buffers == BufferSize::Small {
                // Must precede listen: the first packet negotiates the window scale (tcp(7)).
                socket.set_recv_buffer_size(SMALL)?;
                socket.set_send_buffer_size(SMALL)?;
            }
            socket.listen(BACKLOG)?;
            socket.set_nonblocking(true)?;
            let listener = TcpListener::from_std(socket.into())?;
            let address = listener.local_addr()?;
            Ok(Self::new(journal, address, Some(listener), None, "the address of a server"))
        };
        listen().map_err(cannot_listen)
    }

    /// Keeps a port on which nothing listens.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn closed(journal: &Journal) -> Result<Self, CheckError> {
        let keep = || -> io::Result<Self> {
            let socket = bound()?;
            let address =
                socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
            let shown = "an address where nothing listens";
            Ok(Self::new(journal, address, None, Some(socket), shown))
        };
        keep().map_err(cannot_listen)
    }

    fn new(
        journal: &Journal,
        address: SocketAddr,
        listener: Option<TcpListener>,
        bound: Option<Socket>,
        shown: &str,
    ) -> Self {
        Self {
            journal: journal.clone(),
            listener,
            _bound: bound,
            address,
            session: RefCell::default(),
            words: Vec::new(),
            shown: shown.to_owned(),
        }
    }

    /// Offers TLS to the next client, which gets `words` in addition to the address; a step shows them as `shown`.
    #[must_use]
    pub fn with_tls(self, session: rustls::Connection, words: Vec<OsString>, shown: &str) -> Self {
        let shown = format!("{}, {shown}", self.shown);
        Self { session: RefCell::new(Some(session)), words, shown, ..self }
    }

    /// Where the program must connect.
    #[must_use]
    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint::tcp(self.address)
    }

    /// Whether anything listens there.
    #[must_use]
    pub(super) fn is_listening(&self) -> bool {
        self.listener.is_some()
    }

    /// Whether TLS is offered to the next client.
    #[must_use]
    pub(super) fn offers_tls(&self) -> bool {
        self.session.borrow().is_some()
    }

    /// Waits for the next client, and performs the handshake if TLS is offered.
    ///
    /// # Errors
    ///
    /// The handshake failed, or this machine cannot accept.
    pub async fn accept(&self) -> Result<Connection, WireError> {
        let Some(listener) = &self.listener else { return std::future::pending().await };
        let machine = |error| WireError::Machine(format!("accept: {error}"));
        let (stream, peer) = listener.accept().await.map_err(machine)?;
        let ports = (self.address.port(), peer.port());
        let connection = Connection::over(&self.journal, stream, ports);
        connection.set_name("the server");
        connection.record(Event::Accepted);
        let session = self.session.take();
        match session {
            Some(session) => connection.secure(session).await,
            None => Ok(connection),
        }
    }
}

/// A socket with any free port (fact 2 of RULES.md).
fn bound() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    Ok(socket)
}

#[allow(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
fn cannot_listen(error: io::Error) -> CheckError {
    CheckError::Inconclusive(format!("cannot listen: {error}"))
}
