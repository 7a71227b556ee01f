//! What a store shows of a session and its entries.

use std::borrow::Cow;

use super::Lineage;
use verbatim_proto::{Digest, EntryUuid, OrganizationId, SessionId, Timestamp, digest::PayloadHash};

/// Names a session: its id within its organisation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Which of theirs.
    pub session: SessionId,
}

pub use verbatim_proto::sessions::Status as SessionStatus;

/// A chain as it stood at one moment. As entries never change, its length fixes everything a read can see; so a
/// snapshot holds nothing in the engine open and may be kept for as long as a slow reader needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The number of the chain.
    pub chain: u64,
    /// Where its entries lie.
    pub lineage: Lineage,
    /// What the session takes and shows.
    pub status: SessionStatus,
    /// Entries in the chain.
    pub length: u64,
    /// The uuid of the newest entry that has one.
    pub head: Option<EntryUuid>,
    /// Its seq.
    pub head_seq: Option<u64>,
    /// The digest of the chain.
    pub digest: Digest,
    /// Bytes of payload in the chain.
    pub bytes: u64,
    /// Compaction boundaries in the chain.
    pub boundary_count: u32,
    /// The seq of the last of them.
    pub last_boundary: Option<u64>,
    /// When the session was created.
    pub created_at: Timestamp,
    /// When the newest entry was stored; when the session was created where there is none.
    pub last_at: Timestamp,
}

/// Which way entries are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// From the oldest on: chain order.
    Ascending,
    /// From the newest on.
    Descending,
}

/// One stored entry, borrowed from the engine.
#[derive(Debug, Clone)]
pub struct EntryRef<'a> {
    /// Its place in the chain.
    pub seq: u64,
    /// When it was stored; never before the entry before it.
    pub created_at: Timestamp,
    /// Its uuid.
    pub uuid: Option<&'a str>,
    /// Its `type`, or `"unknown"`.
    pub event_type: Cow<'a, str>,
    /// Whether it is a compaction boundary.
    pub is_boundary: bool,
    /// Boundaries in the chain up to and with it.
    pub boundary_count: u32,
    /// Whether it was redacted.
    pub is_redacted: bool,
    /// The entry as it was sent, or the stub of one that was redacted.
    pub payload: &'a [u8],
    /// BLAKE3 of the payload as it was sent.
    pub payload_hash: &'a PayloadHash,
}
