//! `identities`: what makes a retry recognisable. For each uuid and each idempotency key of a chain, the seq of its entry.
//!
//! The value is the seq alone: whether a retry has the same content is told from the entry itself, which never changes.

use uuid::Uuid;
use verbatim_proto::{EntryUuid, IdempotencyKey};

use super::Fields;
use crate::store::{NewEntry, StoreError};

/// Bytes of a key: chain, then [`Identity`].
pub const KEY_BYTES: usize = 8 + 17;

/// A uuid or key in 17 bytes. Uuids and idempotency keys are separate name spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity([u8; 17]);

/// A UUID in lower-case hyphenated form, as its 16 bytes.
const KIND_UUID: u8 = 0;
/// Any other uuid, as the first 16 bytes of its BLAKE3 hash.
const KIND_OTHER_UUID: u8 = 1;
/// An idempotency key, likewise.
const KIND_KEY: u8 = 2;

impl Identity {
    /// What the entry is recognised by; none where it has neither uuid nor key.
    pub fn of(entry: &NewEntry) -> Option<Self> {
        match (&entry.uuid, &entry.key) {
            (Some(uuid), _) => Some(Self::of_uuid(uuid)),
            (None, Some(key)) => Some(Self::of_key(key)),
            (None, None) => None,
        }
    }

    /// A uuid, exactly as it was sent.
    pub fn of_uuid(uuid: &EntryUuid) -> Self {
        let text = uuid.as_str();
        match Uuid::try_parse(text) {
            Ok(parsed) if is_canonical(text, &parsed) => Self::new(KIND_UUID, parsed.into_bytes()),
            _ => Self::new(KIND_OTHER_UUID, hash(text)),
        }
    }

    /// An idempotency key.
    pub fn of_key(key: &IdempotencyKey) -> Self {
        Self::new(KIND_KEY, hash(key.as_str()))
    }

    /// Eight bytes of it, for a set in memory: two of one chain may have the same ones.
    pub fn short(&self) -> u64 {
        self.0.iter().rev().take(8).fold(0, |short, &byte| short << 8 | u64::from(byte))
    }

    fn new(kind: u8, id: [u8; 16]) -> Self {
        let mut bytes = [0; 17];
        bytes[0] = kind;
        bytes[1..].copy_from_slice(&id);
        Self(bytes)
    }
}

fn is_canonical(text: &str, parsed: &Uuid) -> bool {
    text == parsed.hyphenated().encode_lower(&mut Uuid::encode_buffer())
}

fn hash(text: &str) -> [u8; 16] {
    let mut id = [0; 16];
    blake3::Hasher::new().update(text.as_bytes()).finalize_xof().fill(&mut id);
    id
}

/// The key of an identity.
pub fn key(chain: u64, identity: &Identity) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    key[..8].copy_from_slice(&chain.to_be_bytes());
    key[8..].copy_from_slice(&identity.0);
    key
}

/// The value: the seq of the entry.
pub fn encode(seq: u64) -> [u8; 8] {
    seq.to_be_bytes()
}

/// Reads what [`encode`] wrote.
pub fn decode(value: &[u8]) -> Result<u64, StoreError> {
    let mut fields = Fields::new(value, "an identity");
    let seq = fields.u64()?;
    fields.end()?;
    Ok(seq)
}
