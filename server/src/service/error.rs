//! What the service refuses, named by cause; each knows its code and whether anything was stored.

use verbatim_proto::{EntryError, ErrorCode, Outcome, messages::AppendStatus, sessions::Status};

use crate::{
    metrics::AppendOutcome,
    store::{AppendError, Standing, StoreError},
};

/// Why an append was refused.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendRefused {
    /// The body is not an entry.
    #[error(transparent)]
    Malformed(#[from] EntryError),
    /// One of a batch's entries is not an entry, or cannot be in a batch.
    #[error("entry {} of the batch: {cause}", .index + 1)]
    MalformedInBatch {
        /// Which, from 0.
        index: usize,
        /// Why.
        cause: BatchEntryError,
    },
    /// The body is not a batch.
    #[error("the batch is out of form: {0}")]
    MalformedBatch(&'static str),
    /// The uuid or key stands in the chain with other content.
    #[error(
        "the chain holds another entry under this uuid or Idempotency-Key; give a new entry a new one, and never change an entry that was sent"
    )]
    Reused(Standing),
    /// `Last-Uuid` is not the head.
    #[error(
        "Last-Uuid is not the head of the chain; send what x-last-uuid says as Last-Uuid, or no Last-Uuid where the answer has no x-last-uuid"
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
            Self::Malformed(_) | Self::MalformedInBatch { .. } | Self::MalformedBatch(_) => ErrorCode::InvalidRequest,
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
            | Self::MalformedInBatch { .. }
            | Self::MalformedBatch(_)
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
            Self::Malformed(_) | Self::MalformedInBatch { .. } | Self::MalformedBatch(_) | Self::Store(_) => None,
        }
    }
}

impl From<&AppendRefused> for AppendOutcome {
    fn from(refused: &AppendRefused) -> Self {
        match refused {
            AppendRefused::Malformed(_) | AppendRefused::MalformedInBatch { .. } | AppendRefused::MalformedBatch(_) => {
                Self::Malformed
            }
            AppendRefused::Reused(_) => Self::UuidReused,
            AppendRefused::Conflict(_) => Self::Conflict,
            AppendRefused::Ended(_) => Self::Ended,
            AppendRefused::Deleted(_) => Self::Deleted,
            AppendRefused::Store(AppendError::NotStored(cause)) => Self::NotStored(cause.kind()),
            AppendRefused::Store(AppendError::Unknown(_)) => Self::Unknown,
        }
    }
}

impl From<AppendStatus> for AppendOutcome {
    fn from(status: AppendStatus) -> Self {
        match status {
            AppendStatus::Stored => Self::Stored,
            AppendStatus::AlreadyStored => Self::AlreadyStored,
        }
    }
}

/// Why an entry cannot be in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchEntryError {
    /// It is not an entry.
    #[error(transparent)]
    Malformed(#[from] EntryError),
    /// An entry before it has the same uuid.
    #[error("an entry before it has the same uuid; send each entry once")]
    UuidTwice,
    /// It has no uuid and the batch no key, so that a retry could not be recognised.
    #[error("it has no uuid; give the batch an Idempotency-Key, so that a retry is recognised")]
    Unrecognisable,
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
    /// There is no such entry.
    #[error("the session holds no entry of this id; check the id, or list the session's entries")]
    NoSuchEntry,
    /// A bound names an entry that is not there.
    #[error("{parameter} names no entry of this session; give an event_id as its entries have it")]
    NoSuchBound {
        /// Which bound.
        parameter: &'static str,
    },
    /// There are fewer boundaries.
    #[error("the session has {count} boundaries, counted from 1; give from_boundary one of them, or last")]
    NoSuchBoundary {
        /// How many there are.
        count: u32,
    },
    /// The chain that was read is not the session's any more.
    #[error("the chain that the cursor was made on is gone; leave the cursor out to begin anew")]
    ChainGone,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store gave no answer to a change of what was read.
    #[error(transparent)]
    Change(AppendError),
}

impl ReadRefused {
    /// The code on the wire.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound | Self::NoSuchEntry => ErrorCode::NotFound,
            Self::NoSuchBound { .. } | Self::NoSuchBoundary { .. } => ErrorCode::InvalidRequest,
            Self::ChainGone => ErrorCode::CursorGone,
            Self::Store(cause) => store_code(cause),
            Self::Change(AppendError::NotStored(cause) | AppendError::Unknown(cause)) => store_code(cause),
        }
    }
}

/// Why a request about a session was refused.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SessionRefused {
    /// The request is out of form.
    #[error("{0}")]
    Invalid(String),
    /// There is no such session.
    #[error("there is no such session in the token's organisation; check the id, or append to it to create it")]
    NotFound,
    /// A session of the id exists, and this request would have made another one.
    #[error("a session of this id exists and was not made by this same request; read it, or choose another id")]
    Exists,
    /// `If-Match` names a revision that has passed; this is the one now.
    #[error("the session has changed since it was read; read it again, decide, and send its ETag in If-Match")]
    RevisionPassed(u64),
    /// The session's status does not allow it.
    #[error("the session is {}; what is ended or deleted does not become active again by this request", status_name(*.0))]
    Forbidden(Status, Standing),
    /// `Last-Uuid` is not the head.
    #[error(
        "Last-Uuid is not the head of the chain; send what x-last-uuid says as Last-Uuid, or no Last-Uuid where the answer has no x-last-uuid"
    )]
    Conflict(Standing),
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] AppendError),
}

impl SessionRefused {
    /// The code on the wire.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Invalid(_) => ErrorCode::InvalidRequest,
            Self::NotFound => ErrorCode::NotFound,
            Self::Exists => ErrorCode::SessionExists,
            Self::RevisionPassed(_) => ErrorCode::PreconditionFailed,
            Self::Forbidden(..) => ErrorCode::SessionEnded,
            Self::Conflict(_) => ErrorCode::Conflict,
            Self::Store(AppendError::NotStored(cause) | AppendError::Unknown(cause)) => store_code(cause),
        }
    }
}

impl From<StoreError> for SessionRefused {
    fn from(error: StoreError) -> Self {
        Self::Store(AppendError::NotStored(error))
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Paused => "paused",
        Status::Ended => "ended",
        Status::Deleted => "deleted",
    }
}

/// The code for what a store could not do. Damage and failures of the engine are the server's own.
pub fn store_code(error: &StoreError) -> ErrorCode {
    match error {
        StoreError::Overloaded | StoreError::Failing(_) | StoreError::Reopening => ErrorCode::Overloaded,
        StoreError::Full => ErrorCode::StorageFull,
        StoreError::Closed => ErrorCode::ShuttingDown,
        StoreError::Purged => ErrorCode::NotFound,
        StoreError::Damaged(_) | StoreError::Engine { .. } | StoreError::InUse => ErrorCode::Api,
    }
}
