//! A server of the grader's, which a client program under test is told to connect to.

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

/// A port of the grader's that a program is told to connect to.
pub struct TestServer {
    journal: Journal,
    /// Nothing listens where there is none; the port is kept all the same, so that no other program listens there.
    listener: Option<TcpListener>,
    _bound: Option<Socket>,
    pub address: SocketAddr,
    /// The session of TLS that is offered there, if any.
    session: RefCell<Option<rustls::Connection>>,
    /// What else the program is told, and how a step says that.
    pub(super) words: Vec<OsString>,
    pub(super) shown: String,
}

impl TestServer {
    /// Listens.
    ///
    /// # Errors
    ///
    /// This machine has no port or descriptor to give.
    pub fn open(journal: &Journal, buffers: BufferSize) -> Result<Self, CheckError> {
        /// Bytes in each direction. The kernel doubles it (socket(7)). Less than a few segments, of 64 KiB
        /// each on loopback, would have the sender probe a closed window, 200 ms each time (RFC 9293, 3.8.6).
        const SMALL: usize = 128 * 1024;
        /// Connections in the queue: more than one client program opens.
        const BACKLOG: i32 = 16;
        let listen = || -> io::Result<Self> {
            let socket = bound()?;
            if buffers == BufferSize::Small {
                // Before listen: the window's scale is agreed on with the first packet (tcp(7)).
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

    /// Keeps a port at which nothing listens.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn closed(journal: &Journal) -> Result<Self, CheckError> {
        let keep = || -> io::Result<Self> {
            let socket = bound()?;
            let address =
                socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
            let shown = "an address where nobody listens";
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

    /// Speaks TLS with the next client, which is told `words` beside the address; a step says `shown`.
    #[must_use]
    pub fn with_tls(self, session: rustls::Connection, words: Vec<OsString>, shown: &str) -> Self {
        let shown = format!("{}, {shown}", self.shown);
        Self { session: RefCell::new(Some(session)), words, shown, ..self }
    }

    /// Where the program is told to connect.
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

    /// Waits for the next client, and shakes hands with it where TLS is offered.
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

#[allow(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
fn cannot_listen(error: io::Error) -> CheckError {
    CheckError::Inconclusive(format!("cannot listen: {error}"))
}
