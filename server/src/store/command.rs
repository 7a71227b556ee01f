//! What a store is asked to append, and what it answers.

use std::sync::Arc;

use bytes::Bytes;
use verbatim_proto::{EntryUuid, IdempotencyKey, Timestamp, digest::PayloadHash};

use super::{Permit, SessionKey, Snapshot, Subject};

/// An entry that the service has checked and wants appended.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// The entry as sent, outer white space aside.
    pub payload: Bytes,
    /// BLAKE3 of the payload.
    pub payload_hash: PayloadHash,
    /// The entry's own uuid.
    pub uuid: Option<EntryUuid>,
    /// What makes the retry of an entry without a uuid recognisable. Not looked at where there is a uuid.
    pub key: Option<IdempotencyKey>,
    /// The entry's `type`, or `"unknown"`.
    pub event_type: Box<str>,
    /// Whether it is a compaction boundary.
    pub is_boundary: bool,
}

/// The head that the caller believes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// No head yet.
    NoHead,
    /// This one.
    Head(EntryUuid),
    /// A text that no uuid can be, and so never the head.
    Impossible,
}

impl Expected {
    /// Whether the caller's belief holds.
    pub fn is(&self, head: Option<&EntryUuid>) -> bool {
        match self {
            Self::NoHead => head.is_none(),
            Self::Head(expected) => head == Some(expected),
            Self::Impossible => false,
        }
    }
}

/// One append: all of its entries are stored together, or none.
#[derive(Debug)]
pub struct Append {
    /// The session, which the first append creates.
    pub session: SessionKey,
    /// The head the caller believes in.
    pub expected: Expected,
    /// At least one entry. No two of them share a uuid or a key.
    pub entries: Arc<Vec<NewEntry>>,
    /// How many of the entries, from the first, the caller knows to stand in the chain with the same content.
    pub compared: usize,
    /// Who asks for it, for the audit trail, where the session is new.
    pub subject: Subject,
    /// The share of the budget, held until the answer.
    pub permit: Arc<Permit>,
}

/// Where the chain stood when an append was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// The uuid of the newest entry that has one.
    pub head: Option<EntryUuid>,
    /// Entries in the chain.
    pub length: u64,
}

impl From<&Snapshot> for Standing {
    fn from(snapshot: &Snapshot) -> Self {
        Self { head: snapshot.head, length: snapshot.length }
    }
}

/// The answer to an append that the store could decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// What was missing is stored, and would survive loss of power.
    Stored {
        /// The seq of each entry, in the order of the append; those that stood in the chain before among them.
        seqs: Vec<u64>,
        /// When the new ones were stored.
        created_at: Timestamp,
        /// Where the chain stands now.
        standing: Standing,
    },
    /// Some entries stand in the chain already and nothing was stored. Whether their content is the same is for the
    /// caller to compare; entries never change, so that what it finds stays true.
    Present {
        /// The seq of each leading entry that stands in the chain, at least one.
        seqs: Vec<u64>,
        /// The chain they stand in.
        snapshot: Snapshot,
    },
    /// The chain's state forbids it and nothing was stored.
    Refused {
        /// Why.
        refusal: Refusal,
        /// Where the chain stands.
        standing: Standing,
    },
}

/// Why a chain does not take an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The caller's head is not the chain's.
    Conflict,
    /// The session has ended.
    Ended,
    /// The session is deleted.
    Deleted,
}
