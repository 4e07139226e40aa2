//! TLS over a socket. rustls implements the protocol without I/O, so that a [`super::connection::Connection`] can be
//! driven byte by byte, with TLS or without.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, Read, Write};
use std::net::Shutdown;

use rustls::Connection;
use tokio::io::Interest;
use tokio::net::TcpStream;

/// One side of a TLS connection.
#[derive(Debug)]
pub struct Session {
    inner: RefCell<Connection>,
    /// Whether this side's stream has been ended; data that has not been sent yet precedes the end.
    closing: Cell<bool>,
    /// Whether nothing can be sent any more.
    broken: Cell<bool>,
    /// Whether the other side's stream has ended (FIN) without close_notify.
    truncated: Cell<bool>,
    /// The TLS error in the last data received; plaintext that arrived before it can still be read.
    failed: RefCell<Option<rustls::Error>>,
}

/// The maximum length of the plaintext in a record (RFC 8446, section 5.1).
const RECORD: usize = 16 * 1024;

/// The socket, as rustls reads and writes it.
struct Socket<'s>(&'s TcpStream);

impl Read for Socket<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Socket<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn is_would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Turns a TLS error in the received data into a read error.
fn refused(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// The TLS error behind `error`, if there is one.
#[must_use]
pub fn reason(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

impl Session {
    /// A session that has not begun.
    #[must_use]
    pub fn new(inner: Connection) -> Self {
        Self {
            inner: RefCell::new(inner),
            closing: Cell::new(false),
            broken: Cell::new(false),
            truncated: Cell::new(false),
            failed: RefCell::default(),
        }
    }

    /// Performs the handshake over `socket`.
    ///
    /// # Errors
    ///
    /// The connection ended or broke, or one side refused the other: see [`reason`].
    pub async fn handshake(&self, socket: &TcpStream) -> io::Result<()> {
        loop {
            match self.flush(socket) {
                Err(error) if is_would_block(&error) => {}
                // If writing fails, reading shows why.
                Ok(()) | Err(_) if self.inner.borrow().is_handshaking() => {}
                other => return other,
            }
            self.ready(socket).await?;
            match self.receive(socket) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if is_would_block(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until something can be read, or pending data can be sent.
    ///
    /// # Errors
    ///
    /// The runtime cannot wait.
    pub async fn ready(&self, socket: &TcpStream) -> io::Result<()> {
        if self.has_text() {
            return Ok(());
        }
        let mut interest = Interest::READABLE;
        if self.is_sending() {
            interest |= Interest::WRITABLE;
        }
        socket.ready(interest).await.map(drop)
    }

    /// Reads plaintext; 0 at the end of the stream, see [`Self::was_truncated`].
    ///
    /// # Errors
    ///
    /// `WouldBlock` if none has arrived; otherwise the connection broke, or the received data is invalid.
    pub fn try_read(&self, socket: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.inner.borrow_mut().reader().read(buffer);
            match read {
                Err(error) if is_would_block(&error) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    self.truncated.set(true);
                    return Ok(0);
                }
                other => return other,
            }
            if let Some(error) = self.failed.borrow().clone() {
                return Err(refused(error));
            }
            // The next data may depend on what this side has not sent yet.
            let _ = self.flush(socket);
            match self.receive(socket) {
                // Plaintext may have arrived before the error.
                Err(error) if reason(&error).is_some() => {}
                other => drop(other?),
            }
        }
    }

    /// Writes at most one record of plaintext, once earlier data has been sent.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if earlier data has not been sent yet; otherwise the connection broke.
    pub fn try_write(&self, socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        self.flush(socket)?;
        let piece = &bytes[..bytes.len().min(RECORD)];
        let count = self.inner.borrow_mut().writer().write(piece)?;
        if count == 0 && !piece.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        match self.flush(socket) {
            Err(error) if !is_would_block(&error) => Err(error),
            _ => Ok(count),
        }
    }

    /// Sends pending data.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the socket accepts no more; otherwise the connection broke.
    pub fn flush(&self, socket: &TcpStream) -> io::Result<()> {
        if self.broken.get() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let mut inner = self.inner.borrow_mut();
        while inner.wants_write() {
            if let Err(error) = inner.write_tls(&mut Socket(socket)) {
                self.broken.set(!is_would_block(&error));
                return Err(error);
            }
        }
        if self.closing.take() {
            // Fails only if the connection is over, which the next read shows.
            let _ = socket2::SockRef::from(socket).shutdown(Shutdown::Write);
        }
        Ok(())
    }

    /// Ends this side's stream with close_notify, followed by FIN.
    pub fn half_close(&self, socket: &TcpStream) {
        self.send_close_notify(socket);
        self.closing.set(true);
        let _ = self.flush(socket);
    }

    /// Ends this side's stream with close_notify, and leaves the socket open.
    pub fn send_close_notify(&self, socket: &TcpStream) {
        self.inner.borrow_mut().send_close_notify();
        let _ = self.flush(socket);
    }

    /// Whether something has not been sent yet: text, an alert or a FIN.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        (self.inner.borrow().wants_write() || self.closing.get()) && !self.broken.get()
    }

    /// Whether plaintext, or its end, can be read.
    #[must_use]
    pub fn has_text(&self) -> bool {
        if self.failed.borrow().is_some() {
            return true;
        }
        let mut inner = self.inner.borrow_mut();
        let chunk = inner.reader().fill_buf().map(drop);
        chunk.map_or_else(|error| !is_would_block(&error), |()| true)
    }

    /// Whether the other side's stream has ended without close_notify: an attacker may have truncated it (RFC 8446,
    /// section 6.1).
    #[must_use]
    pub fn was_truncated(&self) -> bool {
        self.truncated.get()
    }

    /// Receives what has arrived on `socket` and returns the number of bytes; 0 at the end.
    fn receive(&self, socket: &TcpStream) -> io::Result<usize> {
        let mut inner = self.inner.borrow_mut();
        let count = inner.read_tls(&mut Socket(socket))?;
        let processed = inner.process_new_packets();
        drop(inner);
        if let Err(error) = processed {
            // Sends the alert that reports the error.
            let _ = self.flush(socket);
            self.failed.replace(Some(error.clone()));
            return Err(refused(error));
        }
        Ok(count)
    }
}
