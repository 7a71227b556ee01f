//! What the service refuses, named by cause; each knows its code and whether anything was stored.

use verbatim_proto::{EntryError, ErrorCode, Outcome};

use crate::store::{AppendError, Standing, StoreError};

/// Why an append was refused.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendRefused {
    /// The body is not an entry.
    #[error(transparent)]
    Malformed(#[from] EntryError),
    /// The uuid or key stands in the chain with other content.
    #[error(
        "the chain holds another entry under this uuid or Idempotency-Key; give a new entry a new one, and never change an entry that was sent"
    )]
    Reused(Standing),
    /// `Last-Uuid` is not the head.
    #[error(
        "Last-Uuid is not the head of the chain; adopt the head in x-last-uuid, or send none where there is none, and append again"
    )]
    Conflict(Standing),
    /// The session has ended.
    #[error("the session has ended and takes no more entries; append to another session")]
    Ended(Standing),
    /// The session is deleted.
    #[error("the session is deleted; append to another session")]
    Deleted(Standing),
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] AppendError),
}

impl AppendRefused {
    /// The code on the wire.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Malformed(_) => ErrorCode::InvalidRequest,
            Self::Reused(_) => ErrorCode::UuidReused,
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::Ended(_) | Self::Deleted(_) => ErrorCode::SessionEnded,
            Self::Store(AppendError::NotStored(cause) | AppendError::Unknown(cause)) => store_code(cause),
        }
    }

    /// Whether anything was stored.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Store(AppendError::Unknown(_)) => Outcome::Unknown,
            Self::Malformed(_)
            | Self::Reused(_)
            | Self::Conflict(_)
            | Self::Ended(_)
            | Self::Deleted(_)
            | Self::Store(AppendError::NotStored(_)) => Outcome::NotStored,
        }
    }

    /// Where the chain stands, where the refusal tells.
    pub fn standing(&self) -> Option<Standing> {
        match self {
            Self::Reused(standing) | Self::Conflict(standing) | Self::Ended(standing) | Self::Deleted(standing) => {
                Some(*standing)
            }
            Self::Malformed(_) | Self::Store(_) => None,
        }
    }
}

impl From<StoreError> for AppendRefused {
    fn from(error: StoreError) -> Self {
        Self::Store(AppendError::NotStored(error))
    }
}

/// Why a read was refused.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadRefused {
    /// There is no such session.
    #[error("there is no such session in the token's organisation; check the id, or append to it to create it")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReadRefused {
    /// The code on the wire.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound => ErrorCode::NotFound,
            Self::Store(cause) => store_code(cause),
        }
    }
}

/// The code for what a store could not do. Damage and failures of the engine are the server's own.
pub fn store_code(error: &StoreError) -> ErrorCode {
    match error {
        StoreError::Overloaded | StoreError::Failing(_) | StoreError::Reopening => ErrorCode::Overloaded,
        StoreError::Full => ErrorCode::StorageFull,
        StoreError::Closed => ErrorCode::ShuttingDown,
        StoreError::Damaged(_) | StoreError::Engine { .. } => ErrorCode::Api,
    }
}
