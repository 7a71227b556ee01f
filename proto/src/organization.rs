//! What clients learn of an organisation as a whole: changes of its sessions, usage, settings, what will go.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{SessionId, Timestamp};

/// A change of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// What happened, with what belongs to it.
    #[serde(flatten)]
    pub what: ChangeKind,
    /// To which session.
    pub session_id: SessionId,
    /// When.
    pub at: Timestamp,
    /// The `sub` of the token that asked for it; null where it has none, and for appends.
    pub subject: Option<String>,
    /// Why it happened.
    pub cause: Cause,
}

/// What happened to a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was made.
    Created,
    /// Its chain has grown.
    Appended {
        /// Entries in the chain.
        length: u64,
    },
    /// What is said of it has changed.
    Patched,
    /// It has ended.
    Ended,
    /// It was made as a fork.
    Forked {
        /// Of this session.
        forked_from: SessionId,
    },
    /// It began a new chain.
    Reset {
        /// The session that holds the old one.
        archived_session_id: SessionId,
    },
    /// One of its entries was redacted.
    Redacted {
        /// Which.
        #[cfg_attr(feature = "schema", schemars(with = "crate::EventId"))]
        event_id: String,
    },
    /// It went into the bin.
    Deleted,
    /// It came back out of the bin.
    Restored,
    /// It is gone for good.
    Purged,
}

/// Why a change happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A client asked for it.
    #[default]
    Request,
    /// The session's `expires_at` has passed.
    ExpiresAt,
    /// It has not grown for as long as the organisation keeps sessions.
    Retention,
    /// It has been in the bin for as long as the bin keeps sessions.
    Bin,
}

/// A page of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangesPage {
    /// The oldest first.
    pub data: Vec<Change>,
    /// Where to go on.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::CursorText"))]
    pub next_cursor: String,
}

/// How much an organisation keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Usage {
    /// What is kept now.
    pub total: Amounts,
    /// What came today.
    pub today: Today,
}

/// How much there is of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Amounts {
    /// Sessions, those in the bin among them.
    pub sessions: u64,
    /// Entries, each once.
    pub entries: u64,
    /// Their bytes of payload, as sent.
    pub bytes: u64,
}

/// What came on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Today {
    /// The day, UTC, as `YYYY-MM-DD`.
    #[cfg_attr(feature = "schema", schemars(extend("format" = "date")))]
    pub date: String,
    /// How much came on it.
    #[serde(flatten)]
    pub amounts: Amounts,
}

/// What is set for an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Settings {
    /// After how many days without growth or change a session goes into the bin; null for never.
    pub retention_days: Option<u32>,
}

/// Body of a patch of settings: what is absent stays as it is, null takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchSettings {
    /// As in [`Settings`].
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<u32>", range(min = 1, max = crate::limits::RETENTION_DAYS_MAX)))]
    pub retention_days: Option<Option<u32>>,
}

/// What will go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ExpiringPage {
    /// The next first.
    pub data: Vec<Expiring>,
    /// Where the next page begins; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::CursorText"))]
    pub next_cursor: Option<String>,
}

/// A session that will go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Expiring {
    /// Which.
    pub session_id: SessionId,
    /// When.
    pub at: Timestamp,
    /// Whereto.
    pub what: Expiry,
    /// Why.
    pub cause: Cause,
}

/// Whereto a session goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// Into the bin.
    Delete,
    /// Away for good.
    Purge,
}

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reads_as_the_protocol_writes_it() {
        let forked = r#"{"type":"forked","forked_from":"s-1","session_id":"s-2","at":"1970-01-01T00:00:00.000000Z","subject":"agent-7","cause":"request"}"#;
        let deleted = r#"{"type":"deleted","session_id":"s-2","at":"1970-01-01T00:00:00.000000Z","subject":null,"cause":"expires_at"}"#;
        for json in [forked, deleted] {
            let change: Change = serde_json::from_str(json).expect("decode");
            assert_eq!(serde_json::to_string(&change).expect("encode"), json);
        }
    }

    #[test]
    fn settings_tell_absent_from_null() {
        let patch = |json| serde_json::from_str::<PatchSettings>(json).map(|patch| patch.retention_days);
        assert_eq!(patch("{}").ok(), Some(None));
        assert_eq!(patch(r#"{"retention_days":null}"#).ok(), Some(Some(None)));
        assert_eq!(patch(r#"{"retention_days":30}"#).ok(), Some(Some(Some(30))));
        assert!(patch(r#"{"retention":30}"#).is_err());
    }
}
