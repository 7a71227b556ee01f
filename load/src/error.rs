//! Why a run stopped, and the exit status that says so.

use std::{fmt::Display, io};

/// Why a run stopped. Each kind has its own exit status (`sysexits.h`), so that a script can tell them apart.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// Something on this machine did not work.
    #[error("{doing}: {cause}")]
    System {
        /// Verb and object.
        doing: String,
        /// What the system said.
        cause: io::Error,
    },
    /// The server, or a peer, cannot be reached or answers in a way that makes the figures meaningless.
    #[error("{0}")]
    Target(String),
    /// What was acknowledged is not what is stored.
    #[error("{0}")]
    Verify(String),
}

impl LoadError {
    /// The exit status: 64 usage, 69 target, 71 system, 1 a failed check.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Usage(_) => 64,
            Self::Target(_) => 69,
            Self::System { .. } => 71,
            Self::Verify(_) => 1,
        }
    }
}

/// Gives a system's error its verb and object.
pub trait While<T> {
    /// `doing` is verb and object, as in `open the report`.
    fn while_doing(self, doing: impl Display) -> Result<T, LoadError>;
}

impl<T, E: Into<io::Error>> While<T> for Result<T, E> {
    fn while_doing(self, doing: impl Display) -> Result<T, LoadError> {
        self.map_err(|cause| LoadError::System { doing: doing.to_string(), cause: cause.into() })
    }
}
