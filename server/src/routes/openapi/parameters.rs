//! Parameters: of paths, of queries, and the headers that requests have in common.

use serde_json::{Value, json};
use verbatim_proto::{
    EventId, IdempotencyKey, OrganizationId, SessionId,
    limits::{LONG_POLL_SECONDS_DEFAULT, LONG_POLL_SECONDS_MAX, PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX},
    names,
    names::query,
    schema::{CursorText, GivenTime},
};

use super::{reference, schemas::Schemas};
use crate::routes::envelope;

/// The parameters that every operation of a path has: its places, and the caller's name for the request.
pub(super) fn of_path(pattern: &str) -> Value {
    let places = pattern.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    places.chain([names::X_REQUEST_ID]).map(|name| reference("parameters", name)).collect()
}

/// The parameters that are described once.
pub(super) fn components(schemas: &mut Schemas) -> Value {
    let place = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema });
    json!({
        "session_id": place("session_id", "The session.", schemas.sent::<SessionId>()),
        "event_id": place("event_id", "The entry: its uuid, or ~SEQ.", schemas.sent::<EventId>()),
        names::X_REQUEST_ID: header(names::X_REQUEST_ID, "The caller's own name for the request: 1 to 128 visible ASCII characters. Any other is replaced.", &json!({ "type": "string" })),
        names::X_ORGANIZATION_UUID: header(names::X_ORGANIZATION_UUID, "Must be the token's organisation, where it is sent.", &schemas.sent::<OrganizationId>()),
    })
}

pub(super) fn header(name: &str, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "header", "description": description, "schema": schema })
}

pub(super) fn in_query(name: &str, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

/// True or false.
pub(super) fn flag(name: &str, description: &str, default: bool) -> Value {
    let schema = json!({ "anyOf": [{ "type": "boolean" }, { "enum": ["1", "0", ""] }], "default": default });
    in_query(name, description, &schema)
}

/// How many a page holds. More than the most is not refused, so the schema does not bound it.
pub(super) fn limit(default: usize, max: usize) -> Value {
    let schema = json!({ "type": "integer", "minimum": 1, "default": default });
    in_query(query::LIMIT, &format!("How many at most. Over {max} means {max}."), &schema)
}

pub(super) fn cursor(schemas: &mut Schemas, description: &str) -> Value {
    in_query(query::CURSOR, description, &schemas.sent::<CursorText>())
}

pub(super) fn since(schemas: &mut Schemas) -> Value {
    in_query(query::SINCE, "Leave out what was stored before this time.", &schemas.sent::<GivenTime>())
}

pub(super) fn fields() -> Value {
    let names = envelope::NAMES.join("|");
    let description = "Only these members, parted by commas. `bare`, or nothing, means all but the payload.";
    in_query(
        query::FIELDS,
        description,
        &json!({ "type": "string", "pattern": format!("^(bare|({names})(,({names}))*)?$") }),
    )
}

/// Where a listing of entries begins: at most one of these is sent.
pub(super) fn begins(schemas: &mut Schemas) -> [Value; 4] {
    let count = |minimum: u64| json!({ "type": "integer", "minimum": minimum });
    [
        in_query(query::AFTER, "Begin behind the entry of this event id.", &schemas.sent::<EventId>()),
        in_query(query::FROM_SEQ, "Begin with the entry at this place.", &count(0)),
        in_query(
            query::FROM_BOUNDARY,
            "Begin with the last boundary, or with this one, counted from 1.",
            &json!({ "anyOf": [{ "const": "last" }, count(1)] }),
        ),
        in_query(query::TAIL, "The last so many entries, the oldest first.", &count(1)),
    ]
}

/// How a stream is followed, and from where.
pub(super) fn of_stream(schemas: &mut Schemas) -> [Value; 5] {
    let wait = json!({ "type": "integer", "minimum": 0, "default": LONG_POLL_SECONDS_DEFAULT });
    [
        header(names::LAST_EVENT_ID, "The id of the last frame that was taken.", &schemas.sent::<CursorText>()),
        in_query(
            query::LIVE,
            "As server-sent events, or one page by a long poll.",
            &json!({ "enum": ["sse", "long-poll"], "default": "sse" }),
        ),
        in_query(
            query::WAIT,
            &format!("Long poll: for so many seconds. Over {LONG_POLL_SECONDS_MAX} means {LONG_POLL_SECONDS_MAX}."),
            &wait,
        ),
        limit(PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX),
        cursor(schemas, "A next_cursor, or the id of a frame."),
    ]
}

/// The head that a change of the chain rests on.
pub(super) fn last_uuid() -> Value {
    let description = "The head the client believes in; left out, or empty, for no head yet.";
    header(names::LAST_UUID, description, &json!({ "type": "string" }))
}

/// The headers of an append.
pub(super) fn of_append(schemas: &mut Schemas) -> [Value; 2] {
    [
        last_uuid(),
        header(
            names::IDEMPOTENCY_KEY,
            "For entries without a uuid: makes their retry recognisable.",
            &schemas.sent::<IdempotencyKey>(),
        ),
    ]
}
