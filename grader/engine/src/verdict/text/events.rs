//! What a program or a connection did, as part of a sentence.

use std::fmt;

use course::text::quoted;

use crate::verdict::arrival::Arrival;
use crate::verdict::exit::ExitStatus;

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
