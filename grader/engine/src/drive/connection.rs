//! A connection between the grader and the program under test.
//!
//! The functions here know the transport and nothing of processes: [`super::client::Client`] wraps them with deadlines,
//! the proof of a hang and evidence from the kernel.

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

/// What to do where too few descriptors are allowed.
pub const MORE_DESCRIPTORS: &str = "raise this machine's limit (ulimit -Hn shows it): `sudo prlimit --pid $$ \
                                    --nofile=8192:8192` in this shell, or for good the line `* hard nofile \
                                    8192` in /etc/security/limits.conf";

/// In bytes, see [`BufferSize::Small`].
const SMALL_BUFFER: u32 = 4096;
const SMALL_SEGMENT: u32 = 1000;

/// How much the kernel takes of what this side does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BufferSize {
    /// Megabytes, as the kernel likes (fact 1 of RULES.md).
    Default,
    /// Some hundred kilobytes in all: a small receive buffer here, and small segments, by whose size Linux measures the
    /// other side's send buffer.
    Small,
}

/// One connection to the program.
#[derive(Debug)]
pub struct Connection {
    pub(super) stream: TcpStream,
    /// What is spoken over it, if that is TLS.
    pub(super) tls: Option<Session>,
    /// The ports of this side and the other: how the kernel's tables name the connection.
    pub ports: (u16, u16),
    /// Bytes sent and received on it so far.
    sent: Cell<u64>,
    received: Cell<u64>,
    awaited: RefCell<Awaited>,
    journal: Journal,
    /// How reports call this side.
    name: RefCell<Rc<str>>,
}

/// The end of what is waited for.
#[derive(Debug, Default)]
struct Awaited {
    /// How many bytes will have come by then.
    end: u64,
    /// The last of them.
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
    /// Refused or reset is the program's failure; a lack of ports or descriptors the machine's.
    pub async fn open(
        journal: &Journal,
        address: SocketAddr,
        buffers: BufferSize,
    ) -> Result<Self, WireError> {
        Self::open_from(journal, None, address, buffers).await
    }

    /// As [`Connection::open`], from an address of the client's own, if one is named.
    ///
    /// # Errors
    ///
    /// The same.
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
            // Before the handshake, which tells the other side. Where it fails the kernel takes more.
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

    /// The connection that `stream` is, between these two ports.
    #[must_use]
    pub fn over(journal: &Journal, stream: TcpStream, ports: (u16, u16)) -> Self {
        // Small messages go out at once: the sizes that are sent are the sizes that arrive.
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

    /// Has reports call this side `name`.
    pub(super) fn set_name(&self, name: &str) {
        let before = self.name.replace(name.into());
        self.journal.rename(&before, name);
    }

    pub(super) fn record(&self, event: Event) {
        self.journal.wire(&self.name.borrow(), event);
    }

    /// Shakes hands for a session of TLS, in which all that follows is said.
    ///
    /// # Errors
    ///
    /// The other side refused, or what it sent is refused.
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

    /// Whether something that was written is not sent yet.
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

    /// Reads what there is, at least a byte; 0 at the end.
    ///
    /// # Errors
    ///
    /// `WouldBlock` where there is nothing; otherwise the connection broke.
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

    /// Waits for something to read, and reads it: at least a byte; 0 at the end.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            // A server that leaves Nagle's algorithm on sends the end of a piece when the rest is
            // acknowledged; delayed acknowledgements would make that 40 ms each (tcp(7)). The kernel
            // forgets this flag, so it is set again; where it cannot be, it is only slower.
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
        // Where it fails the connection is over, and that has come.
        match &self.tls {
            Some(tls) => drop(tls.ready(&self.stream).await),
            // That it was ready once says nothing of now.
            None => drop(self.stream.peek(&mut [0]).await),
        }
    }

    /// Ends the sending side: shutdown(SHUT_WR), a FIN, after a close_notify where there is TLS.
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

    /// Sends what was written and is not sent yet, the end of the stream with it.
    pub async fn flush(&self) {
        let Some(tls) = &self.tls else { return };
        // Where it cannot be sent, the next read shows it.
        while tls.is_sending() && self.stream.writable().await.is_ok() {
            let _ = tls.flush(&self.stream);
        }
    }

    /// Ends the sending side with a FIN alone.
    pub fn shutdown_write(&self) {
        self.record(Event::ShutdownWrite);
        // Fails only where the connection is over, which the next read shows.
        let _ = socket2::SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write);
    }

    /// Ends the sending side with a close_notify alone, where there is TLS.
    pub fn send_close_notify(&self) {
        if let Some(tls) = &self.tls {
            self.record(Event::CloseNotify);
            tls.send_close_notify(&self.stream);
        }
    }

    /// Whether there is TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Whether the other side's stream has ended with a FIN alone, though there is TLS.
    #[must_use]
    pub fn was_truncated(&self) -> bool {
        self.tls.as_ref().is_some_and(Session::was_truncated)
    }

    /// Breaks the connection: close with SO_LINGER 0 sends RST, and leaves no TIME_WAIT (rule R7).
    pub fn reset(self) {
        self.record(Event::Reset);
        let _ = self.stream.set_zero_linger();
    }

    /// The stream, for somebody who speaks another protocol over it.
    #[must_use]
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// How many bytes have come that were not read yet.
    #[must_use]
    pub fn unread(&self) -> u64 {
        let text = self.tls.as_ref().is_some_and(Session::has_text);
        rustix::io::ioctl_fionread(&self.stream).unwrap_or(0) + u64::from(text)
    }

    /// How many bytes the kernel took so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.get()
    }

    /// How many bytes were read so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received.get()
    }

    /// What an answer lacks that is waited for, if that is only the end of its line.
    pub(super) fn missing_line_end(&self) -> Option<String> {
        let awaited = self.awaited.borrow();
        let missing = awaited.end.checked_sub(self.received.get())? as usize;
        let rest = awaited.last.len().checked_sub(missing).map(|begin| &awaited.last[begin..])?;
        let is_line_end = !rest.is_empty() && rest.iter().all(|byte| b"\r\n".contains(byte));
        is_line_end.then(|| format!("missing: {}", quoted(rest)))
    }

    /// From now on `last` are the last bytes of what is waited for, which is whole once `length` more have come.
    pub(super) fn awaits(&self, length: u64, last: Vec<u8>) {
        self.awaited.replace(Awaited { end: self.received.get() + length, last });
    }

    /// Bytes in both directions.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic { sent: self.sent.get(), received: self.received.get() }
    }

    /// The failure that `error` is.
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

/// Why two did not come to speak TLS.
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

/// Whether `error` is an end that the other side has made.
pub(super) fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

/// Whether `error` says that nothing listens.
#[must_use]
pub fn is_refusal(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error.kind(), Kind::ConnectionRefused | Kind::TimedOut)
}
