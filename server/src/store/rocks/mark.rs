//! How far reads can go: what the writer has made safe, for whoever follows an organisation without asking the writer.

use std::sync::{Mutex, PoisonError};

use verbatim_proto::Timestamp;

use super::commit::Next;

/// The number that the next change gets, and the time of the newest group.
pub(super) struct Mark(Mutex<(u64, Timestamp)>);

impl Mark {
    pub(super) fn new(next: Next, now: Timestamp) -> Self {
        Self(Mutex::new((next.change, now)))
    }

    /// Everything that was stamped by `now` is safe and can be read.
    pub(super) fn set(&self, next: Next, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (next.change, now);
    }

    pub(super) fn get(&self) -> (u64, Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
