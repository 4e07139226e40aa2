//! How to start a lab's programs and talk to them. A lab implements this in addition to its checks; the engine and the
//! scenarios know nothing else about the lab.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use super::connection::{BufferSize, Connection};
use super::context::Context;
use super::payload::Payload;
use super::test_server::TestServer;
use super::wire_error::{Mismatch, WireError};
use crate::subject::Transport;
use crate::verdict::{Cause, CheckError};

/// How to start a lab's programs and talk to them.
#[derive(Debug)]
pub struct Service {
    /// The roles in which the lab's program is started.
    pub programs: &'static [Program],
    pub dial: &'static dyn Dial,
    pub exchange: &'static dyn Exchange,
}

impl Service {
    /// The program in `role`.
    ///
    /// # Errors
    ///
    /// The lab has none: a mistake in the grader.
    pub fn program(&self, role: &str) -> Result<&'static Program, CheckError> {
        let found = self.programs.iter().find(|program| program.role == role);
        found.ok_or_else(|| CheckError::Inconclusive(format!("the lab has no program {role}")))
    }
}

/// A role in which a lab's program is started. A program that listens is driven as a [`super::Server`], whatever else it
/// does; any other as a [`super::ClientProgram`], whose standard output is its answer.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    pub role: &'static str,
    /// Words on the command line before the flags.
    pub command: &'static [&'static str],
    /// The certificates and keys that it needs.
    pub files: Files,
    /// Where it listens: what its lines `… on ADDR:PORT` announce, in order. Empty for a program that does not listen.
    pub listens: &'static [Listens],
}

/// An address on which a program listens, which it announces in a line.
#[derive(Clone, Copy, Debug)]
pub struct Listens {
    /// The line is `ANNOUNCED on ADDR:PORT`.
    pub announced: &'static str,
    pub transport: Transport,
}

impl Program {
    pub const SERVER_ROLE: &'static str = "server";
    pub const CLIENT_ROLE: &'static str = "client";

    /// A server without a subcommand, which listens for clients.
    pub const SERVER: Self = Self {
        role: Self::SERVER_ROLE,
        command: &[],
        files: &[],
        listens: &[Listens { announced: "listening", transport: Transport::Tcp }],
    };

    /// A client program, which connects to a given address.
    pub const CLIENT: Self =
        Self { role: Self::CLIENT_ROLE, command: &[], files: &[], listens: &[] };
}

/// Flags, and which of the trial's certificates or keys each names.
pub type Files = &'static [(&'static str, &'static str)];

/// A connection, once it is established.
pub type Dialled = LocalBoxFuture<'static, Result<Connection, WireError>>;

/// How to connect.
pub trait Dial: Debug + Sync {
    /// Connects to `address`.
    ///
    /// # Errors
    ///
    /// As [`Connection::open`].
    fn dial(&self, context: &Context, address: SocketAddr, buffers: BufferSize) -> Dialled;

    /// What connecting should achieve, for reports.
    fn dialled(&self) -> &'static str {
        "the connection is established"
    }

    /// The grader's server for a client program.
    ///
    /// # Errors
    ///
    /// As [`TestServer::open`].
    fn test_server(
        &self,
        context: &Context,
        buffers: BufferSize,
    ) -> Result<TestServer, CheckError> {
        TestServer::open(context.journal(), buffers)
    }
}

/// How to make a request, and what answer to expect.
pub trait Exchange: Debug + Sync {
    /// A short request.
    fn request(&self, context: &Context) -> Request;

    /// `length` bytes of requests, to be sent without reading the answers.
    fn flood(&self, context: &Context, length: u64) -> Payload;

    /// The most likely reason why the program sent wrong bytes.
    fn explain(&self, mismatch: &Mismatch) -> Cause;
}

/// What the program must answer.
pub trait Answer: Debug {
    /// Reads it from `connection`.
    ///
    /// # Errors
    ///
    /// The answer was wrong, or the connection ended before it was complete.
    fn read<'a>(&'a self, connection: &'a Connection) -> LocalBoxFuture<'a, Result<(), WireError>>;
}

/// A request and its complete answer.
#[derive(Clone, Debug)]
pub struct Request {
    pub sends: Payload,
    pub answer: Rc<dyn Answer>,
}

impl Request {
    /// Makes the request over `connection` while reading the answer.
    ///
    /// # Errors
    ///
    /// The answer was wrong, or the connection ended before it was complete.
    pub async fn make(&self, connection: &Connection) -> Result<(), WireError> {
        connection.send_while(&self.sends, self.answer.read(connection)).await
    }
}

/// Exactly these bytes.
impl Answer for Payload {
    fn read<'a>(&'a self, connection: &'a Connection) -> LocalBoxFuture<'a, Result<(), WireError>> {
        Box::pin(connection.expect(self, self.len()))
    }
}

/// Plain TCP.
#[derive(Debug)]
pub struct Tcp;

impl Dial for Tcp {
    fn dial(&self, context: &Context, address: SocketAddr, buffers: BufferSize) -> Dialled {
        let journal = context.journal().clone();
        Box::pin(async move { Connection::open(&journal, address, buffers).await })
    }
}
