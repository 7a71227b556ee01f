//! Why a read gave nothing, or nothing more; named by what to do next.

use crate::failure::Failure;

/// Why a read ended. Transient causes have been retried before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// There is no such session. (404 to the first request.)
    #[error("not found: {0}")]
    NotFound(Box<Failure>),
    /// The session went away between two pages. What was read before is good, and not the whole.
    #[error("the session went away after {entries_read} entries had been read: {failure}")]
    GoneMidway {
        /// Entries that the stream had given.
        entries_read: u64,
        /// What the server said.
        failure: Box<Failure>,
    },
    /// Get another token: this one does not hold, or may not read the session. (401 to a renewed token; 403.)
    #[error("the token does not allow this: {0}")]
    NotAllowed(Box<Failure>),
    /// Do not ask again: the request itself is refused, for example for its cursor. (400, 410 and the rest.)
    #[error("the request was refused: {0}")]
    Rejected(Box<Failure>),
    /// Ask again later: every attempt failed on the way, was refused for now, or was cut off.
    #[error("no whole answer for now: {0}")]
    Unavailable(Box<Failure>),
    /// Report it: the server's pages do not advance, and would be read for ever.
    #[error("the server's cursor stopped advancing after {entries_read} entries; reading on would never end")]
    CursorStuck {
        /// Entries, or sessions of a list, that the stream had given.
        entries_read: u64,
    },
    /// Go on from the cursor with [`Reader::pages_from`](crate::Reader::pages_from) if you like: the bound set by
    /// [`ClientBuilder::pages_max`](crate::ClientBuilder::pages_max) was reached.
    #[error("there are more pages than the {pages} that this client reads at once")]
    PagesMax {
        /// Pages that the stream had given.
        pages: u64,
        /// Where the next one begins.
        next_cursor: String,
    },
}
