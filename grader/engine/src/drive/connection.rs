//! A connection between the grader and the program under test.
//!
//! The functions here know only the transport, not the process: [`super::client::Client`] adds deadlines, the proof of a
//! hang and evidence from the kernel.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;

use course::text::quoted;
use tokio::net::{TcpSocket, TcpStream};

use super::tls::{self, Session};
use super::wire_error::WireError;
use crate::subject::Peer;
use crate::verdict::{Diagnosis, Event, FailureKind, HandshakeEnd, Journal, Phase, Traffic};

/// What to do if too few descriptors are allowed.
pub const MORE_DESCRIPTORS: &str = "raise the limit (ulimit -Hn shows it) with `sudo prlimit --pid $$ \
                                    --nofile=8192:8192` in this shell, or permanently with the line `* hard \
                                    nofile 8192` in /etc/security/limits.conf";

/// In bytes, see [`BufferSize::Small`].
const SMALL_BUFFER: u32 = 4096;
const SMALL_SEGMENT: u32 = 1000;

/// How much the kernel buffers of what this side does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferSize {
    /// Megabytes, as the kernel decides (fact 1 of RULES.md).
    Default,
    /// A few hundred kilobytes in total: a small receive buffer here, and small segments, whose size determines the other
    /// side's send buffer on Linux.
    Small,
}

/// One connection to the program.
#[derive(Debug)]
pub struct Connection {
    pub(super) stream: TcpStream,
    /// The TLS session over it, if there is one.
    pub(super) tls: Option<Session>,
    /// The ports of this side and the other, by which the kernel's tables identify the connection.
    pub ports: (u16, u16),
    /// Bytes sent and received on it so far.
    sent: Cell<u64>,
    received: Cell<u64>,
    awaited: RefCell<Awaited>,
    journal: Journal,
    /// The name of this side in reports.
    name: RefCell<Rc<str>>,
}

/// The end of the data that the grader is waiting for.
#[derive(Debug, Default)]
struct Awaited {
    /// How many bytes will have arrived by then.
    end: u64,
    /// The last of these bytes.
    last: Vec<u8>,
}

impl Peer for Connection {
    fn moved(&self) -> u64 {
        self.sent.get() + self.received.get()
    }

    fn has_unread(&self) -> bool {
        self.unread() > 0
    }
}

impl Connection {
    /// Connects to `address`.
    ///
    /// # Errors
    ///
    /// A refusal or a reset is the program's failure; a lack of ports or descriptors is the machine's.
    pub async fn open(
        journal: &Journal,
        address: SocketAddr,
        buffers: BufferSize,
    ) -> Result<Self, WireError> {
        Self::open_from(journal, None, address, buffers).await
    }

