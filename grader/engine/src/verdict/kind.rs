//! What kind of failure a check ended with, and what follows from the kind alone.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;

use super::difference::Difference;
use super::exit::ExitStatus;
use super::serialize::{escaped, milliseconds, optional_milliseconds};

/// What was seen instead of what was expected.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FailureKind {
    /// The program did not send the expected bytes.
    WrongBytes {
        #[serde(flatten)]
        difference: Difference,
    },
    /// The program sent bytes where none were expected.
    UnexpectedBytes {
        stream: Stream,
        /// How many arrived in one piece.
        count: u64,
        #[serde(serialize_with = "escaped")]
        first: Vec<u8>,
    },
    /// Nothing arrived, and it is proven that nothing will (rule R13).
    ProvenHang,
    /// Nothing arrived in time.
    Timeout {
        #[serde(rename = "after_ms", serialize_with = "milliseconds")]
        after: Duration,
    },
    /// The program did not close a connection.
    NotClosed {
        /// How long the grader waited; `None` if it is proven that the program never will (rule R13).
        #[serde(rename = "after_ms", serialize_with = "optional_milliseconds")]
        after: Option<Duration>,
    },
    /// The check as a whole did not end in time.
    CheckTimeout {
        #[serde(rename = "after_ms", serialize_with = "milliseconds")]
        after: Duration,
    },
    /// The program closed the stream (FIN or RST) before all bytes had arrived.
    ClosedEarly {
        stream: Stream,
        received: u64,
        #[serde(rename = "wanted")]
        expected: u64,
    },
    /// The connection broke.
    ConnectionBroken {
        #[serde(skip_serializing_if = "Option::is_none")]
        phase: Option<Phase>,
        reason: String,
        /// Whether the error comes from TLS, not from the socket.
        tls: bool,
        /// Bytes sent and received before, if they matter.
        #[serde(skip_serializing_if = "Option::is_none")]
        traffic: Option<Traffic>,
    },
    /// A connection ended unexpectedly; `observed` says how the grader noticed.
    ConnectionLost { observed: String },
    /// The program reset the connection before it was established.
    ConnectReset { address: SocketAddr, reason: String },
    /// Nothing listens at the address.
    ConnectRefused { address: SocketAddr, reason: String },
    /// The TLS handshake did not succeed.
    HandshakeFailed { how: HandshakeEnd },
    /// The server under test has ended.
    ServerEnded { status: ExitStatus },
    /// The program did not end with the expected status.
    WrongStatus { status: ExitStatus },
    /// The program should have ended but has not.
    StillRunning {
        /// How long the grader waited; `None` if the program is proven to sleep forever.
        #[serde(rename = "after_ms", serialize_with = "optional_milliseconds")]
        after: Option<Duration>,
    },
    /// The operating system cannot start the program.
    NotStarted { reason: String },
    /// The program has not said where it listens, or not in the required form.
    NotAnnounced { fault: AnnouncementFault },
    /// The program reached a `todo!()`.
    NotWritten {
        /// What the `todo!()` says.
        todo: String,
        /// Its file and line, if the program's last words name them: `src/lib.rs:52`.
        place: Option<String>,
        /// What was seen from outside.
        symptom: Box<FailureKind>,
    },
    /// An expected property does not hold; `observed` says what was seen instead.
    Property { observed: String },
    /// Checks that passed left client sockets behind.
    Residue { left: Vec<Residue> },
}

/// One of the program's output streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// What a server sends to one of the grader's clients.
    ToClient,
    /// What a client program sends to the grader's server.
    ToServer,
    /// What a client program prints.
    StandardOutput,
}

/// When a connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Sending,
    Reading,
}

/// Bytes on one connection, from the grader's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Traffic {
    pub sent: u64,
    pub received: u64,
}

/// How a TLS handshake failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HandshakeEnd {
    /// TLS reports the reason.
    Disagreed(String),
    /// The program closed the connection.
    Closed,
    /// The connection broke.
    Broken(String),
}

