//! Bodies of answers, as clients read them. Large ones are streamed by the server and so are written by hand there;
//! tests hold both ends together.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    entry::{Redaction, redaction},
    error::{ErrorCode, Outcome},
    ids::EntryUuid,
    timestamp::Timestamp,
};

/// What became of an append that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AppendStatus {
    /// The entry was stored by this request, and would survive loss of power.
    Stored,
    /// The entry stood in the chain already, with the same content.
    AlreadyStored,
}

/// Answer to an append (200 or 201).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppendReceipt {
    /// Whether this request stored it.
    pub status: AppendStatus,
    /// The entry's uuid; null where it has none.
    pub uuid: Option<EntryUuid>,
    /// The entry's place in the chain, from 0.
    pub seq: u64,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// Answer to a batch (200 or 201).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BatchReceipt {
    /// Whether this request stored any of the entries.
    pub status: AppendStatus,
    /// One for each entry, in the order of the batch.
    pub results: Vec<BatchResult>,
    /// The head now; null where there is none.
    pub head: Option<EntryUuid>,
    /// Entries in the chain now.
    pub length: u64,
}

/// What became of one entry of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BatchResult {
    /// The entry's uuid; null where it has none.
    pub uuid: Option<EntryUuid>,
    /// The entry's place in the chain, from 0.
    pub seq: u64,
    /// Whether this request stored it.
    pub status: AppendStatus,
}

/// Answer to a refused request (any 4xx or 5xx).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorAnswer {
    /// What was wrong.
    pub error: ErrorDetail,
    /// On a refused append: whether anything was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Outcome"))]
    pub outcome: Option<Outcome>,
    /// On a conflict: where the chain stands.
    #[serde(flatten)]
    pub conflict: Option<ConflictDetail>,
}

/// The code and its message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorDetail {
    /// Which kind of error.
    #[serde(rename = "type")]
    pub code: ErrorCode,
    /// What was wrong and what would be right, for a person.
    pub message: String,
}

/// Where the chain stands when `Last-Uuid` was not its head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConflictDetail {
    /// The `Last-Uuid` that the server got; null for none.
    pub expected: Option<String>,
    /// The head there is; null for none.
    pub head: Option<EntryUuid>,
    /// Entries in the chain.
    pub length: u64,
}

/// One entry on a page.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Event {
    /// The entry's uuid, or `~SEQ` where it has none.
    #[cfg_attr(feature = "schema", schemars(with = "crate::EventId"))]
    pub event_id: String,
    /// The entry's `type`, or `"unknown"`.
    pub event_type: String,
    /// Whether it is a compaction boundary.
    pub is_compaction: bool,
    /// The entry, byte for byte.
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Payload"))]
    pub payload: Box<RawValue>,
    /// When it was stored.
    pub created_at: Timestamp,
}

impl Event {
    /// When and from what it was redacted; none where the payload is what was appended.
    pub fn redaction(&self) -> Option<Redaction> {
        redaction(self.payload.get().as_bytes())
    }

    /// Whether its content was taken away, and the payload is a stub.
    pub fn is_redacted(&self) -> bool {
        self.redaction().is_some()
    }
}

/// Answer to teleport-events.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventsPage {
    /// Entries in chain order.
    pub data: Vec<Event>,
    /// Where the next page begins; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::CursorText"))]
    pub next_cursor: Option<String>,
}

/// One entry of a session, in its envelope.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entry {
    /// Its place in the chain, from 0.
    pub seq: u64,
    /// Its uuid, or `~SEQ` where it has none.
    #[cfg_attr(feature = "schema", schemars(with = "crate::EventId"))]
    pub event_id: String,
    /// Its `type`, or `"unknown"`.
    pub event_type: String,
    /// Whether it is a boundary.
    pub is_compaction: bool,
    /// When it was stored.
    pub created_at: Timestamp,
    /// The entry, byte for byte; absent where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Payload"))]
    pub payload: Option<Box<RawValue>>,
}

