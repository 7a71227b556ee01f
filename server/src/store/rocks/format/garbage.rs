//! `garbage`: what no session reaches any more and still takes room, so that it is found again after a crash.
//!
//! | kind | what | value |
//! | --- | --- | --- |
//! | unreached | the number of a chain whose session was purged | whose it is, and which entries of its own are left |
//! | kept | the same, of a chain of which forks still read all that is left | the same |
//! | entries | chain, seq, seq after the last: rows that were deleted or replaced, and lie in files | empty |
//! | session | the key of a session whose record was replaced by less | empty |

use std::ops::Range;

use verbatim_proto::OrganizationId;

use super::Fields;
use crate::store::StoreError;

const UNREACHED: u8 = 0;
const KEPT: u8 = 1;
const ENTRIES: u8 = 2;
const SESSION: u8 = 3;

/// A row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Garbage {
    /// A chain of which some entries may be reached by nobody.
    Unreached(u64, Left),
    /// A chain of which all that is left is read by forks.
    Kept(u64, Left),
    /// Entries of a chain that are gone, but for the files.
    Entries(u64, Range<u64>),
    /// A session of which more is in the files than should be.
    Session(Vec<u8>),
}

/// What is left of a purged session's own entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// Whose they are.
    pub organization: OrganizationId,
    /// Which.
    pub entries: Range<u64>,
    /// Their bytes of payload, as sent.
    pub bytes: u64,
}

/// The key of a chain that has to be looked at.
pub fn unreached_key(chain: u64) -> [u8; 9] {
    chain_key(UNREACHED, chain)
}

/// The key of a chain that is kept for forks.
pub fn kept_key(chain: u64) -> [u8; 9] {
    chain_key(KEPT, chain)
}

fn chain_key(kind: u8, chain: u64) -> [u8; 9] {
    let mut key = [kind; 9];
    key[1..].copy_from_slice(&chain.to_be_bytes());
    key
}

/// The value of a chain.
pub fn encode_left(left: &Left) -> Vec<u8> {
    let numbers = [left.entries.start, left.entries.end, left.bytes].map(u64::to_be_bytes).concat();
    [&left.organization.as_bytes()[..], &numbers].concat()
}

/// Reads what [`encode_left`] wrote.
pub fn decode_left(value: &[u8]) -> Result<Left, StoreError> {
    let mut fields = Fields::new(value, "what is left of a chain");
    let organization = OrganizationId::from_bytes(*fields.array()?);
    let entries = fields.u64()?..fields.u64()?;
    let bytes = fields.u64()?;
    fields.end()?;
    Ok(Left { organization, entries, bytes })
}

/// The key of entries to be rewritten away.
pub fn entries_key(chain: u64, entries: &Range<u64>) -> Vec<u8> {
    let numbers = [chain, entries.start, entries.end].map(u64::to_be_bytes).concat();
    [&[ENTRIES], &numbers[..]].concat()
}

/// The key of a session to be rewritten away, by the key of its record.
pub fn session_key(session: &[u8]) -> Vec<u8> {
    [&[SESSION], session].concat()
}

/// Reads a row.
pub fn decode(key: &[u8], value: &[u8]) -> Result<Garbage, StoreError> {
    let mut fields = Fields::new(key, "a key of garbage");
    let [kind] = *fields.array()?;
    let garbage = match kind {
        UNREACHED => Garbage::Unreached(fields.u64()?, decode_left(value)?),
        KEPT => Garbage::Kept(fields.u64()?, decode_left(value)?),
        ENTRIES => Garbage::Entries(fields.u64()?, fields.u64()?..fields.u64()?),
        SESSION => return Ok(Garbage::Session(fields.rest().to_vec())),
        _ => return Err(fields.damaged("has a kind that this format does not know")),
    };
    fields.end()?;
    Ok(garbage)
}
