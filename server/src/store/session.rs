//! What is true of a session beside its entries, and how it may be changed.

use serde::{Deserialize, Serialize};
use verbatim_proto::{
    SessionId, Timestamp,
    sessions::{ForkedFrom, Metadata},
};

use super::{SessionKey, SessionStatus, Snapshot, Standing};

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
        /// How many entries it shares, and the event id of the last of them as the caller named it; none for all.
        at: Option<(u64, String)>,
    },
    /// Put it into the bin.
    Delete {
        /// When it is to be purged.
        purge_at: Timestamp,
        /// The session whose deletion takes it along.
        with: Option<SessionId>,
    },
    /// Take it out of the bin.
    Restore {
        /// Only if the deletion of this session took it there.
        with: Option<SessionId>,
    },
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
}
