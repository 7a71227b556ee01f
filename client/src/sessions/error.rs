//! Why a change of a session or a batch failed; named by what to do next.

use verbatim_proto::EntryUuid;

use crate::{call::Stopped, failure::Failure};

/// Why a session was not created or changed. Transient causes have been retried before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// There is no such session. (404)
    #[error("not found: {0}")]
    NotFound(Box<Failure>),
    /// Read it again and decide: a session of this id exists with other properties. (409)
    #[error("the session exists already: {0}")]
    Exists(Box<Failure>),
    /// Look at what was appended and decide: the head that was named is not the head there is. (409)
    #[error("{}: {failure}", head_text(head.as_ref()))]
    Conflict {
        /// The head there is; none for none.
        head: Option<EntryUuid>,
        /// What the server said.
        failure: Box<Failure>,
    },
    /// Read it again and decide: it has changed since the revision that was named. (412)
    #[error("the session was changed by someone else: {0}")]
    Changed(Box<Failure>),
    /// Stop: the session has ended or is deleted. (410)
    #[error("the session has ended or is deleted: {0}")]
    Ended(Box<Failure>),
    /// Get another token. (401 to a renewed token; 403; no token to be had.)
    #[error("the token does not allow this: {0}")]
    NotAllowed(Box<Failure>),
    /// Mend the request: it can never be carried out as it is. (400, 413 and the rest.)
    #[error("the request was refused: {0}")]
    Rejected(Box<Failure>),
    /// Send it again later: every attempt failed on the way or was refused for now, and surely none was carried out.
    #[error("the server cannot do it for now: {0}")]
    Unavailable(Box<Failure>),
    /// Read the session again: the change may or may not have been made.
    #[error("it may or may not have been done: {0}")]
    OutcomeUnknown(Box<Failure>),
}

/// Why a batch was not stored. Transient causes have been retried before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Mend or drop the batch: it can never be stored as it is. (400, 413, 415, 422.)
    #[error("the batch was refused: {0}")]
    Rejected(Box<Failure>),
    /// Get another token, then append it again. (401 to a renewed token; 403; no token to be had.)
    #[error("the token does not allow this: {0}")]
    NotAllowed(Box<Failure>),
    /// Stop: the session has ended or is deleted and takes nothing more. (410)
    #[error("the session takes no more entries: {0}")]
    SessionEnded(Box<Failure>),
    /// Agree on who writes: others moved the head every time; or some of its entries are stored already, and not as the
    /// first of the batch in chain order. (409)
    #[error("the head is elsewhere every time: {0}")]
    Contended(Box<Failure>),
    /// Append it again later: every attempt failed on the way or was refused for now, and surely none was carried out.
    #[error("the server cannot take it for now: {0}")]
    Unavailable(Box<Failure>),
    /// Check the URL: what answers there does not speak the contract. (3xx, 404, 405 and the like.)
    #[error("there is no append of batches at this URL: {0}")]
    Misdirected(Box<Failure>),
    /// Append the same [`Batch`](crate::Batch) again: it may or may not be stored, and the answer to it settles that.
    #[error("it may or may not be stored: {0}")]
    OutcomeUnknown(Box<Failure>),
}

fn head_text(head: Option<&EntryUuid>) -> String {
    head.map_or_else(|| "the session has no head".to_owned(), |head| format!("the head is {head}"))
}

impl ChangeError {
    pub(crate) fn stopped(stopped: Stopped, may_be_done: bool) -> Self {
        let (Stopped::NotAllowed(failure) | Stopped::Unavailable(failure)) = &stopped;
        let failure = Box::new(failure.clone());
        match stopped {
            _ if may_be_done => Self::OutcomeUnknown(failure),
            Stopped::NotAllowed(_) => Self::NotAllowed(failure),
            Stopped::Unavailable(_) => Self::Unavailable(failure),
        }
    }
}

impl BatchError {
    pub(super) fn stopped(stopped: Stopped, may_be_done: bool) -> Self {
        let (Stopped::NotAllowed(failure) | Stopped::Unavailable(failure)) = &stopped;
        let failure = Box::new(failure.clone());
        match stopped {
            _ if may_be_done => Self::OutcomeUnknown(failure),
            Stopped::NotAllowed(_) => Self::NotAllowed(failure),
            Stopped::Unavailable(_) => Self::Unavailable(failure),
        }
    }
}
