//! `kin`: who comes from whom. The sub-agents of a session by its id, and the forks of a chain by its number, each with
//! how far it reaches into it.

use verbatim_proto::{OrganizationId, SessionId};

use super::Fields;
use crate::store::{SessionKey, StoreError};

const CHILD: u8 = 0;
const FORK: u8 = 1;
/// Ends an id within a key; no id holds it.
const END: u8 = 0;

/// What the keys of a session's sub-agents begin with.
pub fn children_prefix(parent: &SessionKey) -> Vec<u8> {
    let mut prefix = vec![CHILD];
    prefix.extend(parent.organization.as_bytes());
    prefix.extend(parent.session.as_str().as_bytes());
    prefix.push(END);
    prefix
}

/// The key of a sub-agent. Its value is empty.
pub fn child_key(parent: &SessionKey, child: &SessionId) -> Vec<u8> {
    let mut key = children_prefix(parent);
    key.extend(child.as_str().as_bytes());
    key
}

/// What the keys of a chain's forks begin with.
pub fn forks_prefix(chain: u64) -> [u8; 9] {
    let mut prefix = [FORK; 9];
    prefix[1..].copy_from_slice(&chain.to_be_bytes());
    prefix
}

/// The key of a fork that reads from `chain`.
pub fn fork_key(chain: u64, fork: u64) -> [u8; 17] {
    let mut key = [FORK; 17];
    key[1..9].copy_from_slice(&chain.to_be_bytes());
    key[9..].copy_from_slice(&fork.to_be_bytes());
    key
}

/// The value of a fork: the seq after the last entry it shares of the chain, and which session it is.
pub fn encode_fork(end: u64, fork: &SessionKey) -> Vec<u8> {
    let mut value = end.to_be_bytes().to_vec();
    value.extend(fork.organization.as_bytes());
    value.extend(fork.session.as_str().as_bytes());
    value
}

/// Reads what [`encode_fork`] wrote.
pub fn decode_fork(value: &[u8]) -> Result<(u64, SessionKey), StoreError> {
    let mut fields = Fields::new(value, "a fork");
    let end = fields.u64()?;
    let organization = OrganizationId::from_bytes(*fields.array()?);
    Ok((end, SessionKey { organization, session: id(fields)? }))
}

/// The id that a key ends with, after `prefix`.
pub fn decode_child(key: &[u8], prefix: &[u8]) -> Result<SessionId, StoreError> {
    let mut fields = Fields::new(key, "a sub-agent's key");
    fields.bytes(prefix.len())?;
    id(fields)
}

fn id(fields: Fields<'_>) -> Result<SessionId, StoreError> {
    let damaged = fields.damaged("holds an id out of form");
    std::str::from_utf8(fields.rest()).ok().and_then(|id| SessionId::new(id).ok()).ok_or(damaged)
}
