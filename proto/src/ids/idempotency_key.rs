//! The key that makes the retry of an entry without a uuid recognisable.

use std::{fmt, str::FromStr};

use arrayvec::ArrayString;

use super::{IdError, is_visible_ascii};
use crate::limits::IDEMPOTENCY_KEY_BYTES_MAX;

/// 1 to 128 visible ASCII characters, a name space apart from uuids (PROTOCOL.md, append).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey(ArrayString<IDEMPOTENCY_KEY_BYTES_MAX>);

impl IdempotencyKey {
    /// Checks the form. Error: [`IdError::IdempotencyKey`].
    pub fn new(text: &str) -> Result<Self, IdError> {
        if text.is_empty() || !is_visible_ascii(text.as_bytes()) {
            return Err(IdError::IdempotencyKey);
        }
        ArrayString::from(text).map(Self).map_err(|_| IdError::IdempotencyKey)
    }

    /// The key of the `n`-th entry without a uuid, from 0, of a batch that was sent under this key. No key that a client
    /// sends is like it, short of a collision of BLAKE3.
    #[must_use]
    pub fn nth(&self, n: usize) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("verbatim 2026 key of an entry in a batch v1");
        hasher.update(&(n as u64).to_be_bytes()).update(self.0.as_bytes());
        // 64 hex digits fit into 128 bytes.
        Self(ArrayString::from(hasher.finalize().to_hex().as_str()).unwrap_or_default())
    }

    /// The key exactly as sent.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
