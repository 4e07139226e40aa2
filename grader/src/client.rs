//! A client of the program under test, and what may go wrong between the two.
//!
//! The functions here know TCP and nothing of processes: [`crate::server::Client`] wraps them with
//! deadlines, the proof of a hang and evidence from the kernel.

use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use tokio::net::{TcpSocket, TcpStream};

use crate::capture::{difference, size};
use crate::tls::{self, Session};

/// Data to send, of which many megabytes take next to no memory.
#[derive(Clone, Debug)]
pub enum Payload {
    Bytes(Vec<u8>),
    /// `length` bytes, see [`Payload::random`].
    Random {
        block: Rc<[u8]>,
        seed: u64,
        length: u64,
    },
    /// `length` bytes of `unit`, again and again.
    Repeated {
        unit: Rc<[u8]>,
        length: u64,
    },
}

/// So many bytes are made up of random data.
const BLOCK: u64 = 64 * 1024;

impl Payload {
    /// `length` random bytes that `seed` determines. After the first [`BLOCK`] they are the same again, each block turned
    /// around by a random number of bytes: what is lost, doubled or out of order anywhere does not fit what follows.
    #[must_use]
    pub fn random(seed: u64, length: u64) -> Self {
        let mut block = vec![0; length.min(BLOCK) as usize];
        Xoshiro256PlusPlus::seed_from_u64(seed).fill_bytes(&mut block);
        Self::Random { block: block.into(), seed, length }
    }

    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Random { length, .. } | Self::Repeated { length, .. } => *length,
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of the bytes from `offset` on; none at the end of the payload.
    #[must_use]
    pub fn at(&self, offset: u64) -> &[u8] {
        match self {
            Self::Bytes(bytes) => &bytes[offset as usize..],
            Self::Random { length, .. } | Self::Repeated { length, .. } if offset >= *length => &[],
            Self::Repeated { unit, length } => {
                let rest = &unit[(offset % unit.len() as u64) as usize..];
                &rest[..rest.len().min((length - offset) as usize)]
            }
            Self::Random { block, seed, length } => {
                let (index, within) = (offset / BLOCK, offset % BLOCK);
                let turn = match index {
                    0 => 0,
                    _ => Xoshiro256PlusPlus::seed_from_u64(seed ^ (index << 20)).next_u64() % BLOCK,
                };
                let rest = &block[((turn + within) % BLOCK) as usize..];
                &rest[..rest.len().min((BLOCK - within).min(length - offset) as usize)]
            }
        }
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// What went wrong between a client and the program.
#[derive(Debug)]
pub enum Trouble {
    /// Nobody accepts connections.
    Refused { observed: Vec<String>, cause: String },
    /// Other bytes came than should; why depends on what is spoken.
    Differs(Mismatch),
    /// The program did not do what it should.
    Wrong { observed: Vec<String>, cause: String },
    /// The program refused, reset or ended the connection where it should not: it may have died.
    Lost { observed: Vec<String>, cause: String },
    /// The grader could not do its part.
    Machine(String),
}

/// How long nothing moves before a writer counts as stalled (fact 1 of the grading rules: loopback
/// absorbs megabytes, so no amount of data tells).
pub const STALL: Duration = Duration::from_millis(300);

/// What to do where too few descriptors are allowed.
pub const MORE_DESCRIPTORS: &str = "raise this machine's limit (ulimit -Hn shows it): `sudo prlimit --pid $$ \
                                    --nofile=8192:8192` in this shell, or for good the line `* hard nofile \
                                    8192` in /etc/security/limits.conf";

/// In bytes, see [`Window::Small`].
const SMALL_BUFFER: u32 = 4096;
const SMALL_SEGMENT: u32 = 1000;

/// How much the kernel takes of what this side does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Megabytes, as it comes (fact 1 of the grading rules).
    Usual,
    /// Some hundred kilobytes in all: a small receive buffer here, and small segments, by whose size
    /// Linux measures the other side's send buffer.
    Small,
}

/// What came before a connection ended, and how it did.
#[derive(Debug)]
pub struct Ending {
    pub words: Vec<u8>,
    /// By a reset (RST), not by an end of the stream (FIN).
    pub reset: bool,
}

/// How reports of other bytes than those that should have come read.
pub const NOT_THE_ONE: &str = "is not the one that should have come";
pub const MORE_THAN_SENT: &str = "more that nobody sent";

/// One connection to the program.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// What is spoken over it, if that is TLS.
    tls: Option<Session>,
    /// The ports of this side and the other: how the kernel's tables name the connection.
    pub ports: (u16, u16),
    /// Bytes sent and received on it so far.
    pub sent: Cell<u64>,
    pub received: Cell<u64>,
}

