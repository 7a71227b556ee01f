//! `activity`: the sessions of an organisation by when they last grew, the newest first, to the minute: so that an append
//! moves its session at most once a minute. Those in the bin stand apart, by when they came there.

use verbatim_proto::{OrganizationId, SessionId, Timestamp};

use super::Fields;
use crate::store::{SessionKey, StoreError};

/// Which list a session stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Those that can be read.
    Live,
    /// Those in the bin.
    Bin,
}

/// The minute of a time, since 1970.
pub fn minute(time: Timestamp) -> u64 {
    u64::try_from(time.as_micros() / 60_000_000).unwrap_or(0)
}

/// The key of a session that stands in `list` at `minute`.
pub fn key(session: &SessionKey, list: List, minute: u64) -> Vec<u8> {
    let mut key = prefix(&session.organization, list).to_vec();
    key.extend((!minute).to_be_bytes());
    key.extend(session.session.as_str().as_bytes());
    key
}

/// What every key of a list begins with.
pub fn prefix(organization: &OrganizationId, list: List) -> [u8; 17] {
    let mut prefix = [0; 17];
    prefix[..16].copy_from_slice(organization.as_bytes());
    prefix[16] = match list {
        List::Live => 0,
        List::Bin => 1,
    };
    prefix
}

/// Minute and id of a key.
pub fn decode_key(key: &[u8]) -> Result<(u64, SessionId), StoreError> {
    let mut fields = Fields::new(key, "a key of the activity list");
    fields.array::<17>()?;
    let minute = !fields.u64()?;
    let damaged = fields.damaged("holds an id out of form");
    let id = std::str::from_utf8(fields.rest()).ok().and_then(|id| SessionId::new(id).ok());
    Ok((minute, id.ok_or(damaged)?))
}
