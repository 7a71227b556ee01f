//! `sessions`: what is true of a session whatever is appended to it. Not rewritten by an append.

use verbatim_proto::Timestamp;

use super::Fields;
use crate::store::{SessionKey, SessionStatus, StoreError};

const VERSION: u8 = 1;

/// Bytes of a value.
pub const VALUE_BYTES: usize = 1 + 1 + 8 + 8;

/// What is stored of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// The number of its chain.
    pub chain: u64,
    /// What it takes and shows.
    pub status: SessionStatus,
    /// When it was created.
    pub created_at: Timestamp,
}

/// The key of a session: its organisation, then its id, which nothing follows and so needs no length.
pub fn key(session: &SessionKey) -> Vec<u8> {
    [session.organization.as_bytes(), session.session.as_str().as_bytes()].concat()
}

/// The value of a session.
pub fn encode(record: &Record) -> [u8; VALUE_BYTES] {
    let mut value = [0; VALUE_BYTES];
    value[0] = VERSION;
    value[1] = match record.status {
        SessionStatus::Active => 0,
        SessionStatus::Ended => 1,
        SessionStatus::Deleted => 2,
    };
    value[2..10].copy_from_slice(&record.chain.to_be_bytes());
    value[10..].copy_from_slice(&record.created_at.as_micros().to_be_bytes());
    value
}

/// Reads what [`encode`] wrote.
pub fn decode(value: &[u8]) -> Result<Record, StoreError> {
    let mut fields = Fields::new(value, "a session");
    let [version, status] = *fields.array()?;
    let status = match (version, status) {
        (VERSION, 0) => SessionStatus::Active,
        (VERSION, 1) => SessionStatus::Ended,
        (VERSION, 2) => SessionStatus::Deleted,
        _ => return Err(fields.damaged("has a version or status that this format does not know")),
    };
    let record = Record { status, chain: fields.u64()?, created_at: Timestamp::from_micros(fields.i64()?) };
    fields.end()?;
    Ok(record)
}
