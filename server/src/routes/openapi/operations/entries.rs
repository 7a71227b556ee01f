//! A session's entries: batches, pages from any place, one by one, live.

use http::StatusCode;
use serde_json::{Value, json};
use verbatim_proto::{
    ErrorCode, EventId, Scope,
    entry::Redaction,
    limits::{BATCH_ENTRIES_MAX, PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX},
    messages::{BatchReceipt, EntriesPage, Entry},
    names::{X_LAST_UUID, query},
    schema::NewEntry,
};

use super::{About, Access, Answer, Schemas, Tag, parameters};

const NDJSON: &str = "application/x-ndjson";

pub(super) fn append_batch(schemas: &mut Schemas) -> About {
    let receipt = schemas.given::<BatchReceipt>();
    let answer = |status, description| Answer::new(status, description).json(&receipt).with(&[X_LAST_UUID]);
    let array =
        json!({ "type": "array", "items": schemas.sent::<NewEntry>(), "minItems": 1, "maxItems": BATCH_ENTRIES_MAX });
    About::new(Tag::Entries, "appendBatch", "Append a batch", Access::Organization(Scope::Append))
        .says("All entries are stored, or none. Entries without a uuid need an Idempotency-Key.")
        .takes(parameters::of_append(schemas))
        .body(
            true,
            format!(
                "1 to {BATCH_ENTRIES_MAX} entries; all of them together are bound by the limit of one entry's bytes."
            ),
            &[("application/json", array), (NDJSON, lines("One entry a line; empty lines are skipped."))],
        )
        .answers(answer(StatusCode::CREATED, "Those that were missing were stored."))
        .answers(answer(StatusCode::OK, "All of them stood in the chain already."))
        .appends()
}

pub(super) fn page(schemas: &mut Schemas) -> About {
    let page = schemas.given::<EntriesPage>();
    About::new(Tag::Entries, "listEntries", "Read entries from any place and in either direction", Access::Session(Scope::Read))
        .says("At most one of after, from_seq, from_boundary and tail is sent. tail goes with neither order=desc nor type.")
        .takes([
            parameters::in_query(query::ORDER, "Chain order, or the newest first.", &json!({ "enum": ["asc", "desc"], "default": "asc" })),
            parameters::limit(PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX),
            parameters::cursor(schemas, "The last page's next_cursor, with that page's order and type."),
        ])
        .takes(parameters::begins(schemas))
        .takes([
            parameters::in_query(query::BEFORE, "End in front of the entry of this event id.", &schemas.sent::<EventId>()),
            parameters::since(schemas),
            parameters::in_query(query::TYPE, "Only entries whose event_type is exactly this.", &json!({ "type": "string" })),
            parameters::fields(),
        ])
        .answers(
            Answer::new(StatusCode::OK, "A page. truncated is true exactly where there is a next_cursor.")
                .json(&page)
                .form(NDJSON, &lines("One entry a line. The last line has next_cursor, total and truncated: a body without it was cut off."))
                .with(&[X_LAST_UUID]),
        )
        .refuses(&[ErrorCode::NotFound, ErrorCode::CursorGone])
}

pub(super) fn one(schemas: &mut Schemas) -> About {
    let entry = whole_entry(schemas);
    About::new(Tag::Entries, "readEntry", "Read one entry", Access::Session(Scope::Read))
        .answers(Answer::new(StatusCode::OK, "The entry, in its envelope.").json(&entry).with(&[X_LAST_UUID]))
        .refuses(&[ErrorCode::NotFound])
}

pub(super) fn redact(schemas: &mut Schemas) -> About {
    let redacted = schemas.given::<Redaction>();
    let stub =
        json!({ "properties": { "payload": { "properties": { "redacted": redacted }, "required": ["redacted"] } } });
    let entry = json!({ "allOf": [whole_entry(schemas), stub] });
    About::new(Tag::Entries, "redactEntry", "Take an entry's content away for good", Access::Organization(Scope::Admin))
        .says("In every read from then on, in every session that shares the entry, a stub is its payload.")
        .answers(
            Answer::new(StatusCode::OK, "The entry as it is now, also where it was redacted before.")
                .json(&entry)
                .with(&[X_LAST_UUID]),
        )
        .writes()
        .refuses(&[ErrorCode::NotFound])
}

fn whole_entry(schemas: &mut Schemas) -> Value {
    json!({ "allOf": [schemas.given::<Entry>(), { "required": ["payload"] }] })
}

pub(super) fn stream(schemas: &mut Schemas) -> About {
    let page = json!({ "allOf": [schemas.given::<EntriesPage>(), { "required": ["next_cursor"] }] });
    About::new(Tag::Entries, "followSession", "Follow a session: entries as they come", Access::Session(Scope::Read))
        .says("It begins where Last-Event-ID says, else where cursor does, else at one of after, from_seq, from_boundary, tail and since, else at the first entry.")
        .takes(parameters::of_stream(schemas))
        .takes(parameters::begins(schemas))
        .takes([parameters::since(schemas), parameters::fields()])
        .answers(
            Answer::new(StatusCode::OK, "The entries there are, and then each further one; or, by a long poll, a page as soon as there is one entry.")
                .frames(FRAMES, FRAME)
                .json(&page)
                .with(&[X_LAST_UUID]),
        )
        .refuses(&[ErrorCode::NotFound, ErrorCode::CursorGone])
}

const FRAMES: &str = "Frames of server-sent events: `id:` is the point to resume from, `event:` is `entry`, `data:` is one entry in its envelope, as a page has it. A comment line comes in silence; `event: end` says that nothing more will come.";

const FRAME: &str = "id: AgAA\nevent: entry\ndata: {\"seq\":0,\"event_id\":\"u1\",\"event_type\":\"user\",\"is_compaction\":false,\"created_at\":\"2026-01-02T03:04:05.000006Z\",\"payload\":{\"uuid\":\"u1\",\"type\":\"user\"}}\n\n";

fn lines(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}
