//! Errors of a build.

use anyhow::anyhow;

/// Why a program could not be built.
#[derive(Debug)]
pub enum BuildError {
    /// The compiler's errors, as cargo shows them.
    Compile(String),
    Other(anyhow::Error),
}

impl From<anyhow::Error> for BuildError {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

impl BuildError {
    /// Turns it into an [`anyhow::Error`].
    #[must_use]
    pub fn into_error(self) -> anyhow::Error {
        match self {
            Self::Compile(errors) => anyhow!("it does not compile\n{errors}"),
            Self::Other(error) => error,
        }
    }
}
