//! What is true of a session beside its entries, and how it may be changed.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use verbatim_proto::{
    EntryUuid, SessionId, Timestamp,
    organization::Cause,
    sessions::{ArchivedFrom, ForkedFrom, Metadata},
};

use super::{Expected, SessionKey, SessionStatus, Snapshot, Standing};

/// A session: what was said of it, and where its chain stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// What was said of it.
    pub properties: Properties,
    /// What came about.
    pub history: History,
    /// Where its chain stands.
    pub snapshot: Snapshot,
}

/// What a client says of a session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Properties {
    /// Which project it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The session whose sub-agent it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_session_id: Option<SessionId>,
    /// Which of that session's sub-agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subpath: Option<String>,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What else is known of it.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// When it is to be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// What came about with a session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History {
    /// Grows with every change but appends.
    pub revision: u64,
    /// When the last such change was.
    pub updated_at: Timestamp,
    /// What it was created with, where it was created on its own: so that the same creation is recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_with: Option<Properties>,
    /// Which session it goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_from: Option<ForkedFrom>,
    /// Since when it is in the bin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Deleted>,
    /// Whose chain it holds, if a reset left it behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_from: Option<ArchivedFrom>,
    /// When it was first created, if it was reset since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_created_at: Option<Timestamp>,
    /// The last reset, so that the same one is recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reset: Option<Reset>,
    /// Since when it is no more. Nothing else is kept of it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purged: Option<Purged>,
}

/// A session that began a new chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// The head of the old chain.
    pub head: Option<EntryUuid>,
    /// The session that holds it.
    pub archive: SessionId,
}

/// A session that is no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purged {
    /// Since when.
    pub at: Timestamp,
    /// When its id is free again.
    pub forget_at: Timestamp,
}

/// A session in the bin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// Since when.
    pub at: Timestamp,
    /// When it is to be purged.
    pub purge_at: Timestamp,
    /// What it was before.
    pub status_before: SessionStatus,
    /// The session whose deletion took it along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<SessionId>,
}

/// A change of a session that is no append.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which session.
    pub session: SessionKey,
    /// What is to change.
    pub what: What,
    /// Who asks for it.
    pub subject: Subject,
    /// Why.
    pub cause: Cause,
    /// Whether it is still to be done, once it is its turn.
    pub only_if: OnlyIf,
}

/// Whom a change is put down to in the audit trail: the `sub` of a token. None where it has none, and for the server itself.
pub type Subject = Option<Box<str>>;

/// On what a change rests that the server makes by itself. Where that does not hold, nothing is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnlyIf {
    /// On nothing.
    #[default]
    Always,
    /// Its `expires_at` has passed.
    Expired,
    /// It has neither grown nor been changed since.
    IdleSince(Timestamp),
    /// Its time in the bin is over.
    BinIsOver,
    /// Its id is free again.
    IdIsFree,
}

impl OnlyIf {
    /// Whether it holds for a session at a time.
    pub fn holds(self, session: &Session, now: Timestamp) -> bool {
        let History { updated_at, deleted, purged, .. } = &session.history;
        let live = deleted.is_none() && purged.is_none();
        match self {
            Self::Always => true,
            Self::Expired => live && session.properties.expires_at.is_some_and(|at| at <= now),
            Self::IdleSince(time) => live && session.snapshot.last_at.max(*updated_at) <= time,
            Self::BinIsOver => deleted.as_ref().is_some_and(|deleted| deleted.purge_at <= now),
            Self::IdIsFree => purged.as_ref().is_some_and(|purged| purged.forget_at <= now),
        }
    }
}

/// What goes by itself, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Which session.
    pub session: SessionId,
    /// When.
    pub at: Timestamp,
    /// Whereto.
    pub whereto: Whereto,
}

/// Whereto a session goes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whereto {
    /// Into the bin.
    Bin,
    /// Away for good.
    Purged,
    /// It is gone, and its id is free again.
    Forgotten,
}

/// What is to change.
#[derive(Debug, Clone)]
pub enum What {
    /// Create the session.
    Create(Properties),
    /// Change what is said of it, if its revision is still the given one.
    Patch {
        /// The revision the caller has read.
        if_revision: Option<u64>,
        /// The new values.
        patch: Patch,
    },
    /// Create the session `into`, which shares this one's first entries.
    Fork {
        /// The new session's id.
        into: SessionId,
        /// How many entries it shares; none for all.
        at: Option<ForkAt>,
    },
    /// Redact one of its entries.
    Redact {
        /// The number of the chain that the caller has read.
        chain: u64,
        /// The entry's place in it.
        seq: u64,
        /// What takes the place of its payload.
        stub: Bytes,
    },
    /// Begin a new chain.
    Reset {
        /// The head the caller believes in.
        expected: Expected,
        /// The id of the session that the old chain goes to.
        archive: SessionId,
    },
    /// Put it into the bin.
    Delete {
        /// How long it can be restored, in microseconds.
        keep_micros: i64,
        /// The session whose deletion takes it along.
        with: Option<SessionId>,
    },
    /// Take it out of the bin.
    Restore {
        /// Only if the deletion of this session took it there.
        with: Option<SessionId>,
    },
    /// Take it and its entries away for good, in the bin or not.
    Purge,
    /// Free the id of one that was purged.
    Forget,
}

/// Where a fork leaves its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForkAt {
    /// The number of the chain that the caller has read.
    pub chain: u64,
    /// How many of its entries are shared.
    pub length: u64,
    /// The event id of the last of them, as the caller named it.
    pub event_id: String,
}

/// New values; what is none stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Patch {
    /// The title; none within for no title.
    pub title: Option<Option<String>>,
    /// Merged into the metadata: null takes a value away, none within takes all of it away.
    pub metadata: Option<Option<Metadata>>,
    /// The status.
    pub status: Option<SessionStatus>,
    /// When it is to be deleted; none within for never.
    pub expires_at: Option<Option<Timestamp>>,
}

/// The answer to a change.
#[derive(Debug, Clone)]
pub enum Changed {
    /// It is done, and would survive loss of power.
    Done(Session),
    /// It was so already and nothing was stored.
    Already(Session),
    /// There is no such session.
    NotFound,
    /// A session of the id exists, with other properties.
    Exists,
    /// The metadata would be larger than a session's may be.
    TooLarge,
    /// The revision is not the given one.
    RevisionPassed(Session),
    /// The session's status does not allow it.
    Forbidden(SessionStatus, Standing),
    /// The caller's head is not the chain's.
    Conflict(Standing),
}
