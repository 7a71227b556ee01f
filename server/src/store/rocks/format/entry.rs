//! `entries`: one entry, and the state of its chain up to and with it. As the newest entry carries the running state,
//! an append rewrites nothing, and a chain can be taken up, or forked, at any entry by reading that one alone.

use std::borrow::Cow;

use verbatim_proto::{Digest, EntryView, Timestamp, digest::PayloadHash, entry::EVENT_TYPE_UNKNOWN};

use super::{Fields, seq_field};
use crate::store::{NewEntry, StoreError};

/// Bytes of a key: chain, seq.
pub const KEY_BYTES: usize = 16;
/// Bytes of the fixed head of a value; uuid, type and payload follow.
pub const HEAD_BYTES: usize = 1 + 1 + 1 + 1 + 8 + 32 + 32 + 8 + 4 + 8 + 8;

const VERSION: u8 = 1;
const FLAG_BOUNDARY: u8 = 1;
const FLAG_REDACTED: u8 = 2;
/// The type is longer than a byte can count and is read from the payload.
const TYPE_IN_PAYLOAD: u8 = u8::MAX;

const _: () = assert!(HEAD_BYTES == 104, "the head is part of the stored format");

/// The key of an entry.
pub fn key(chain: u64, seq: u64) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    key[..8].copy_from_slice(&chain.to_be_bytes());
    key[8..].copy_from_slice(&seq.to_be_bytes());
    key
}

/// Chain and seq of a key.
pub fn decode_key(key: &[u8]) -> Result<(u64, u64), StoreError> {
    let mut fields = Fields::new(key, "an entry's key");
    let chain_and_seq = (fields.u64()?, fields.u64()?);
    fields.end()?;
    Ok(chain_and_seq)
}

/// The state of a chain up to and with one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// When the entry was stored.
    pub created_at: Timestamp,
    /// The digest of the chain.
    pub digest: Digest,
    /// Bytes of payload in the chain.
    pub bytes: u64,
    /// Boundaries in the chain.
    pub boundary_count: u32,
    /// The seq of the last boundary.
    pub last_boundary: Option<u64>,
    /// The seq of the newest entry that has a uuid.
    pub head_seq: Option<u64>,
}

/// A stored entry, borrowed from its value.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The state of the chain.
    pub running: Running,
    /// Whether the entry is a boundary.
    pub is_boundary: bool,
    /// Whether the payload is a stub in the place of the one that was sent.
    pub is_redacted: bool,
    /// BLAKE3 of the payload that was sent.
    pub payload_hash: &'a PayloadHash,
    /// The entry's uuid.
    pub uuid: Option<&'a str>,
    /// The entry's type.
    pub event_type: Cow<'a, str>,
    /// The entry.
    pub payload: &'a [u8],
}

/// Replaces what is in `value` by the stored form of an entry.
pub fn encode(value: &mut Vec<u8>, running: &Running, entry: &NewEntry) {
    let uuid = entry.uuid.as_ref().map_or("", |uuid| uuid.as_str());
    let (type_count, event_type) = match u8::try_from(entry.event_type.len()) {
        Ok(count) if count != TYPE_IN_PAYLOAD => (count, &*entry.event_type),
        _ => (TYPE_IN_PAYLOAD, ""),
    };
    value.clear();
    value.reserve(HEAD_BYTES + uuid.len() + event_type.len() + entry.payload.len());
    value.extend([VERSION, if entry.is_boundary { FLAG_BOUNDARY } else { 0 }, uuid.len() as u8, type_count]);
    value.extend(running.created_at.as_micros().to_be_bytes());
    value.extend(entry.payload_hash);
    value.extend(running.digest.0);
    value.extend(running.bytes.to_be_bytes());
    value.extend(running.boundary_count.to_be_bytes());
    value.extend(seq_field(running.last_boundary));
    value.extend(seq_field(running.head_seq));
    value.extend(uuid.as_bytes());
    value.extend(event_type.as_bytes());
    value.extend(&entry.payload);
}

/// Reads what [`encode`] wrote.
pub fn decode(value: &[u8]) -> Result<Record<'_>, StoreError> {
    let mut fields = Fields::new(value, "an entry");
    let [version, flags, uuid_count, type_count] = *fields.array()?;
    if version != VERSION || flags & !(FLAG_BOUNDARY | FLAG_REDACTED) != 0 {
        return Err(fields.damaged("has a version or flag that this format does not know"));
    }
    let created_at = Timestamp::from_micros(fields.i64()?);
    let payload_hash = fields.array()?;
    let running = Running {
        created_at,
        digest: Digest(*fields.array()?),
        bytes: fields.u64()?,
        boundary_count: fields.u32()?,
        last_boundary: fields.seq()?,
        head_seq: fields.seq()?,
    };
    let uuid = Some(fields.text(usize::from(uuid_count))?).filter(|uuid| !uuid.is_empty());
    let event_type = match type_count {
        TYPE_IN_PAYLOAD => None,
        count => Some(fields.text(usize::from(count))?),
    };
    let payload = fields.rest();
    let event_type = event_type.map_or_else(|| type_in(payload), Cow::Borrowed);
    let (is_boundary, is_redacted) = (flags & FLAG_BOUNDARY != 0, flags & FLAG_REDACTED != 0);
    Ok(Record { running, is_boundary, is_redacted, payload_hash, uuid, event_type, payload })
}

/// The stored form of the entry in `value` with `stub` in the place of its payload, and nothing else changed.
pub fn redact(value: &[u8], stub: &[u8]) -> Result<Vec<u8>, StoreError> {
    let payload_bytes = decode(value)?.payload.len();
    let mut redacted = value[..value.len() - payload_bytes].to_vec();
    redacted[1] |= FLAG_REDACTED;
    redacted.extend(stub);
    Ok(redacted)
}

fn type_in(payload: &[u8]) -> Cow<'_, str> {
    EntryView::parse(payload).ok().and_then(|view| view.event_type).unwrap_or(Cow::Borrowed(EVENT_TYPE_UNKNOWN))
}
