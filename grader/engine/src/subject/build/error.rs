//! Why there is no program.

use anyhow::anyhow;

/// Why there is no program.
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
    /// The same as one error, where it does not matter which it is.
    #[must_use]
    pub fn into_error(self) -> anyhow::Error {
        match self {
            Self::Compile(errors) => anyhow!("it does not compile\n{errors}"),
            Self::Other(error) => error,
        }
    }
}
