//! The running digest: one value that proves a chain complete and unaltered.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::EntryUuid;

/// The digest of a chain up to and with its newest entry (PROTOCOL.md, Digest). In text: lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

/// The BLAKE3 hash of a payload as stored.
pub type PayloadHash = [u8; 32];

impl Digest {
    /// The digest before the first entry.
    pub const EMPTY: Self = Self([0; 32]);

    /// The digest once an entry with this uuid and payload hash has followed:
    /// `BLAKE3(digest before ‖ u32be(length of uuid) ‖ uuid ‖ payload hash)`.
    #[must_use]
    pub fn then(&self, uuid: Option<&EntryUuid>, payload_hash: &PayloadHash) -> Self {
        let uuid = uuid.map_or("", EntryUuid::as_str);
        let uuid_bytes = uuid.len() as u32;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0).update(&uuid_bytes.to_be_bytes()).update(uuid.as_bytes()).update(payload_hash);
        Self(hasher.finalize().into())
    }
}

/// The hash of a payload as stored.
pub fn payload_hash(payload: &[u8]) -> PayloadHash {
    blake3::hash(payload).into()
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Not 64 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hexadecimal digits")]
pub struct DigestError;

impl FromStr for Digest {
    type Err = DigestError;
    fn from_str(text: &str) -> Result<Self, DigestError> {
        blake3::Hash::from_hex(text).map(|hash| Self(hash.into())).map_err(|_| DigestError)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trips_as_hex(bytes: [u8; 32]) {
            let text = Digest(bytes).to_string();
            prop_assert_eq!(text.len(), 64);
            prop_assert_eq!(text.parse(), Ok(Digest(bytes)));
        }

        #[test]
        fn is_the_formula_of_the_protocol(before: [u8; 32], uuid in prop::option::of("[!-}]{1,64}"), payload: Vec<u8>) {
            let name = uuid.clone().unwrap_or_default();
            let mut spelled_out = before.to_vec();
            spelled_out.extend((name.len() as u32).to_be_bytes());
            spelled_out.extend(name.as_bytes());
            spelled_out.extend(blake3::hash(&payload).as_bytes());
            let uuid = uuid.map(|uuid| EntryUuid::new(&uuid)).transpose()?;
            prop_assert_eq!(Digest(before).then(uuid.as_ref(), &payload_hash(&payload)).0, *blake3::hash(&spelled_out).as_bytes());
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = text.parse::<Digest>();
        }
    }

    #[test]
    fn stays_what_it_was() {
        let uuid = EntryUuid::new("u1").expect("uuid");
        let digest =
            Digest::EMPTY.then(Some(&uuid), &payload_hash(br#"{"uuid":"u1"}"#)).then(None, &payload_hash(b"{}"));
        assert_eq!(digest.to_string(), GOLDEN);
    }

    const GOLDEN: &str = "2c100e07a48a5c8fa5cdfebed6be79b900ae4fdba76c6d6f0b52843895d0642c";
}
