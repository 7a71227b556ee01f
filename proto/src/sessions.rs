//! Sessions as resources: what clients send of them and what they get.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{Digest, EntryUuid, SessionId, Timestamp, messages::ErrorDetail};

/// Values by name: texts, numbers and booleans.
pub type Metadata = BTreeMap<String, serde_json::Value>;

/// What a session takes and shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Appends and reads.
    Active,
    /// Appends and reads; says that whoever writes to it is away.
    Paused,
    /// Reads alone.
    Ended,
    /// Neither: it is in the bin.
    Deleted,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Which project it belongs to.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Label>"))]
    pub project: Option<String>,
    /// The session whose sub-agent it is.
    pub parent_session_id: Option<SessionId>,
    /// Which of that session's sub-agents.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Label>"))]
    pub subpath: Option<String>,
    /// Its title as given, else the first text of its user: one line, at most 80 characters.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Label>"))]
    pub title: Option<String>,
    /// What it takes and shows.
    pub status: Status,
    /// What else is known of it.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Metadata"))]
    pub metadata: Metadata,
    /// Entries in the chain.
    pub length: u64,
    /// Bytes of payload in the chain.
    pub bytes: u64,
    /// The uuid of the newest entry that has one.
    pub head: Option<EntryUuid>,
    /// The digest of the chain, in lower-case hex.
    pub digest: Digest,
    /// Its compaction boundaries.
    pub boundaries: Boundaries,
    /// Where it left its parent, if it is a fork.
    pub forked_from: Option<ForkedFrom>,
    /// Its own forks. Left out of lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<SessionId>"))]
    pub forks: Option<Vec<SessionId>>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed, by an append or otherwise.
    pub updated_at: Timestamp,
    /// When its first entry was stored.
    pub first_entry_at: Option<Timestamp>,
    /// When its newest entry was stored.
    pub last_entry_at: Option<Timestamp>,
    /// When it is to be deleted.
    pub expires_at: Option<Timestamp>,
    /// Since when it is in the bin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Timestamp"))]
    pub deleted_at: Option<Timestamp>,
    /// When it is purged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Timestamp"))]
    pub purge_at: Option<Timestamp>,
    /// Whose chain it was, if a reset left it behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "ArchivedFrom"))]
    pub archived_from: Option<ArchivedFrom>,
}

/// Whose chain an archived session holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArchivedFrom {
    /// The session that was reset.
    pub session_id: SessionId,
    /// When.
    pub at: Timestamp,
}

/// Answer to a reset: the session, empty now, and where its old chain is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResetSession {
    /// The session.
    #[serde(flatten)]
    pub session: Session,
    /// The session that holds the old chain; null where there was none to keep.
    pub archived_session_id: Option<SessionId>,
}

/// Answer to a purge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PurgedSession {
    /// The session that is no more.
    pub id: SessionId,
    /// Since when.
    pub purged_at: Timestamp,
    /// Until when its id is refused.
    pub id_free_at: Timestamp,
}

/// Body of a request for previews.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PreviewSessions {
    /// Which sessions, at most 64.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(length(max = crate::limits::PREVIEW_SESSIONS_MAX)))]
    pub ids: Vec<SessionId>,
    /// Items of each, 1 to 20; 1 where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = crate::limits::PREVIEW_ITEMS_MAX)))]
    pub limit: Option<u64>,
    /// Characters of each text, 1 to 4000; 200 where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = crate::limits::PREVIEW_CHARS_MAX)))]
    pub max_chars: Option<u64>,
}

/// Answer to a request for previews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Previews {
    /// One for each id, in the order of the request.
    pub data: Vec<Preview>,
}

/// The last items of a session, or why there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Preview {
    /// The session is there.
    Found(FoundPreview),
    /// It is not.
    Missing {
        /// Which.
        id: SessionId,
        /// Why.
        error: ErrorDetail,
    },
}

