//! The headers of answers.

use serde_json::{Map, Value, json};
use verbatim_proto::{EntryUuid, names};

use super::{reference, schemas::Schemas};

/// An `ETag` that not every answer of the status has.
pub(super) const ETAG_WHERE_SHOWN: &str = "etag.where-shown";

/// References to headers by name, `request-id` among them.
pub(super) fn references(names: &[&str]) -> Map<String, Value> {
    let all = names.iter().copied().chain([names::REQUEST_ID]);
    // What stands behind a dot tells two descriptions of one header apart.
    let name_of = |described: &str| described.split('.').next().unwrap_or_default().to_owned();
    all.map(|described| (name_of(described), reference("headers", described))).collect()
}

/// The headers that are described.
pub(super) fn components(schemas: &mut Schemas) -> Value {
    let header = |required: bool, description: &str, schema: Value| json!({ "required": required, "description": description, "schema": schema });
    let text = || json!({ "type": "string" });
    let tag = || json!({ "type": "string", "pattern": r#"^"[0-9]+\.[0-9]+"$"# });
    json!({
        names::REQUEST_ID: header(true, "The request's name: the caller's x-request-id, else one of the server's.", text()),
        names::X_LAST_UUID: header(false, "The session's head; left out where it has none.", schemas.given::<EntryUuid>()),
        names::X_ENTRY_COUNT: header(true, "How many entries the chain has.", json!({ "type": "integer", "minimum": 0 })),
        "etag": header(true, ETAG, tag()),
        ETAG_WHERE_SHOWN: header(false, ETAG, tag()),
        "location": header(true, "The path of what was made.", json!({ "type": "string", "pattern": "^/v1/sessions/[A-Za-z0-9_-]+$" })),
        "retry-after": header(true, "Seconds to wait.", json!({ "type": "integer", "minimum": 1 })),
        "www-authenticate": header(true, "How to authenticate (RFC 6750).", text()),
    })
}

const ETAG: &str = "REVISION.LENGTH: appends move the second number, every other change the first.";
