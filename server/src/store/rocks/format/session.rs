//! `sessions`: what is true of a session whatever is appended to it. Not rewritten by an append.
//!
//! What appends need stands in front, fixed; what clients said of the session follows as JSON, which may grow members.

use serde::{Deserialize, Serialize};
use verbatim_proto::Timestamp;

use super::Fields;
use crate::store::{History, Lineage, Properties, Segment, SessionKey, SessionStatus, StoreError};

const VERSION: u8 = 1;
/// The status of what stays of a purged session: it takes and shows as little as one in the bin.
const PURGED: u8 = 4;

/// Bytes of the fixed head of a value; segments of 16 bytes and JSON follow.
pub const HEAD_BYTES: usize = 1 + 1 + 8 + 8 + 4;

const _: () = assert!(HEAD_BYTES == 22, "the head is part of the stored format");

/// What appends need of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The number of its chain.
    pub chain: u64,
    /// What it takes and shows.
    pub status: SessionStatus,
    /// When it was created.
    pub created_at: Timestamp,
    /// Where the entries lie that it shares.
    pub lineage: Lineage,
    /// Whether it is purged, so that nothing of its chain is its own any more.
    pub is_purged: bool,
}

/// What was said of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// By clients.
    #[serde(default)]
    pub properties: Properties,
    /// By what came about.
    pub history: History,
}

/// The key of a session: its organisation, then its id, which nothing follows and so needs no length.
pub fn key(session: &SessionKey) -> Vec<u8> {
    [session.organization.as_bytes(), session.session.as_str().as_bytes()].concat()
}

/// The value of a session.
pub fn encode(head: &Head, said: &Said) -> Vec<u8> {
    let status = match head.status {
        SessionStatus::Active => 0,
        SessionStatus::Ended => 1,
        SessionStatus::Deleted => 2,
        SessionStatus::Paused => 3,
    };
    let status = if said.history.purged.is_some() { PURGED } else { status };
    let mut value = vec![VERSION, status];
    value.extend(head.chain.to_be_bytes());
    value.extend(head.created_at.as_micros().to_be_bytes());
    let segments = head.lineage.segments();
    value.extend((segments.len() as u32).to_be_bytes());
    for segment in segments {
        value.extend(segment.chain.to_be_bytes());
        value.extend(segment.end.to_be_bytes());
    }
    // These types have no value that JSON cannot hold.
    let _ = serde_json::to_writer(&mut value, said);
    value
}

/// Reads the head of what [`encode`] wrote.
pub fn decode_head(value: &[u8]) -> Result<Head, StoreError> {
    decode_front(value).map(|(head, _)| head)
}

/// Reads what [`encode`] wrote.
pub fn decode(value: &[u8]) -> Result<(Head, Said), StoreError> {
    let (head, said) = decode_front(value)?;
    let said = serde_json::from_slice(said);
    Ok((head, said.map_err(|_| StoreError::Damaged("a session holds JSON out of form".to_owned()))?))
}

fn decode_front(value: &[u8]) -> Result<(Head, &[u8]), StoreError> {
    let mut fields = Fields::new(value, "a session");
    let [version, status] = *fields.array()?;
    let is_purged = status == PURGED;
    let status = match (version, status) {
        (VERSION, 0) => SessionStatus::Active,
        (VERSION, 1) => SessionStatus::Ended,
        (VERSION, 2) => SessionStatus::Deleted,
        (VERSION, 3) => SessionStatus::Paused,
        (VERSION, PURGED) => SessionStatus::Deleted,
        _ => return Err(fields.damaged("has a version or status that this format does not know")),
    };
    let (chain, created_at) = (fields.u64()?, Timestamp::from_micros(fields.i64()?));
    let count = fields.u32()?;
    let mut segments = Vec::new();
    for _ in 0..count {
        segments.push(Segment { chain: fields.u64()?, end: fields.u64()? });
    }
    let lineage = Lineage::new(&segments);
    Ok((Head { chain, status, created_at, lineage, is_purged }, fields.rest()))
}
