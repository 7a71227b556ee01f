//! Why an append failed; named by what to do next. Each gives the entry back.

use std::sync::Arc;

use bytes::Bytes;
use verbatim_proto::{EntryUuid, IdempotencyKey};

use crate::failure::Failure;

/// Why an append failed. Transient causes have been retried before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Mend or drop the entry: it can never be stored as it is. (Not an entry; 400, 413, 415, 422.) What queued behind it
    /// went on.
    #[error("the entry was refused: {0}")]
    Rejected(Box<NotStored>),
    /// Get another token, then append it again. (401 to a renewed token; 403; no token to be had.)
    #[error("the token does not allow this: {0}")]
    NotAllowed(Box<NotStored>),
    /// Stop: the session has ended or is deleted and takes nothing more. (410)
    #[error("the session takes no more entries: {0}")]
    SessionEnded(Box<NotStored>),
    /// Agree on who writes: others moved the head every time, as often as
    /// [`RetryPolicy::conflicts_max`](crate::RetryPolicy::conflicts_max) allows. (409)
    #[error("other writers moved the head every time: {0}")]
    Contended(Box<NotStored>),
    /// Append it again later: every attempt failed on the way or was refused for now, and surely none was carried out.
    #[error("the server cannot take it for now: {0}")]
    Unavailable(Box<NotStored>),
    /// Check the URL: what answers there does not speak the contract. (3xx, 404, 405 and the like.)
    #[error("there is no append at this URL: {0}")]
    Misdirected(Box<NotStored>),
    /// Append it again, with its key: it may or may not be stored, and the answer to the same entry settles it.
    #[error("it may or may not be stored: {0}")]
    OutcomeUnknown(Box<OutcomeUnknown>),
    /// Settle the one before it, then append it again: it was not sent, so that the order holds.
    #[error("not sent: {0}")]
    NotSent(Box<NotSent>),
}

/// An entry that is not stored, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{failure}")]
pub struct NotStored {
    /// The entry, as it was given.
    pub entry: Bytes,
    /// The last thing that went wrong.
    pub failure: Failure,
}

/// An entry that may be stored: a request was sent and what became of it is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{failure}")]
pub struct OutcomeUnknown {
    /// The entry, as it was given.
    pub entry: Bytes,
    /// The key it was sent with, given or made up; none where its `uuid` makes it recognisable.
    pub key: Option<IdempotencyKey>,
    /// The last thing that went wrong.
    pub failure: Failure,
}

/// An entry that was never sent, and what it was behind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{behind}")]
pub struct NotSent {
    /// The entry, as it was given.
    pub entry: Bytes,
    /// The key it would have been sent with; none where it has a `uuid`.
    pub key: Option<IdempotencyKey>,
    /// What kept it from being sent.
    pub behind: Arc<Behind>,
}

/// What kept an entry from being sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Behind {
    /// The one before it failed, and may still come.
    #[error("the entry before it failed: {failure}")]
    Failed {
        /// The uuid of the entry that failed, where it has one.
        uuid: Option<EntryUuid>,
        /// Whether that entry may be stored.
        may_be_stored: bool,
        /// What went wrong with it.
        failure: Failure,
    },
    /// The session was cleared; take a new writer from the client.
    #[error("the session was cleared; take a new writer from Client::session")]
    Cleared,
    /// The runtime that the writer's task lived on has ended.
    #[error("the runtime that carried the writer has ended; clear the session and take a new writer")]
    RuntimeEnded,
}

impl NotStored {
    pub(crate) fn new(entry: Bytes, failure: Failure) -> Box<Self> {
        Box::new(Self { entry, failure })
    }
}

impl AppendError {
    /// The entry that failed.
    pub fn entry(&self) -> &Bytes {
        match self {
            Self::Rejected(error)
            | Self::NotAllowed(error)
            | Self::SessionEnded(error)
            | Self::Contended(error)
            | Self::Unavailable(error)
            | Self::Misdirected(error) => &error.entry,
            Self::OutcomeUnknown(error) => &error.entry,
            Self::NotSent(error) => &error.entry,
        }
    }

    /// What went wrong last; with the entry itself, or with the one before it.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Rejected(error)
            | Self::NotAllowed(error)
            | Self::SessionEnded(error)
            | Self::Contended(error)
            | Self::Unavailable(error)
            | Self::Misdirected(error) => Some(&error.failure),
            Self::OutcomeUnknown(error) => Some(&error.failure),
            Self::NotSent(error) => match &*error.behind {
                Behind::Failed { failure, .. } => Some(failure),
                Behind::Cleared | Behind::RuntimeEnded => None,
            },
        }
    }

    /// Whether the entry may be stored all the same.
    pub fn may_be_stored(&self) -> bool {
        matches!(self, Self::OutcomeUnknown(_))
    }
}
