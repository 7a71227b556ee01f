//! Tokens that were verified lately. An agent sends the same one with every entry, and a signature is dearer than a hash.
//!
//! Only what no later moment can change is remembered: who signed it and what it says. Times and revocations are checked at
//! every use, and what was verified with one set of keys is forgotten with it.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use verbatim_proto::Claims;

use super::{Unauthenticated, keys::Fingerprint};
use crate::{limits::VERIFIED_TOKENS_MAX, metrics::LookupMetrics};

/// What a token that was verified says, and the key that verified it.
#[derive(Debug)]
pub(super) struct Vouched {
    pub(super) claims: Claims,
    pub(super) key: Fingerprint,
}

/// Verified tokens, by their BLAKE3 hash; the one that was used longest ago goes first. A token that does not hold is not
/// remembered.
pub(super) struct Verified {
    tokens: Mutex<LruCache<[u8; 32], Arc<Vouched>>>,
    lookups: LookupMetrics,
}

impl Verified {
    pub(super) fn new() -> Self {
        let most = NonZeroUsize::new(VERIFIED_TOKENS_MAX).unwrap_or(NonZeroUsize::MIN);
        Self { tokens: Mutex::new(LruCache::new(most)), lookups: LookupMetrics::tokens() }
    }

    /// What the token says, found here or else by `verify`, which runs without the lock.
    pub(super) fn get_or(
        &self,
        token: &str,
        verify: impl FnOnce() -> Result<Vouched, Unauthenticated>,
    ) -> Result<Arc<Vouched>, Unauthenticated> {
        let hash = *blake3::hash(token.as_bytes()).as_bytes();
        if let Some(vouched) = self.lock().get(&hash) {
            self.lookups.hit();
            return Ok(Arc::clone(vouched));
        }
        self.lookups.miss();
        let vouched = Arc::new(verify()?);
        self.lock().put(hash, Arc::clone(&vouched));
        Ok(vouched)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<[u8; 32], Arc<Vouched>>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
