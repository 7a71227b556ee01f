//! Tokens that were verified lately. An agent sends the same one with every entry, and a signature is dearer than a hash.
//!
//! Only what no later moment can change is remembered: who signed it and what it says. Times are checked at every use.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use verbatim_proto::Claims;

use super::Unauthenticated;
use crate::limits::VERIFIED_TOKENS_MAX;

/// The claims of verified tokens, by the token's BLAKE3 hash; the one that was used longest ago goes first. A token that
/// does not hold is not remembered.
pub(super) struct Verified {
    claims: Mutex<LruCache<[u8; 32], Arc<Claims>>>,
}

impl Verified {
    pub(super) fn new() -> Self {
        let most = NonZeroUsize::new(VERIFIED_TOKENS_MAX).unwrap_or(NonZeroUsize::MIN);
        Self { claims: Mutex::new(LruCache::new(most)) }
    }

    /// The claims of the token, found here or else by `verify`, which runs without the lock.
    pub(super) fn get_or(
        &self,
        token: &str,
        verify: impl FnOnce() -> Result<Claims, Unauthenticated>,
    ) -> Result<Arc<Claims>, Unauthenticated> {
        let hash = *blake3::hash(token.as_bytes()).as_bytes();
        if let Some(claims) = self.lock().get(&hash) {
            return Ok(Arc::clone(claims));
        }
        let claims = Arc::new(verify()?);
        self.lock().put(hash, Arc::clone(&claims));
        Ok(claims)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<[u8; 32], Arc<Claims>>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
