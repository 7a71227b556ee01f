//! The page reader, and what must hold of every chain that it reads.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::{session::Session, wire::Answer};

/// One entry on a page.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The entry's uuid, or `~SEQ`.
    pub event_id: String,
    /// The entry's type, or `unknown`.
    pub event_type: String,
    /// Whether it is a boundary.
    pub is_compaction: bool,
    /// The entry, byte for byte.
    pub payload: Box<RawValue>,
    /// When it was stored.
    pub created_at: String,
}

/// A page.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The entries.
    pub data: Vec<Event>,
    /// Where to go on; absent, never null, on the last page.
    #[serde(default, deserialize_with = "present")]
    pub next_cursor: Option<String>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    String::deserialize(deserializer).map(Some)
}

/// A whole transcript.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// The entries.
    pub loglines: Vec<Box<RawValue>>,
    /// How many there are.
    pub count: u64,
    /// The head.
    pub last_uuid: Option<String>,
}

impl Transcript {
    /// Reads an answer, and checks that its end fits its body.
    #[track_caller]
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let transcript: Self = serde_json::from_slice(&answer.body).expect("a transcript");
        assert_eq!(transcript.count, transcript.loglines.len() as u64, "count");
        transcript
    }

    /// The entries as text.
    pub fn lines(&self) -> Vec<&str> {
        self.loglines.iter().map(|line| line.get()).collect()
    }
}

impl Page {
    /// Reads an answer.
    #[track_caller]
    pub fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
        serde_json::from_slice(&answer.body)
            .unwrap_or_else(|error| panic!("not a page ({error}): {:.2000}", answer.text()))
    }

    /// The event ids.
    pub fn ids(&self) -> Vec<&str> {
        self.data.iter().map(|event| event.event_id.as_str()).collect()
    }
}

/// Reads a session's pages to the end, `limit` entries at a time.
pub async fn read(session: &Session, limit: usize) -> Vec<Event> {
    let mut chain: Vec<Event> = Vec::new();
    let mut cursors = HashSet::new();
    let mut query = format!("?limit={limit}");
    loop {
        let page = Page::of(&session.page(&query).send().await);
        assert!(page.data.len() <= limit, "{} entries where {limit} were asked for", page.data.len());
        assert!(page.next_cursor.is_none() || !page.data.is_empty(), "a page that goes on holds at least one entry");
        chain.extend(page.data);
        let Some(cursor) = page.next_cursor else { break };
        query = format!("?limit={limit}&cursor={cursor}");
        assert!(cursors.insert(cursor), "a cursor came twice: the pages would never end");
    }
    check(&chain);
    chain
}

/// Ids are unique, `~SEQ` stands at its place, times have their form and never go back.
#[track_caller]
pub fn check(chain: &[Event]) {
    let mut seen = HashSet::new();
    for (seq, event) in chain.iter().enumerate() {
        assert!(seen.insert(&event.event_id), "{} stands in the chain twice", event.event_id);
        if let Some(place) = event.event_id.strip_prefix('~') {
            assert_eq!(place, seq.to_string(), "an entry without uuid is named by its place");
        }
        assert!(is_timestamp(&event.created_at), "{:?} is not RFC 3339 in UTC with microseconds", event.created_at);
        assert!(seq == 0 || chain[seq - 1].created_at <= event.created_at, "created_at went back at {seq}");
    }
}

/// `2026-01-02T03:04:05.678901Z`.
pub fn is_timestamp(text: &str) -> bool {
    let pattern = b"0000-00-00T00:00:00.000000Z";
    text.len() == pattern.len()
        && text
            .bytes()
            .zip(pattern)
            .all(|(byte, &wanted)| if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted })
}