/// What is wrong with the line in which a server says where it listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnouncementFault {
    /// The program ended without printing it.
    Ended,
    /// The program sleeps forever after it has printed `printed`, the beginning of a line.
    Silent {
        #[serde(serialize_with = "escaped")]
        printed: Vec<u8>,
        threads: usize,
    },
    /// It did not arrive in time, but `printed` bytes of other output did.
    Late {
        printed: u64,
        #[serde(rename = "after_ms", serialize_with = "milliseconds")]
        after: Duration,
    },
    /// It names an address that was not requested.
    WrongAddress(SocketAddr),
    /// It is a different line; only the beginning of a long one is kept.
    WrongLine {
        #[serde(serialize_with = "escaped")]
        line: Vec<u8>,
        cut: bool,
        utf8: bool,
    },
    /// It names an address on which the program does not listen.
    NotListening { named: SocketAddr, listening: Vec<SocketAddr> },
}

/// What a check left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Residue {
    /// The check's id.
    pub check: String,
    /// Sockets of disconnected clients.
    pub sockets: usize,
}

/// Whether a failure proves something about the program on any machine (rule R9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// It does, no matter how busy the machine is.
    Certain,
    /// A busy machine may have caused it (rule R9).
    MachineMayBeAtFault,
}

impl FailureKind {
    /// The kind of failure if the grader was waiting for the end of a stream.
    #[must_use]
    pub fn awaiting_end(self) -> Self {
        match self {
            Self::ProvenHang => Self::NotClosed { after: None },
            Self::Timeout { after } => Self::NotClosed { after: Some(after) },
            other => other,
        }
    }

    /// `received` arrived where nothing was expected.
    #[must_use]
    pub fn unexpected(stream: Stream, received: &[u8]) -> Self {
        Self::UnexpectedBytes { stream, count: received.len() as u64, first: received.to_vec() }
    }

    /// Whether a busy machine may have caused it (rule R9).
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        match self {
            // However busy it is, a machine never changes bytes, ends a server, reaches a `todo!()` or puts a thread to
            // sleep without a timeout.
            Self::WrongBytes { .. }
            | Self::UnexpectedBytes { .. }
            | Self::ProvenHang
            | Self::NotClosed { after: None }
            | Self::StillRunning { after: None }
            | Self::ServerEnded { .. }
            | Self::NotWritten { .. }
            | Self::Residue { .. } => Certainty::Certain,
            Self::Timeout { .. }
            | Self::CheckTimeout { .. }
            | Self::ClosedEarly { .. }
            | Self::ConnectionBroken { .. }
            | Self::ConnectionLost { .. }
            | Self::ConnectReset { .. }
            | Self::ConnectRefused { .. }
            | Self::HandshakeFailed { .. }
            | Self::WrongStatus { .. }
            | Self::NotClosed { after: Some(_) }
            | Self::StillRunning { after: Some(_) }
            | Self::NotStarted { .. }
            | Self::NotAnnounced { .. }
            | Self::Property { .. } => Certainty::MachineMayBeAtFault,
        }
    }

    /// Whether the grader waited for something that did not arrive.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        matches!(self, Self::ProvenHang | Self::Timeout { .. } | Self::NotClosed { .. })
    }

    /// Whether the grader waited out a deadline.
    #[must_use]
    pub fn is_late(&self) -> bool {
        matches!(
            self,
            Self::Timeout { .. }
                | Self::CheckTimeout { .. }
                | Self::NotClosed { after: Some(_) }
                | Self::StillRunning { after: Some(_) }
        )
    }

    /// Whether a program that has just ended looks like this from outside: the kernel closes its sockets before its
    /// parent learns of the end.
    #[must_use]
    pub fn may_follow_an_end(&self) -> bool {
        matches!(
            self,
            Self::ClosedEarly { .. }
                | Self::ConnectionBroken { .. }
                | Self::ConnectionLost { .. }
                | Self::ConnectReset { .. }
                | Self::ConnectRefused { .. }
                | Self::HandshakeFailed { .. }
        )
    }

    /// Whether a program looks like this from outside when one of its threads or tasks has just panicked.
    #[must_use]
    pub fn may_follow_a_panic(&self) -> bool {
        self.is_unanswered()
            || matches!(self, Self::ClosedEarly { .. } | Self::ConnectionBroken { .. })
    }

    /// What was seen: the symptom of a `todo!()`, or the kind itself.
    #[must_use]
    pub fn symptom(&self) -> &Self {
        match self {
            Self::NotWritten { symptom, .. } => symptom.symptom(),
            other => other,
        }
    }
}
