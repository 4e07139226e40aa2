//! What a program or a connection did, as part of a sentence.

use std::fmt;

use course::text::{count, quoted, size};

use crate::verdict::arrival::Arrival;
use crate::verdict::exit::ExitStatus;
use crate::verdict::transcript::{Bytes, Event};

/// Follows "the program".
impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (*self, self.signal_name()) {
            (Self::Status(status), _) => write!(f, "ended with status {status}"),
            (Self::Signal(signal), Some(name)) => {
                write!(f, "was killed by {name} (signal {signal})")
            }
            (Self::Signal(signal), None) => write!(f, "was killed by signal {signal}"),
        }
    }
}

/// Follows the name of the actor; an action stands alone.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action { text } => f.write_str(text),
            Self::Started => f.write_str("started"),
            Self::Ended { status } => write!(f, "{status}"),
            Self::Connected => f.write_str("connected"),
            Self::Accepted => f.write_str("accepted the connection"),
            Self::Sent(bytes) => write!(f, "sent {bytes}"),
            Self::Received(bytes) => write!(f, "received {bytes}"),
            Self::Input(bytes) => write!(f, "wrote {bytes} to standard input"),
            Self::Output(bytes) => write!(f, "printed {bytes}"),
            Self::CloseNotify => f.write_str("sent close_notify"),
            Self::ShutdownWrite => f.write_str("half-closed the connection (FIN)"),
            Self::Reset => f.write_str("reset the connection (RST)"),
            Self::EndOfStream => f.write_str("read the end of the stream (EOF)"),
            Self::Broken { reason } => write!(f, "lost the connection: {reason}"),
            Self::Signal { name } => write!(f, "sent {name}"),
            Self::LeftOut { events } => {
                let events = count(usize::try_from(*events).unwrap_or(usize::MAX), "event");
                write!(f, "{events} left out")
            }
        }
    }
}

/// The number of bytes and the first of them.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.count > self.first.len() as u64 { "…" } else { "" };
        write!(f, "{} {}{more}", size(self.count), quoted(&self.first))
    }
}

/// The client has been named before.
impl fmt::Display for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "it got {}", quoted(bytes)),
            Self::End => f.write_str("its connection was closed"),
            Self::Broken(reason) => write!(f, "its connection broke: {reason}"),
        }
    }
}
