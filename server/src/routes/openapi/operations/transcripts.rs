//! One session's transcript: append an entry, read all of it or page by page.

use http::StatusCode;
use verbatim_proto::{
    ErrorCode, Scope,
    limits::{ENTRY_BYTES_MAX_DEFAULT, PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX},
    messages::{AppendReceipt, EventsPage, Transcript},
    names::{X_ENTRY_COUNT, X_LAST_UUID, query},
    schema::NewEntry,
};

use super::{About, Access, Answer, Schemas, Tag, parameters};

pub(super) fn append(schemas: &mut Schemas) -> About {
    let receipt = schemas.given::<AppendReceipt>();
    let answer = |status, description| Answer::new(status, description).json(&receipt).with(&[X_LAST_UUID]);
    About::new(Tag::Transcripts, "appendEntry", "Append one entry", Access::Session(Scope::Append))
        .says("The first append creates the session.")
        .takes(parameters::of_append(schemas))
        .body(
            true,
            format!("The entry; at most {ENTRY_BYTES_MAX_DEFAULT} bytes, unless the operator has set another limit."),
            &[("application/json", schemas.sent::<NewEntry>())],
        )
        .answers(answer(StatusCode::CREATED, "The entry was stored, and would survive loss of power."))
        .answers(answer(StatusCode::OK, "The entry stood in the chain already, with the same content."))
        .appends()
}

pub(super) fn whole(schemas: &mut Schemas) -> About {
    let transcript = schemas.given::<Transcript>();
    About::new(Tag::Transcripts, "readTranscript", "Read the whole transcript", Access::Session(Scope::Read))
        .takes([parameters::flag(
            query::AFTER_LAST_COMPACT,
            "Begin at the last boundary, that entry included, or at the first entry where there is none.",
            false,
        )])
        .answers(
            Answer::new(
                StatusCode::OK,
                "The entries in chain order, from one snapshot. A body with count and last_uuid was not cut off.",
            )
            .json(&transcript)
            .with(&[X_LAST_UUID]),
        )
        .refuses(&[ErrorCode::NotFound])
}

pub(super) fn standing() -> About {
    About::new(Tag::Transcripts, "readStanding", "Read where the transcript stands", Access::Session(Scope::Read))
        .answers(Answer::new(StatusCode::OK, "Head and length.").with(&[X_LAST_UUID, X_ENTRY_COUNT]))
        .refuses(&[ErrorCode::NotFound])
}

pub(super) fn page(schemas: &mut Schemas) -> About {
    let page = schemas.given::<EventsPage>();
    About::new(Tag::Transcripts, "teleportEvents", "Read the transcript page by page", Access::Session(Scope::Read))
        .takes([
            parameters::limit(PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX),
            parameters::cursor(schemas, "The last page's next_cursor; left out for the first page."),
        ])
        .answers(Answer::new(StatusCode::OK, "A page; the last has no next_cursor.").json(&page).with(&[X_LAST_UUID]))
        .refuses(&[ErrorCode::NotFound, ErrorCode::CursorGone])
}