impl Connection {
    /// Connects to `address`.
    ///
    /// # Errors
    ///
    /// Refused or reset is the program's trouble; a lack of ports or descriptors the machine's.
    pub async fn open(address: SocketAddr, window: Window) -> Result<Self, Trouble> {
        Self::open_from(None, address, window).await
    }

    /// As [`Connection::open`], from an address of the client's own, if one is named.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn open_from(
        source: Option<Ipv4Addr>,
        address: SocketAddr,
        window: Window,
    ) -> Result<Self, Trouble> {
        let machine = |what: &str, error: io::Error| match error.raw_os_error() {
            Some(libc::EMFILE) => {
                Trouble::Machine(format!("the grader is out of descriptors: {MORE_DESCRIPTORS}"))
            }
            _ => Trouble::Machine(format!("{what}: {error}")),
        };
        let socket = TcpSocket::new_v4().map_err(|error| machine("socket", error))?;
        if window == Window::Small {
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
                return Err(Trouble::Lost {
                    observed: vec![format!("connect to {address}: {error}")],
                    cause: "the program closed the connection at once, with a reset".to_owned(),
                });
            }
            Err(error) if is_refusal(&error) => {
                return Err(Trouble::Refused {
                    observed: vec![format!("connect to {address}: {error}")],
                    cause: format!(
                        "nothing accepts connections on {address} any more: has the program ended, \
                         or was the listener dropped?"
                    ),
                });
            }
            Err(error) => return Err(machine("connect", error)),
        };
        let local = stream.local_addr().map_err(|error| machine("getsockname", error))?;
        Ok(Self::over(stream, (local.port(), address.port())))
    }

    /// The connection that `stream` is, between these two ports.
    #[must_use]
    pub fn over(stream: TcpStream, ports: (u16, u16)) -> Self {
        // Small messages go out at once: the sizes that are sent are the sizes that arrive.
        let _ = stream.set_nodelay(true);
        Self { stream, tls: None, ports, sent: Cell::new(0), received: Cell::new(0) }
    }

    /// Shakes hands for a session of TLS, in which all that follows is said.
    ///
    /// # Errors
    ///
    /// The other side refused, or what it sent is refused.
    pub async fn secure(mut self, session: rustls::Connection) -> Result<Self, Trouble> {
        let session = Session::new(session);
        match session.handshake(&self.stream).await {
            Ok(()) => {
                self.tls = Some(session);
                Ok(self)
            }
            Err(error) => Err(no_handshake(&error)),
        }
    }

    /// Sends `payload`, reads while it does, and compares what comes back with `answer`, byte for byte.
    ///
    /// # Errors
    ///
    /// Other bytes, or an end before all have come.
    pub async fn exchange(&self, payload: &Payload, answer: &Payload) -> Result<(), Trouble> {
        self.send_beside(payload, self.expect(answer, answer.len())).await
    }

    /// Sends `payload` while `reader` reads, and gives what that gives.
    ///
    /// # Errors
    ///
    /// Those of `reader`.
    pub async fn send_beside(
        &self,
        payload: &Payload,
        reader: impl Future<Output = Result<(), Trouble>>,
    ) -> Result<(), Trouble> {
        let mut writer = std::pin::pin!(self.send(payload));
        let mut reader = std::pin::pin!(reader);
        let mut written = None;
        loop {
            tokio::select! {
                biased;
                read = &mut reader => return read,
                // A write error alone is no verdict: what the program said before may still be here,
                // and the reader will meet the end of the connection itself.
                result = &mut writer, if written.is_none() => written = Some(result),
            }
        }
    }

    /// Sends `payload` whole.
    ///
    /// # Errors
    ///
    /// The connection ended before all was sent.
    pub async fn send(&self, payload: &Payload) -> Result<(), Trouble> {
        let mut offset = 0;
        while offset < payload.len() || self.is_sending() {
            self.stream.writable().await.map_err(|error| self.lost("while sending", &error))?;
            match self.try_write(payload.at(offset)) {
                Ok(count) => offset += self.count_sent(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(self.lost("while sending", &error)),
            }
        }
        Ok(())
    }

    /// Whether something that was written is not sent yet.
    fn is_sending(&self) -> bool {
        self.tls.as_ref().is_some_and(Session::is_sending)
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.tls {
            Some(tls) => tls.try_write(&self.stream, bytes),
            None => self.stream.try_write(bytes),
        }
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.tls {
            Some(tls) => tls.try_read(&self.stream, buffer),
            None => self.stream.try_read(buffer),
        }
    }

    /// Waits until there may be something to read.
    async fn ready(&self) -> io::Result<()> {
        match &self.tls {
            Some(tls) => tls.ready(&self.stream).await,
            None => self.stream.readable().await,
        }
    }

    /// Sends as much of `payload` as the program takes without a byte being read: until nothing has
    /// moved for [`STALL`], or to its end. Returns how many bytes that was.
    ///
    /// # Errors
    ///
    /// The connection ended meanwhile.
    pub async fn send_until_stalled(&self, payload: &Payload) -> Result<u64, Trouble> {
        let mut bytes = 0;
        while bytes < payload.len() {
            match tokio::time::timeout(STALL, self.stream.writable()).await {
                Err(_) => break,
                Ok(Err(error)) => return Err(self.lost("while sending", &error)),
                Ok(Ok(())) => {}
            }
            match self.try_write(payload.at(bytes)) {
                Ok(count) => bytes += self.count_sent(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(self.lost("while sending", &error)),
            }
        }
        Ok(bytes)
    }

    /// Reads the first `length` bytes of `payload` and compares.
    ///
    /// # Errors
    ///
    /// Other bytes, or an end before all have come.
    pub async fn expect(&self, payload: &Payload, length: u64) -> Result<(), Trouble> {
        self.expect_part(payload, 0..length).await
    }

    /// Reads the bytes `part` of `payload` and compares.
    ///
    /// # Errors
    ///
    /// Other bytes, or an end before all have come.
    pub async fn expect_part(&self, payload: &Payload, part: Range<u64>) -> Result<(), Trouble> {
        let read = async |buffer: &mut [u8]| self.read(buffer).await;
        let end = part.end;
        match compare(payload, part, read).await {
            Ok(()) => Ok(()),
            Err(Differs::Ended(offset)) => Err(ended_early(offset, end)),
            Err(Differs::Broke(error)) => Err(self.lost("while reading", &error)),
            Err(Differs::Other(mismatch)) => Err(Trouble::Differs(mismatch)),
        }
    }

    /// Reads until the connection ends, and gives the first `most` bytes of what came.
    pub async fn ending(&self, most: usize) -> Ending {
        let (mut words, mut buffer) = (Vec::new(), vec![0; 4096]);
        loop {
            match self.read(&mut buffer).await {
                Ok(0) => return Ending { words, reset: false },
                Ok(count) => {
                    words.extend_from_slice(&buffer[..count.min(most - words.len())]);
                }
                Err(_) => return Ending { words, reset: true },
            }
        }
    }

    /// The first that comes, if it does before the connection ends.
    pub async fn first_words(&self) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 64];
        match self.read(&mut buffer).await {
            Ok(count @ 1..) => {
                buffer.truncate(count);
                Some(buffer)
            }
            _ => None,
        }
    }

    /// Reads `answer`; or, if an end comes first, what came before it.
    ///
    /// # Errors
    ///
    /// Something else came.
    pub async fn answer_or_end(&self, answer: &[u8]) -> Result<Option<Ending>, Trouble> {
        let mut words = vec![0; answer.len()];
        let mut got = 0;
        while got < answer.len() {
            let read = self.read(&mut words[got..]).await;
            let reset = read.is_err();
            match read.unwrap_or(0) {
                0 => {
                    words.truncate(got);
                    return Ok(Some(Ending { words, reset }));
                }
                count => got += count,
            }
        }
        if words == answer {
            return Ok(None);
        }
        let at = (0..got).find(|&at| words[at] != answer[at]).unwrap_or(0);
        let mut lines = vec![format!("byte {at} {NOT_THE_ONE}:")];
        lines.extend(difference(0, answer, &words, at));
        Err(Trouble::Differs(Mismatch { lines, rest: words.split_off(at) }))
    }

    /// Reads what comes, whatever it is, until `enough` bytes have come or nothing has moved for
    /// [`STALL`].
    ///
    /// # Errors
    ///
    /// The connection ended meanwhile.
    pub async fn drain(&self, enough: u64) -> Result<(), Trouble> {
        let mut buffer = vec![0; BLOCK as usize];
        let enough = self.received.get() + enough;
        while self.received.get() < enough {
            match tokio::time::timeout(STALL, self.read(&mut buffer)).await {
                Err(_) => return Ok(()),
                Ok(Ok(0)) => return Err(ended_early(self.received.get(), self.sent.get())),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(self.lost("while reading", &error)),
            }
        }
        Ok(())
    }

    /// Expects the end of the stream (FIN) and no byte before it.
    ///
    /// # Errors
    ///
    /// A byte, or a reset.
    pub async fn expect_end(&self) -> Result<(), Trouble> {
        let mut buffer = [0; 64];
        let count = self.read(&mut buffer).await;
        match count.map_err(|error| self.lost("while reading", &error))? {
            0 => Ok(()),
            count => Err(Trouble::Wrong {
                observed: vec![format!(
                    "{} {MORE_THAN_SENT}: {}",
                    size(count as u64),
                    crate::capture::quoted(&buffer[..count])
                )],
                cause: "the program writes more than it was asked for, or writes something twice"
                    .to_owned(),
            }),
        }
    }

    /// Whether anything (bytes or an end) has arrived that was not read yet.
    #[must_use]
    pub fn something_arrived(&self) -> Option<String> {
        let mut buffer = [0; 64];
        match self.try_read(&mut buffer) {
            Ok(0) => Some("its connection was closed".to_owned()),
            Ok(count) => Some(format!("it got {}", crate::capture::quoted(&buffer[..count]))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) if is_end(&error) => Some("its connection was closed".to_owned()),
            Err(error) => Some(format!("its connection broke: {error}")),
        }
    }

    /// Ends the sending side: shutdown(SHUT_WR), a FIN, after a close_notify where there is TLS.
    pub fn half_close(&self) {
        match &self.tls {
            Some(tls) => tls.half_close(&self.stream),
            None => self.cut(),
        }
    }

    /// Sends what was written and is not sent yet, the end of the stream with it.
    pub async fn flush(&self) {
        let Some(tls) = &self.tls else { return };
        // Where it cannot be sent, the next read tells.
        while tls.is_sending() && self.stream.writable().await.is_ok() {
            let _ = tls.flush(&self.stream);
        }
    }

    /// Ends the sending side with a FIN alone.
    pub fn cut(&self) {
        // Fails only where the connection is over, which the next read shows.
        let _ = socket2::SockRef::from(&self.stream).shutdown(std::net::Shutdown::Write);
    }

    /// Ends the sending side with a close_notify alone, where there is TLS.
    pub fn notify(&self) {
        if let Some(tls) = &self.tls {
            tls.notify(&self.stream);
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

    /// Breaks the connection: close with SO_LINGER 0 sends RST, and leaves no TIME_WAIT.
    pub fn reset(self) {
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

    /// Waits until something has arrived: bytes, or the end.
    pub async fn something_comes(&self) {
        // Where it fails the connection is over, and that has come.
        match &self.tls {
            Some(tls) => drop(tls.ready(&self.stream).await),
            // That it was ready once says nothing of now.
            None => drop(self.stream.peek(&mut [0]).await),
        }
    }

    /// Reads what there is, at least a byte; 0 at the end.
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
            self.ready().await?;
            match self.try_read(buffer) {
                Ok(count) => {
                    self.received.set(self.received.get() + count as u64);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn count_sent(&self, count: usize) -> u64 {
        self.sent.set(self.sent.get() + count as u64);
        count as u64
    }

    fn lost(&self, when: &str, error: &io::Error) -> Trouble {
        let (sent, received) = (size(self.sent.get()), size(self.received.get()));
        if let Some(reason) = tls::reason(error) {
            return Trouble::Lost {
                observed: vec![
                    format!("TLS, {when}: {reason}"),
                    format!("{sent} had been sent, {received} had come back"),
                ],
                cause: "the program has ended the session with an alert, or what it sends is no \
                        TLS"
                .to_owned(),
            };
        }
        Trouble::Lost {
            observed: vec![
                format!("the connection broke {when}: {error}"),
                format!("{sent} had been sent, {received} had come back"),
            ],
            cause:
                "the program closed the connection with input unread, or it ended: a close with \
                    unread input sends RST instead of FIN (RFC 2525, section 2.17)"
                    .to_owned(),
        }
    }
}

/// Why two did not come to speak TLS.
fn no_handshake(error: &io::Error) -> Trouble {
    let mut cause = "the program gave up in the handshake: an error in accept or connect, a panic, or a limit that \
                     is too short";
    let observed = match tls::reason(error) {
        Some(reason) => {
            cause = "the two could not agree: on a version, or on who the other is";
            format!("the TLS handshake failed: {reason}")
        }
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the program closed the connection in the TLS handshake".to_owned()
        }
        None => format!("the connection broke in the TLS handshake: {error}"),
    };
    Trouble::Lost { observed: vec![observed], cause: cause.to_owned() }
}

fn ended_early(offset: u64, length: u64) -> Trouble {
    let (got, all) = (size(offset), size(length));
    Trouble::Lost {
        observed: vec![format!("{got} of {all} came back, then the program closed the connection")],
        cause: "the program stops too early. It has to read again after each answer, until read returns \
                0; and only when all is written may it close"
            .to_owned(),
    }
}

fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

fn is_refusal(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error.kind(), Kind::ConnectionRefused | Kind::TimedOut)
}

/// How what came is not what should have come.
#[derive(Debug)]
pub enum Differs {
    /// It ended after so many bytes.
    Ended(u64),
    Broke(io::Error),
    Other(Mismatch),
}

/// Where something else came than should.
#[derive(Debug)]
pub struct Mismatch {
    /// Both, under one another.
    pub lines: Vec<String>,
    /// What came from there on, as far as it was in one piece.
    pub rest: Vec<u8>,
}

/// Reads what should be the bytes `which` of `expected`, however they are cut, and not one more.
///
/// # Errors
///
/// Something else came.
pub async fn compare(
    expected: &Payload,
    which: Range<u64>,
    mut read: impl AsyncFnMut(&mut [u8]) -> io::Result<usize>,
) -> Result<(), Differs> {
    let Range { start: mut offset, end } = which;
    let mut buffer = vec![0; (end - offset).min(BLOCK) as usize];
    while offset < end {
        let room = (end - offset).min(buffer.len() as u64) as usize;
        let mut got = match read(&mut buffer[..room]).await {
            Ok(0) => return Err(Differs::Ended(offset)),
            Ok(count) => &buffer[..count],
            // Which of FIN and RST arrives is a matter of luck where input was left unread.
            Err(error) if is_end(&error) => return Err(Differs::Ended(offset)),
            Err(error) => return Err(Differs::Broke(error)),
        };
        while !got.is_empty() {
            let wanted = expected.at(offset);
            let both = got.len().min(wanted.len());
            if got[..both] != wanted[..both] {
                let at = (0..both).find(|&at| got[at] != wanted[at]).unwrap_or(0);
                let mut lines = vec![format!("byte {} {NOT_THE_ONE}:", offset + at as u64)];
                lines.extend(difference(offset, wanted, got, at));
                return Err(Differs::Other(Mismatch { lines, rest: got[at..].to_owned() }));
            }
            offset += both as u64;
            got = &got[both..];
        }
    }
    Ok(())
}

impl Mismatch {
    /// Whether bytes that are not UTF-8 were replaced, as `from_utf8_lossy` does.
    #[must_use]
    pub fn is_lossy(&self) -> bool {
        self.rest.starts_with("\u{fffd}".as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The payload, read in pieces that begin anywhere.
    fn collect(payload: &Payload, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let rest = payload.at(all.len() as u64);
            if rest.is_empty() {
                return all;
            }
            let end = rest.len().min(step);
            all.extend_from_slice(&rest[..end]);
        }
    }

    #[test]
    fn random_data_is_the_same_however_it_is_cut() {
        let payload = Payload::random(7, 3 * BLOCK + 11);
        let whole = collect(&payload, usize::MAX);
        assert_eq!(whole.len() as u64, payload.len());
        assert_eq!(whole, collect(&payload, 1000));
        assert_ne!(whole[..1000], whole[BLOCK as usize..][..1000], "blocks repeat");
    }
}
