//! `audit`: what happened to an organisation's sessions, appends aside, in the order in which it was stored.
//!
//! A row names its session, and never holds anything that a client said of it: so that nothing is to be taken out of the
//! trail when the session is purged.

use verbatim_proto::{OrganizationId, organization::Change};

use super::Fields;
use crate::store::StoreError;

/// The key of a change. Numbers grow through all organisations.
pub fn key(organization: &OrganizationId, number: u64) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(organization.as_bytes());
    key[16..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The number in a key.
pub fn decode_key(key: &[u8]) -> Result<u64, StoreError> {
    let mut fields = Fields::new(key, "a key of the audit trail");
    fields.array::<16>()?;
    let number = fields.u64()?;
    fields.end()?;
    Ok(number)
}

/// The value: JSON, as it is shown.
pub fn encode(change: &Change) -> Vec<u8> {
    // The type has no value that JSON cannot hold.
    serde_json::to_vec(change).unwrap_or_default()
}

/// Reads what [`encode`] wrote.
pub fn decode(value: &[u8]) -> Result<Change, StoreError> {
    serde_json::from_slice(value).map_err(|_| StoreError::Damaged("the audit trail holds JSON out of form".to_owned()))
}