/// The last items of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FoundPreview {
    /// Which session.
    pub id: SessionId,
    /// Its title.
    pub title: Option<String>,
    /// Its status.
    pub status: Status,
    /// Entries in its chain.
    pub length: u64,
    /// When its newest entry was stored.
    pub last_entry_at: Option<Timestamp>,
    /// Its last entries that have text, the oldest first.
    pub items: Vec<PreviewItem>,
}

/// One entry of a preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PreviewItem {
    /// Its place in the chain, from 0.
    pub seq: u64,
    /// Its uuid, or `~SEQ` where it has none.
    #[cfg_attr(feature = "schema", schemars(with = "crate::EventId"))]
    pub event_id: String,
    /// Its `type`.
    pub event_type: String,
    /// When it was stored.
    pub created_at: Timestamp,
    /// Its text, on one line.
    pub text: String,
    /// Whether there is more of the text.
    pub truncated: bool,
}

/// The compaction boundaries of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Boundaries {
    /// How many.
    pub count: u32,
    /// The seq of the last.
    pub last_seq: Option<u64>,
}

/// Where a fork left its parent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ForkedFrom {
    /// The parent.
    pub session_id: SessionId,
    /// The event id that the fork was asked for at; null for all that there was.
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::EventId>"))]
    pub at: Option<String>,
    /// How many entries are shared.
    pub length: u64,
}

/// A page of sessions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionsPage {
    /// Those that grew last first.
    pub data: Vec<Session>,
    /// Where the next page begins; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::CursorText"))]
    pub next_cursor: Option<String>,
}

/// Body of a creation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(transform = crate::schema::subpath_needs_a_parent))]
pub struct CreateSession {
    /// The id; the server makes one where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<SessionId>,
    /// Which project it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Label>"))]
    pub project: Option<String>,
    /// The session whose sub-agent it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_session_id: Option<SessionId>,
    /// Which of that session's sub-agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Label>"))]
    pub subpath: Option<String>,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Label>"))]
    pub title: Option<String>,
    /// What else is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Metadata>"))]
    pub metadata: Option<Metadata>,
    /// When it is to be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::GivenTime>"))]
    pub expires_at: Option<Timestamp>,
}

/// Body of a patch: what is absent stays as it is, null takes away.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PatchSession {
    /// The title.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::Label>"))]
    pub title: Option<Option<String>>,
    /// Merged into the metadata (RFC 7396): null takes a value away, and null for all of it takes everything away.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::MetadataPatch>"))]
    pub metadata: Option<Option<Metadata>>,
    /// `active`, `paused` or `ended`; null is none of them.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::PatchedStatus"))]
    pub status: Option<Status>,
    /// When it is to be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::schema::GivenTime>"))]
    pub expires_at: Option<Option<Timestamp>>,
}

/// Body of a fork.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ForkSession {
    /// The new session's id; the server makes one where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<SessionId>,
    /// The event id of the last entry that is shared; all of them where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<crate::EventId>"))]
    pub at: Option<String>,
}

fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_tells_absent_from_null() {
        let patch: PatchSession = serde_json::from_str(r#"{"title":null,"metadata":{"a":null,"b":1}}"#).expect("patch");
        assert_eq!(patch.title, Some(None));
        assert_eq!(patch.expires_at, None);
        assert_eq!(serde_json::to_string(&patch).expect("encode"), r#"{"title":null,"metadata":{"a":null,"b":1}}"#);
    }

    #[test]
    fn bodies_with_unknown_members_are_refused() {
        assert!(serde_json::from_str::<CreateSession>(r#"{"titel":"x"}"#).is_err());
        assert!(serde_json::from_str::<PatchSession>(r#"{"project":"x"}"#).is_err());
        assert!(serde_json::from_str::<PatchSession>(r#"{"status":null}"#).is_err());
        assert!(serde_json::from_str::<ForkSession>(r#"{"at":5}"#).is_err());
    }
}
