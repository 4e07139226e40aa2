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
    /// The program sent other bytes than the expected ones.
    WrongBytes {
        #[serde(flatten)]
        difference: Difference,
    },
    /// The program sent bytes where none were expected.
    UnexpectedBytes {
        stream: Stream,
        /// How many came in one piece.
        count: u64,
        #[serde(serialize_with = "escaped")]
        first: Vec<u8>,
    },
    /// Nothing came, and it is proven that nothing will: rule R13.
    ProvenHang,
    /// Nothing came in time.
    Timeout {
        #[serde(rename = "after_ms", serialize_with = "milliseconds")]
        after: Duration,
    },
    /// The program did not close a connection.
    NotClosed {
        /// How long was waited; `None` where it is proven that it will not (rule R13).
        #[serde(rename = "after_ms", serialize_with = "optional_milliseconds")]
        after: Option<Duration>,
    },
    /// The check as a whole did not end in time.
    CheckTimeout {
        #[serde(rename = "after_ms", serialize_with = "milliseconds")]
        after: Duration,
    },
    /// The program closed the stream (FIN or RST) before all bytes had come.
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
        /// Whether TLS is the reason, not the socket.
        tls: bool,
        /// Bytes sent and received before, as far as they count.
        #[serde(skip_serializing_if = "Option::is_none")]
        traffic: Option<Traffic>,
    },
    /// A connection ended where it should not have; says how that was seen.
    ConnectionLost { observed: String },
    /// The program reset the connection before it was established.
    ConnectReset { address: SocketAddr, reason: String },
    /// Nothing listens.
    ConnectRefused { address: SocketAddr, reason: String },
    /// The TLS handshake did not succeed.
    HandshakeFailed { how: HandshakeEnd },
    /// The program, a server, has ended.
    ServerEnded { status: ExitStatus },
    /// The program ended with another status than the expected one.
    WrongStatus { status: ExitStatus },
    /// The program was to end, and has not.
    StillRunning {
        /// How long was waited; `None` where it is proven to sleep forever.
        #[serde(rename = "after_ms", serialize_with = "optional_milliseconds")]
        after: Option<Duration>,
    },
    /// The operating system cannot start the program.
    NotStarted { reason: String },
    /// The program has not said where it listens, or not as it should.
    NotAnnounced { fault: AnnouncementFault },
    /// The program reached a `todo!()`.
    NotWritten {
        /// What the `todo!()` says.
        todo: String,
        /// What was seen of it.
        symptom: Box<FailureKind>,
    },
    /// What a check expects does not hold; says what was seen instead.
    Property { observed: String },
    /// Checks that passed left sockets of clients behind.
    Residue { left: Vec<Residue> },
}

/// Which stream of the program's bytes is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// What a server sends to a client of the grader's.
    ToClient,
    /// What a client program sends to a server of the grader's.
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

/// How a TLS handshake ended without success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HandshakeEnd {
    /// TLS says why.
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
    /// The program ended without it.
    Ended,
    /// The program sleeps forever, after it has printed this beginning of a line.
    Silent {
        #[serde(serialize_with = "escaped")]
        printed: Vec<u8>,
        threads: usize,
    },
    /// It did not come in time; so many bytes of other output did.
    Late {
        printed: u64,
        #[serde(rename = "after_ms", serialize_with = "milliseconds")]
        after: Duration,
    },
    /// It names an address that was not asked for.
    WrongAddress(SocketAddr),
    /// It is another line; of a long one only the beginning is kept.
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
    /// Its id.
    pub check: String,
    /// Sockets of clients that are gone.
    pub sockets: usize,
}

/// Whether a failure says something about the program on any machine (rule R9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// It does, however busy the machine is.
    Certain,
    /// A busy machine may have caused it: rule R9.
    MachineMayBeAtFault,
}

impl FailureKind {
    /// The kind of a failure in which the end of a stream was waited for.
    #[must_use]
    pub fn awaiting_end(self) -> Self {
        match self {
            Self::ProvenHang => Self::NotClosed { after: None },
            Self::Timeout { after } => Self::NotClosed { after: Some(after) },
            other => other,
        }
    }

    /// The bytes of `received` that came where none were expected.
    #[must_use]
    pub fn unexpected(stream: Stream, received: &[u8]) -> Self {
        Self::UnexpectedBytes { stream, count: received.len() as u64, first: received.to_vec() }
    }

    /// Whether a busy machine may have caused it (rule R9).
    #[must_use]
    pub fn certainty(&self) -> Certainty {
        match self {
            // No machine is so busy that it sends other bytes, ends a server, reaches a `todo!()` or has a thread
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

    /// Whether something was waited for that did not come.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        matches!(self, Self::ProvenHang | Self::Timeout { .. } | Self::NotClosed { .. })
    }

    /// Whether a program that has just ended looks like this from outside: its kernel closes its sockets before its
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

    /// Whether a program one of whose threads or tasks has just panicked looks like this from outside.
    #[must_use]
    pub fn may_follow_a_panic(&self) -> bool {
        self.is_unanswered()
            || matches!(self, Self::ClosedEarly { .. } | Self::ConnectionBroken { .. })
    }

    /// What was seen of it: of a `todo!()` its symptom.
    #[must_use]
    pub fn symptom(&self) -> &Self {
        match self {
            Self::NotWritten { symptom, .. } => symptom.symptom(),
            other => other,
        }
    }
}