impl Entry {
    /// When and from what it was redacted; none where the payload is what was appended, or is absent.
    pub fn redaction(&self) -> Option<Redaction> {
        redaction(self.payload.as_ref()?.get().as_bytes())
    }

    /// Whether its content was taken away, and the payload is a stub.
    pub fn is_redacted(&self) -> bool {
        self.redaction().is_some()
    }
}

/// Answer to a read of a session's entries, or to a long poll for them.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EntriesPage {
    /// Entries in the order that was asked for.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::schema::ShownEntry>"))]
    pub data: Vec<Entry>,
    /// Where to go on; absent on the last page, and always there in the answer to a long poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::CursorText"))]
    pub next_cursor: Option<String>,
    /// Entries in the chain.
    pub total: u64,
    /// Whether more entries follow than this page holds.
    pub truncated: bool,
    /// In the answer to a long poll: whether the session has ended, so that none will follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
}

/// Answer to a read of the whole transcript.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Transcript {
    /// Entries in chain order.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<crate::schema::Payload>"))]
    pub loglines: Vec<Box<RawValue>>,
    /// How many entries stand in `loglines`.
    pub count: u64,
    /// The head; null where there is none.
    pub last_uuid: Option<EntryUuid>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_reads_as_the_protocol_writes_it() {
        let receipt = AppendReceipt {
            status: AppendStatus::AlreadyStored,
            uuid: EntryUuid::new("u1").ok(),
            seq: 41,
            created_at: Timestamp::from_micros(0),
        };
        let json = r#"{"status":"already_stored","uuid":"u1","seq":41,"created_at":"1970-01-01T00:00:00.000000Z"}"#;
        assert_eq!(serde_json::to_string(&receipt).expect("encode"), json);
        assert_eq!(serde_json::from_str::<AppendReceipt>(json).expect("decode"), receipt);
    }

    #[test]
    fn a_refusal_reads_with_and_without_a_conflict() {
        let plain = r#"{"error":{"type":"request_timeout","message":"m"},"outcome":"unknown"}"#;
        let conflict = r#"{"error":{"type":"conflict_error","message":"m"},"outcome":"not_stored","expected":null,"head":"u1","length":3}"#;
        for json in [plain, conflict] {
            let answer: ErrorAnswer = serde_json::from_str(json).expect("decode");
            assert_eq!(answer.conflict.is_some(), json == conflict);
            assert_eq!(serde_json::to_string(&answer).expect("encode"), json);
        }
    }

    #[test]
    fn a_payload_keeps_its_bytes() {
        let json = r#"{"data":[{"event_id":"~0","event_type":"x","is_compaction":false,"payload":{ "a":1e400,"a":"\ud800"},"created_at":"1970-01-01T00:00:00.000000Z"}]}"#;
        let page: EventsPage = serde_json::from_str(json).expect("decode");
        assert_eq!(page.data[0].payload.get(), r#"{ "a":1e400,"a":"\ud800"}"#);
        assert_eq!(serde_json::to_string(&page).expect("encode"), json);
    }

    #[test]
    fn a_page_of_entries_reads_with_and_without_its_optional_members() {
        let bare = r#"{"data":[{"seq":0,"event_id":"~0","event_type":"x","is_compaction":false,"created_at":"1970-01-01T00:00:00.000000Z"}],"total":1,"truncated":false}"#;
        let full = r#"{"data":[{"seq":0,"event_id":"~0","event_type":"x","is_compaction":false,"created_at":"1970-01-01T00:00:00.000000Z","payload":{ "a":1 }}],"next_cursor":"c","total":9,"truncated":true,"ended":true}"#;
        for json in [bare, full] {
            let page: EntriesPage = serde_json::from_str(json).expect("decode");
            assert_eq!((page.next_cursor.is_some(), page.ended), (json == full, json == full));
            assert_eq!(serde_json::to_string(&page).expect("encode"), json);
        }
    }
}
