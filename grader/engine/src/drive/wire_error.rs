//! What goes wrong between a client and the program.

use crate::verdict::{Cause, CheckError, Difference, Failure, FailureKind};

/// What went wrong between a client and the program.
#[derive(Debug)]
pub enum WireError {
    /// Wrong bytes arrived; the likely cause depends on the protocol.
    Mismatch(Mismatch),
    /// The program did not do what it should. The waiting code adds what was expected.
    Failed(Box<Failure>),
    /// The grader itself failed, with the reason.
    Machine(String),
}

/// Where received bytes differ from the expected ones.
#[derive(Debug)]
pub struct Mismatch {
    pub difference: Difference,
    /// The received line that contains the difference, from its beginning, as far as it arrived in one piece.
    pub line: Vec<u8>,
    /// How many bytes of it are right.
    equal: usize,
}

impl Mismatch {
    /// The first difference between `expected` and `received`, which both begin at `begin` in the stream; `None` if they
    /// are equal as far as both go.
    pub(super) fn between(begin: u64, expected: &[u8], received: &[u8]) -> Option<Self> {
        let at = received.iter().zip(expected).position(|(got, wanted)| got != wanted)?;
        let line = received[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        Some(Self {
            difference: Difference::between(begin, expected, received, at),
            line: received[line..].to_vec(),
            equal: at - line,
        })
    }

    /// What arrived instead of the expected bytes.
    #[must_use]
    pub fn rest(&self) -> &[u8] {
        &self.line[self.equal..]
    }

    /// Whether bytes that are not UTF-8 were replaced, as by `from_utf8_lossy`.
    #[must_use]
    pub fn is_lossy(&self) -> bool {
        self.rest().starts_with("\u{fffd}".as_bytes())
    }
}

impl WireError {
    /// A failure of this kind, with its likely cause.
    #[must_use]
    pub fn new(kind: FailureKind, cause: impl Into<Cause>) -> Self {
        Self::Failed(Box::new(Failure::new(kind).because(cause)))
    }

    /// Turns it into a failure. If wrong bytes arrived, `explain` gives the likely reason.
    ///
    /// # Errors
    ///
    /// The grader itself failed: the program cannot be blamed.
    pub(super) fn into_failure(
        self,
        explain: impl FnOnce(&Mismatch) -> Option<Cause>,
    ) -> Result<Failure, CheckError> {
        match self {
            Self::Machine(reason) => Err(CheckError::Inconclusive(reason)),
            Self::Failed(failure) => Ok(*failure),
            Self::Mismatch(mismatch) => {
                let cause = explain(&mismatch);
                let difference = mismatch.difference;
                Ok(Failure::new(FailureKind::WrongBytes { difference }).because_of(cause))
            }
        }
    }

    /// Whether the program unexpectedly refused, reset or ended the connection: it may have died.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Failed(failure) if failure.kind.may_follow_an_end())
    }
}

impl From<Failure> for WireError {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}