    /// Like [`Connection::open`], from the address `source`, if one is given.
    ///
    /// # Errors
    ///
    /// As [`Connection::open`].
    pub(super) async fn open_from(
        journal: &Journal,
        source: Option<Ipv4Addr>,
        address: SocketAddr,
        buffers: BufferSize,
    ) -> Result<Self, WireError> {
        let machine = |what: &str, error: io::Error| match error.raw_os_error() {
            Some(libc::EMFILE) => {
                WireError::Machine(format!("the grader is out of descriptors: {MORE_DESCRIPTORS}"))
            }
            _ => WireError::Machine(format!("{what}: {error}")),
        };
        let socket = TcpSocket::new_v4().map_err(|error| machine("socket", error))?;
        if buffers == BufferSize::Small {
            // Must precede the handshake, which announces both to the other side. If a call fails, the kernel buffers
            // more.
            let _ = socket.set_recv_buffer_size(SMALL_BUFFER);
            let _ = socket2::SockRef::from(&socket).set_tcp_mss(SMALL_SEGMENT);
        }
        if let Some(source) = source {
            socket.bind((source, 0).into()).map_err(|error| machine("bind", error))?;
        }
        let stream = match socket.connect(address).await {
            Ok(stream) => stream,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                let kind = FailureKind::ConnectReset { address, reason: error.to_string() };
                return Err(WireError::new(kind, Diagnosis::ClosedAtOnce));
            }
            Err(error) if is_refusal(&error) => {
                let kind = FailureKind::ConnectRefused { address, reason: error.to_string() };
                return Err(WireError::new(kind, Diagnosis::NothingListens { address }));
            }
            Err(error) => return Err(machine("connect", error)),
        };
        let local = stream.local_addr().map_err(|error| machine("getsockname", error))?;
        let connection = Self::over(journal, stream, (local.port(), address.port()));
        connection.record(Event::Connected);
        Ok(connection)
    }

    /// A connection over `stream`, between these two ports.
    #[must_use]
    pub fn over(journal: &Journal, stream: TcpStream, ports: (u16, u16)) -> Self {
        // Without Nagle's algorithm, small messages arrive in the sizes in which they are sent.
        let _ = stream.set_nodelay(true);
        Self {
            stream,
            tls: None,
            ports,
            sent: Cell::new(0),
            received: Cell::new(0),
            awaited: RefCell::default(),
            journal: journal.clone(),
            name: RefCell::new(format!("port {}", ports.0).into()),
        }
    }

    /// Sets the name of this side in reports.
    pub(super) fn set_name(&self, name: &str) {
        let before = self.name.replace(name.into());
        self.journal.rename(&before, name);
    }

    pub(super) fn record(&self, event: Event) {
        self.journal.wire(&self.name.borrow(), event);
    }

    /// Performs a TLS handshake. Everything that follows is sent over TLS.
    ///
    /// # Errors
    ///
    /// One side refused the other.
    pub async fn secure(mut self, session: rustls::Connection) -> Result<Self, WireError> {
        let session = Session::new(session);
        match session.handshake(&self.stream).await {
            Ok(()) => {
                self.tls = Some(session);
                Ok(self)
            }
            Err(error) => Err(handshake_failed(&error)),
        }
    }

    /// Whether some of the written data has not been sent yet.
    pub(super) fn is_sending(&self) -> bool {
        self.tls.as_ref().is_some_and(Session::is_sending)
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let count = match &self.tls {
            Some(tls) => tls.try_write(&self.stream, bytes)?,
            None => self.stream.try_write(bytes)?,
        };
        self.sent.set(self.sent.get() + count as u64);
        self.journal.sent(&self.name.borrow(), &bytes[..count]);
        Ok(count)
    }

    /// Reads what has arrived, at least one byte; 0 at the end.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if nothing has arrived; otherwise the connection broke.
    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &self.tls {
            Some(tls) => tls.try_read(&self.stream, buffer),
            None => self.stream.try_read(buffer),
        };
        match &read {
            Ok(count) => {
                self.received.set(self.received.get() + *count as u64);
                self.journal.received(&self.name.borrow(), &buffer[..*count]);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => self.record(Event::Broken { reason: error.to_string() }),
        }
        read
    }

    /// Waits for data and reads it, at least one byte; 0 at the end.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // A server that leaves Nagle's algorithm on sends the end of a piece only when the rest has been
            // acknowledged; delayed acknowledgements would cost 40 ms each time (tcp(7)). The kernel forgets
            // this flag, so it is set again. If that fails, reading is only slower.
            let _ = socket2::SockRef::from(&self.stream).set_tcp_quickack(true);
            self.wait_readable().await?;
            match self.try_read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }

    /// Waits until there may be something to read.
    async fn wait_readable(&self) -> io::Result<()> {
        match &self.tls {
            Some(tls) => tls.ready(&self.stream).await,
            None => self.stream.readable().await,
        }
    }

    /// Waits until something has arrived: bytes, or the end.
    pub async fn readable(&self) {
        // If waiting fails, the connection has ended, and the end is an arrival, too.
        match &self.tls {
            Some(tls) => drop(tls.ready(&self.stream).await),
            // Unlike `readable`, this does not trust an earlier readiness.
            None => drop(self.stream.peek(&mut [0]).await),
        }
    }

    /// Shuts down the sending side: shutdown(SHUT_WR) sends FIN, after a close_notify over TLS.
    pub fn half_close(&self) {
        match &self.tls {
            Some(tls) => {
                self.record(Event::CloseNotify);
                self.record(Event::ShutdownWrite);
                tls.half_close(&self.stream);
            }
            None => self.shutdown_write(),
        }
    }

    /// Sends what has been written but not sent yet, including the end of the stream.
    pub async fn flush(&self) {
        let Some(tls) = &self.tls else { return };
        // If it cannot be sent, the next read shows it.
        while tls.is_sending() && self.stream.writable().await.is_ok() {
            let _ = tls.flush(&self.stream);
        }
    }

    /// Shuts down the sending side with a FIN alone.
    pub fn shutdown_write(&self) {
        self.record(Event::ShutdownWrite);
        // Fails only if the connection is over, which the next read shows.
        let _ = socket2::SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write);
    }

    /// Sends a close_notify and no FIN, if the connection uses TLS.
    pub fn send_close_notify(&self) {
        if let Some(tls) = &self.tls {
            self.record(Event::CloseNotify);
            tls.send_close_notify(&self.stream);
        }
    }

    /// Whether the connection uses TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Whether the other side's TLS stream has ended with a FIN alone.
    #[must_use]
    pub fn was_truncated(&self) -> bool {
        self.tls.as_ref().is_some_and(Session::was_truncated)
    }

    /// Resets the connection: close with SO_LINGER 0 sends RST and leaves no TIME_WAIT (rule R7).
    pub fn reset(self) {
        self.record(Event::Reset);
        let _ = self.stream.set_zero_linger();
    }

    /// The stream, for use with another protocol.
    #[must_use]
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// How many bytes have arrived but have not been read yet.
    #[must_use]
    pub fn unread(&self) -> u64 {
        let text = self.tls.as_ref().is_some_and(Session::has_text);
        rustix::io::ioctl_fionread(&self.stream).unwrap_or(0) + u64::from(text)
    }

    /// How many bytes the kernel has accepted so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.get()
    }

    /// How many bytes have been read so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received.get()
    }

    /// The line end of the awaited answer, if nothing else is missing.
    pub(super) fn missing_line_end(&self) -> Option<String> {
        let awaited = self.awaited.borrow();
        let missing = awaited.end.checked_sub(self.received.get())? as usize;
        let rest = awaited.last.len().checked_sub(missing).map(|begin| &awaited.last[begin..])?;
        let is_line_end = !rest.is_empty() && rest.iter().all(|byte| b"\r\n".contains(byte));
        is_line_end.then(|| format!("missing: {}", quoted(rest)))
    }

    /// From now on the grader waits for `length` more bytes, which end with `last`.
    pub(super) fn awaits(&self, length: u64, last: Vec<u8>) {
        self.awaited.replace(Awaited { end: self.received.get() + length, last });
    }

    /// The bytes sent and received so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic { sent: self.sent.get(), received: self.received.get() }
    }

    /// Turns `error` into a failure.
    pub(super) fn lost(&self, phase: Phase, error: &io::Error) -> WireError {
        let (reason, tls) = match tls::reason(error) {
            Some(reason) => (reason.to_string(), true),
            None => (error.to_string(), false),
        };
        let (phase, traffic) = (Some(phase), Some(self.traffic()));
        let kind = FailureKind::ConnectionBroken { phase, reason, tls, traffic };
        let cause = if tls { Diagnosis::TlsSessionEnded } else { Diagnosis::ClosedWithUnreadInput };
        WireError::new(kind, cause)
    }
}

/// Turns the error of a TLS handshake into a failure.
fn handshake_failed(error: &io::Error) -> WireError {
    let (how, cause) = match tls::reason(error) {
        Some(reason) => {
            (HandshakeEnd::Disagreed(reason.to_string()), Diagnosis::HandshakeDisagreed)
        }
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            (HandshakeEnd::Closed, Diagnosis::HandshakeAbandoned)
        }
        None => (HandshakeEnd::Broken(error.to_string()), Diagnosis::HandshakeAbandoned),
    };
    WireError::new(FailureKind::HandshakeFailed { how }, cause)
}

/// Whether `error` says that the other side has ended the connection.
pub(super) fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

/// Whether `error` says that nothing listens.
#[must_use]
pub fn is_refusal(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error.kind(), Kind::ConnectionRefused | Kind::TimedOut)
}
