//! `kin`: who comes from whom. The sub-agents and the forks of a session by its id; and who reads from a chain that is
//! not its own, by the chain's number, with how far it reaches into it.

use verbatim_proto::SessionId;

use super::Fields;
use crate::store::{SessionKey, StoreError};

const CHILD: u8 = 0;
const READER: u8 = 1;
const FORK: u8 = 2;
/// Ends an id within a key; no id holds it.
const END: u8 = 0;

/// How a session comes from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinship {
    /// As its sub-agent's.
    Child,
    /// As its fork.
    Fork,
}

/// What the keys of the sessions begin with that come from `parent`.
pub fn prefix(kinship: Kinship, parent: &SessionKey) -> Vec<u8> {
    let kind = match kinship {
        Kinship::Child => CHILD,
        Kinship::Fork => FORK,
    };
    let mut prefix = vec![kind];
    prefix.extend(parent.organization.as_bytes());
    prefix.extend(parent.session.as_str().as_bytes());
    prefix.push(END);
    prefix
}

/// The key of a session that comes from `parent`. Its value is empty.
pub fn key(kinship: Kinship, parent: &SessionKey, session: &SessionId) -> Vec<u8> {
    let mut key = prefix(kinship, parent);
    key.extend(session.as_str().as_bytes());
    key
}

/// The key of a chain, `reader`, that shares entries of another.
pub fn reader_key(chain: u64, reader: u64) -> [u8; 17] {
    let mut key = [READER; 17];
    key[1..9].copy_from_slice(&chain.to_be_bytes());
    key[9..].copy_from_slice(&reader.to_be_bytes());
    key
}

/// What the keys of the chains begin with that share entries of another.
pub fn readers_prefix(chain: u64) -> [u8; 9] {
    let mut prefix = [READER; 9];
    prefix[1..].copy_from_slice(&chain.to_be_bytes());
    prefix
}

/// The value of a reader: the seq after the last entry it shares of the chain.
pub fn encode_reader(end: u64) -> [u8; 8] {
    end.to_be_bytes()
}

/// Reads what [`encode_reader`] wrote.
pub fn decode_reader(value: &[u8]) -> Result<u64, StoreError> {
    let mut fields = Fields::new(value, "how far a chain is read");
    let end = fields.u64()?;
    fields.end()?;
    Ok(end)
}

/// The id that a key ends with, after `prefix`.
pub fn decode_key(key: &[u8], prefix: &[u8]) -> Result<SessionId, StoreError> {
    let mut fields = Fields::new(key, "a key of kin");
    fields.bytes(prefix.len())?;
    let damaged = fields.damaged("holds an id out of form");
    std::str::from_utf8(fields.rest()).ok().and_then(|id| SessionId::new(id).ok()).ok_or(damaged)
}
