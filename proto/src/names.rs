//! Names of headers, paths and query parameters, once for both ends. Headers are lower-case, as HTTP/2 sends them (RFC 9113, section 8.2.1).

pub mod query;

use crate::ids::SessionId;

/// Request: the head the client believes in.
pub const LAST_UUID: &str = "last-uuid";
/// Answer: the head there is.
pub const X_LAST_UUID: &str = "x-last-uuid";
/// Answer to `HEAD`: how many entries the chain has.
pub const X_ENTRY_COUNT: &str = "x-entry-count";
/// Request: makes the retry of an entry without a uuid recognisable.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Request: must equal the token's organisation where it is sent.
pub const X_ORGANIZATION_UUID: &str = "x-organization-uuid";
/// Request: the caller's own name for the request.
pub const X_REQUEST_ID: &str = "x-request-id";
/// Answer: the request's name, the caller's own where it sent one.
pub const REQUEST_ID: &str = "request-id";

/// Request: where a stream goes on (HTML Standard, server-sent events).
pub const LAST_EVENT_ID: &str = "last-event-id";

/// Append (PUT) and whole transcript (GET, HEAD).
pub fn session_ingress_path(session: &SessionId) -> String {
    format!("/v1/session_ingress/session/{session}")
}

/// Page by page (GET).
pub fn teleport_events_path(session: &SessionId) -> String {
    format!("/v1/code/sessions/{session}/teleport-events")
}

/// The organisation's sessions: create (POST), list (GET).
pub const SESSIONS_PATH: &str = "/v1/sessions";

/// A session: show (GET), patch (PATCH), delete (DELETE).
pub fn session_path(session: &SessionId) -> String {
    format!("{SESSIONS_PATH}/{session}")
}

/// Fork a session (POST).
pub fn session_fork_path(session: &SessionId) -> String {
    format!("{SESSIONS_PATH}/{session}/fork")
}

/// Take a session out of the bin (POST).
pub fn session_restore_path(session: &SessionId) -> String {
    format!("{SESSIONS_PATH}/{session}/restore")
}

/// Begin a new chain (POST).
pub fn session_reset_path(session: &SessionId) -> String {
    format!("{SESSIONS_PATH}/{session}/reset")
}

/// The last lines of many sessions (POST).
pub const PREVIEWS_PATH: &str = "/v1/sessions/previews";
/// Changes of the organisation's sessions, as they happen (GET).
pub const CHANGES_PATH: &str = "/v1/organization/changes";
/// How much the organisation keeps (GET).
pub const USAGE_PATH: &str = "/v1/organization/usage";
/// What is set for the organisation: show (GET), patch (PATCH).
pub const SETTINGS_PATH: &str = "/v1/organization/settings";
/// What will go (GET).
pub const EXPIRING_PATH: &str = "/v1/organization/expiring";

/// A session's entries: in pages (GET), one by its event id below it (GET), append a batch (POST).
pub fn session_entries_path(session: &SessionId) -> String {
    format!("/v1/sessions/{session}/entries")
}

/// A session's entries as they come (GET).
pub fn session_stream_path(session: &SessionId) -> String {
    format!("/v1/sessions/{session}/stream")
}
