//! JSON Schemas (2020-12) of what a derive cannot say: the forms of ids, times and texts, and their bounds.
//!
//! Types that are only schemas stand for members whose form the Rust type is too wide to show; a message names them where
//! it says `schemars(with = …)`. An answer's schema is open, so that a client passes over members it does not know yet.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use crate::{
    Digest, EntryUuid, EventId, IdempotencyKey, OrganizationId, SessionId, Timestamp,
    limits::{
        ENTRY_DEPTH_MAX, ENTRY_UUID_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX, LABEL_CHARS_MAX, METADATA_BYTES_MAX,
        SESSION_ID_BYTES_MAX,
    },
    messages::Entry,
};

/// A project, subpath or title.
pub struct Label;
/// A time as a client sends it, in any spelling of RFC 3339.
pub struct GivenTime;
/// The status that a patch sets.
pub struct PatchedStatus;
/// Metadata as it is given and shown.
pub struct Metadata;
/// Metadata as a patch merges it.
pub struct MetadataPatch;
/// `next_cursor`, and the `id:` of a stream's frame.
pub struct CursorText;
/// An entry's payload as it is given back.
pub struct Payload;
/// An entry in its envelope, or those of its members that were asked for.
pub struct ShownEntry;
/// An entry as it is sent.
pub struct NewEntry;

macro_rules! schemas {
    ($($type:ident ($generator:ident) => $schema:expr;)+) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )+};
}

schemas! {
    SessionId (_generator) => json_schema!({
        "description": "The id of a session: chosen by the client, unique within its organisation.",
        "type": "string",
        "minLength": 1,
        "maxLength": SESSION_ID_BYTES_MAX,
        "pattern": "^[A-Za-z0-9_-]+$",
        "examples": ["s-1"],
    });
    EntryUuid (_generator) => json_schema!({
        "description": "The uuid of an entry: a UUID, or other visible ASCII characters that do not begin with ~. It is compared and echoed exactly as sent.",
        "type": "string",
        "minLength": 1,
        "maxLength": ENTRY_UUID_BYTES_MAX,
        "pattern": "^[!-}][!-~]*$",
        "examples": ["0b6cd1d6-4d6f-4b8e-9a61-7d1c3f5b2a10"],
    });
    EventId (_generator) => json_schema!({
        "description": "The name of an entry: its uuid, or ~SEQ.",
        "type": "string",
        "minLength": 1,
        "maxLength": ENTRY_UUID_BYTES_MAX,
        "pattern": "^([!-}][!-~]*|~(0|[1-9][0-9]{0,18}))$",
        "examples": ["0b6cd1d6-4d6f-4b8e-9a61-7d1c3f5b2a10", "~41"],
    });
    IdempotencyKey (_generator) => json_schema!({
        "description": "Makes the retry of entries without a uuid recognisable.",
        "type": "string",
        "minLength": 1,
        "maxLength": IDEMPOTENCY_KEY_BYTES_MAX,
        "pattern": "^[!-~]+$",
    });
    OrganizationId (_generator) => json_schema!({
        "description": "The id of an organisation, in any spelling of a UUID.",
        "type": "string",
        "format": "uuid",
    });
    Timestamp (_generator) => json_schema!({
        "description": "RFC 3339, UTC, microseconds.",
        "type": "string",
        "format": "date-time",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$",
        "examples": ["2026-01-02T03:04:05.000006Z"],
    });
    GivenTime (_generator) => json_schema!({
        "description": "RFC 3339, in any time zone.",
        "type": "string",
        "format": "date-time",
        "examples": ["2026-01-02T03:04:05Z"],
    });
    Digest (_generator) => json_schema!({
        "description": "The digest of a chain, in lower-case hex. Of the empty chain it is all zeros.",
        "type": "string",
        "pattern": "^[0-9a-f]{64}$",
    });
    Label (_generator) => json_schema!({
        "type": "string",
        "maxLength": LABEL_CHARS_MAX,
    });
    CursorText (_generator) => json_schema!({
        "description": "Opaque: send it back exactly as it came.",
        "type": "string",
        "pattern": "^[A-Za-z0-9_-]+$",
    });
    PatchedStatus (_generator) => json_schema!({
        "description": "From active to paused and back, and from either to ended.",
        "enum": ["active", "paused", "ended"],
    });
    Metadata (_generator) => json_schema!({
        "description": format!("Texts, numbers and booleans by name; at most {METADATA_BYTES_MAX} bytes of JSON."),
        "type": "object",
        "additionalProperties": { "type": ["string", "number", "boolean"] },
    });
    MetadataPatch (_generator) => json_schema!({
        "description": format!("Merged into the metadata (RFC 7396): null takes a value away. At most {METADATA_BYTES_MAX} bytes of JSON may come of it."),
        "type": "object",
        "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
    });
    Payload (_generator) => json_schema!({
        "description": "The entry, byte for byte as it was sent.",
        "type": "object",
    });
    ShownEntry (generator) => {
        let mut shown = Entry::json_schema(generator);
        shown.remove("required");
        shown.insert("minProperties".into(), 1.into());
        let description = "An entry of a session, in its envelope: with every member, or with those that fields asked for.";
        shown.insert("description".into(), description.into());
        shown
    };
    NewEntry (generator) => json_schema!({
        "description": format!("One entry. It is stored, and given back, byte for byte; four of its members are read. Nested at most {ENTRY_DEPTH_MAX} levels deep."),
        "type": "object",
        "properties": {
            "uuid": {
                "description": "Unique within the session. Absent, null and empty all mean none.",
                "anyOf": [generator.subschema_for::<EntryUuid>(), { "enum": ["", null] }],
            },
            "type": { "description": "Shown as event_type, where it is a text." },
            "subtype": { "description": "With type system, compact_boundary makes the entry a boundary." },
            "sessionId": { "description": "Whose transcript the entry was taken from." },
        },
        "examples": [{ "type": "user", "uuid": "u1" }],
    });
}

/// A sub-agent is some session's.
pub(crate) fn subpath_needs_a_parent(schema: &mut Schema) {
    let given = |name: &str| json!({ "properties": { name: { "type": "string" } }, "required": [name] });
    schema.insert("if".into(), given("subpath"));
    schema.insert("then".into(), given("parent_session_id"));
}
