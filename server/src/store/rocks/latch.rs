//! Whether appends are taken. A write error closes the latch; the first reason is kept until the store has healed.

use std::sync::{PoisonError, RwLock};

use crate::store::StoreError;

/// Open, or closed for a reason.
#[derive(Debug, Default)]
pub(super) struct Latch {
    reason: RwLock<Option<StoreError>>,
}

impl Latch {
    /// Closes the latch, unless it is closed already.
    pub(super) fn close(&self, reason: StoreError) {
        self.reason.write().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
    }

    /// Opens the latch.
    pub(super) fn open(&self) {
        *self.reason.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The reason why it is closed.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        match &*self.reason.read().unwrap_or_else(PoisonError::into_inner) {
            Some(reason) => Err(reason.clone()),
            None => Ok(()),
        }
    }
}
