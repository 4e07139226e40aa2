//! What several labs check alike, written once. A lab says in its [`Service`] how its clients get a
//! connection and what a request and its answer are; the scenarios know no more of it.

pub mod chat;
pub mod clock;
pub mod crowd;
pub mod echo;
pub mod frames;
pub mod lines;
pub mod party;
pub mod reset;
pub mod resources;
pub mod tls;
pub mod visit;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::SocketAddr;

use futures_util::future::LocalBoxFuture;
use serde_json::Value;

use crate::client::{Connection, Mismatch, Payload, Trouble, Window};
use crate::outcome::Stop;
use crate::trial::Trial;
use crate::visitor::{Host, Room};

/// How a lab's servers are started and spoken to.
#[derive(Debug)]
pub struct Service {
    /// Words on the command line before the flags.
    pub command: &'static [&'static str],
    /// The files that it needs.
    pub files: Files,
    /// What the server also does, at an address that it names in a second line: `metrics on …`.
    pub second: Option<&'static str>,
    pub dial: &'static dyn Dial,
    pub exchange: &'static dyn Exchange,
}

/// Flags, and which of the trial's certificates or keys each names.
pub type Files = &'static [(&'static str, &'static str)];

/// A connection, once it is there.
pub type Dialled = LocalBoxFuture<'static, Result<Connection, Trouble>>;

/// How to get a connection.
pub trait Dial: Debug + Sync {
    /// Connects to `address`.
    ///
    /// # Errors
    ///
    /// As [`Connection::open`].
    fn dial(&self, trial: &Trial, address: SocketAddr, window: Window) -> Dialled;

    /// What has happened then, for reports.
    fn dialled(&self) -> &'static str {
        "the connection is taken"
    }

    /// Where a client program is to be sent.
    ///
    /// # Errors
    ///
    /// As [`Host::open`].
    fn host(&self, _trial: &Trial, room: Room) -> Result<Host, Stop> {
        Host::open(room)
    }
}

/// How to make a request, and what its answer is.
pub trait Exchange: Debug + Sync {
    /// A short request.
    fn request(&self, trial: &Trial) -> Request;

    /// `length` bytes of requests, to be sent without reading.
    fn flood(&self, trial: &Trial, length: u64) -> Payload;

    /// Why the program most likely sent other bytes than it should.
    fn explain(&self, mismatch: &Mismatch) -> String;
}

/// A request and the whole of its answer.
#[derive(Clone, Debug)]
pub struct Request {
    pub sends: Payload,
    pub answer: Answer,
}

impl Request {
    /// Makes the request over `connection`, and reads the answer meanwhile.
    ///
    /// # Errors
    ///
    /// Another answer, or an end before it.
    pub async fn make(&self, connection: &Connection) -> Result<(), Trouble> {
        connection.send_beside(&self.sends, self.answer.read(connection)).await
    }
}

/// What is to come.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes.
    Bytes(Payload),
    /// A line with a JSON object that has these members, and perhaps others.
    Object(Value),
    /// A frame with a JSON object that has these members, and perhaps others; numbers are compared as such.
    Frame(Value),
}

impl Answer {
    /// Reads it from `connection`.
    ///
    /// # Errors
    ///
    /// Another answer, or an end before it.
    pub async fn read(&self, connection: &Connection) -> Result<(), Trouble> {
        match self {
            Self::Bytes(bytes) => connection.expect(bytes, bytes.len()).await,
            Self::Object(members) => chat::expect_object(connection, members).await,
            Self::Frame(members) => frames::expect_frame(connection, members).await,
        }
    }
}

/// TCP as it is.
#[derive(Debug)]
pub struct Tcp;

impl Dial for Tcp {
    fn dial(&self, _: &Trial, address: SocketAddr, window: Window) -> Dialled {
        Box::pin(Connection::open(address, window))
    }
}

/// Whatever is sent comes back.
#[derive(Debug)]
pub struct ByteEcho;

impl Exchange for ByteEcho {
    fn request(&self, trial: &Trial) -> Request {
        let bytes = trial.bytes(1..=64);
        Request { sends: bytes.clone(), answer: Answer::Bytes(bytes) }
    }

    fn flood(&self, trial: &Trial, length: u64) -> Payload {
        trial.stream(length)
    }

    fn explain(&self, mismatch: &Mismatch) -> String {
        let cause = if mismatch.is_lossy() {
            "the answer has the bytes EF BF BD, U+FFFD in UTF-8, where other bytes were sent: the input \
             was taken for text (from_utf8_lossy). A stream is bytes"
        } else if mismatch.rest.iter().all(|&byte| byte == 0) && mismatch.rest.len() > 1 {
            "zeros came where data was sent: the whole buffer was written, not only the part that read \
             filled, `&buffer[..count]`"
        } else {
            "bytes are lost, doubled, changed or out of order. Write back exactly `&buffer[..count]` of \
             each read, and go on where a write took a part only"
        };
        cause.to_owned()
    }
}

/// More than loopback absorbs without anybody reading (fact 1 of the grading rules: 8.2 MiB).
pub const MORE_THAN_FITS: u64 = 64 * 1024 * 1024;

/// By how much each process grew from `before` to `after`, both in bytes.
pub fn growth(before: &BTreeMap<i32, u64>, after: &BTreeMap<i32, u64>) -> BTreeMap<i32, u64> {
    let grown = |(&pid, now): (&i32, &u64)| {
        (pid, now.saturating_sub(before.get(&pid).copied().unwrap_or(0)))
    };
    after.iter().map(grown).collect()
}
