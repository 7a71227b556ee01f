//! Sessions as resources.

use http::StatusCode;
use serde_json::{Value, json};
use verbatim_proto::{
    ErrorCode, Scope, SessionId,
    limits::{SESSION_BODY_BYTES_MAX, SESSIONS_PAGE_DEFAULT, SESSIONS_PAGE_MAX},
    names::{X_LAST_UUID, query},
    schema::GivenTime,
    sessions::{CreateSession, ForkSession, PatchSession, PreviewSessions, Previews, Session, SessionsPage, Status},
};

use super::{About, Access, Answer, Schemas, Tag, parameters};

pub(super) fn create(schemas: &mut Schemas) -> About {
    about("createSession", "Create a session", Scope::Append)
        .body(false, body_bound(), &[("application/json", schemas.sent::<CreateSession>())])
        .answers(made(schemas, "The session."))
        .answers(shown(schemas, "It was created with this same content: the session as it is now."))
        .of_named_session()
        .writes()
        .refuses(&[ErrorCode::SessionExists, ErrorCode::SessionEnded])
}

pub(super) fn list(schemas: &mut Schemas) -> About {
    let text = json!({ "type": "string" });
    let page = schemas.given::<SessionsPage>();
    about("listSessions", "List the organisation's sessions", Scope::Read)
        .says("Those that were created or appended to last come first. Without status every session is listed but those in the bin.")
        .takes([
            parameters::limit(SESSIONS_PAGE_DEFAULT, SESSIONS_PAGE_MAX),
            parameters::cursor(schemas, "The last page's next_cursor, for the same filter."),
            parameters::in_query(query::PROJECT, "Exactly this project.", &text),
            parameters::in_query(query::PARENT, "Sub-agents of this session.", &schemas.sent::<SessionId>()),
            parameters::in_query(query::STATUS, "Exactly this status.", &schemas.sent::<Status>()),
            parameters::in_query(query::TITLE, "Titles that begin so.", &text),
            parameters::in_query(query::UPDATED_AFTER, "Created or appended to after this time.", &schemas.sent::<GivenTime>()),
            by_metadata(),
        ])
        .answers(Answer::new(StatusCode::OK, "A page; the last has no next_cursor. Sessions are shown without forks.").json(&page))
}

/// One parameter for each key: an object that is exploded (OpenAPI 3.1, Parameter Object, style `form`).
fn by_metadata() -> Value {
    let description = "metadata.KEY: this value under this key, as text. Several must all hold.";
    json!({
        "name": "metadata", "in": "query", "style": "form", "explode": true, "description": description,
        "schema": {
            "type": "object",
            "propertyNames": { "pattern": format!("^{}", query::METADATA_PREFIX.replace('.', r"\.")) },
            "additionalProperties": { "type": "string" },
        },
    })
}

pub(super) fn show(schemas: &mut Schemas) -> About {
    About::new(Tag::Sessions, "showSession", "Show a session", Access::Session(Scope::Read))
        .answers(shown(schemas, "The session, with its forks."))
        .refuses(&[ErrorCode::NotFound])
}

pub(super) fn patch(schemas: &mut Schemas) -> About {
    let tag = parameters::header(
        "if-match",
        "An ETag of this session, of which the revision is compared; or *.",
        &json!({ "type": "string" }),
    );
    about("patchSession", "Change what is said of a session", Scope::Append)
        .says("What is left out stays; null takes a title, a time or a value of the metadata away.")
        .takes([tag])
        .body(false, body_bound(), &[("application/json", schemas.sent::<PatchSession>())])
        .answers(shown(schemas, "The session."))
        .writes()
        .refuses(&[ErrorCode::NotFound, ErrorCode::PreconditionFailed, ErrorCode::SessionEnded])
}

pub(super) fn fork(schemas: &mut Schemas) -> About {
    about("forkSession", "Branch off a session", Scope::Append)
        .says("The new session shares the chain up to and with the entry at, by default all of it, without copying it.")
        .body(false, body_bound(), &[("application/json", schemas.sent::<ForkSession>())])
        .answers(made(schemas, "The fork."))
        .answers(shown(schemas, "It is the fork of this session at this same place: the fork as it is now."))
        .writes()
        .refuses(&[ErrorCode::NotFound, ErrorCode::SessionExists, ErrorCode::SessionEnded])
}

pub(super) fn previews(schemas: &mut Schemas) -> About {
    let previews = schemas.given::<Previews>();
    about("previewSessions", "The last lines of many sessions", Scope::Read)
        .says("What users and assistants said, and summaries. A session may be named previews too: it is shown, patched and deleted as {session_id} says.")
        .body(false, body_bound(), &[("application/json", schemas.sent::<PreviewSessions>())])
        .answers(Answer::new(StatusCode::OK, "One preview for each id, in the order of the request; a session that is missing, or in the bin, says so in its place.").json(&previews))
}

pub(super) fn about(id: &'static str, summary: &'static str, scope: Scope) -> About {
    About::new(Tag::Sessions, id, summary, Access::Organization(scope))
}

pub(super) fn shown(schemas: &mut Schemas, description: &'static str) -> Answer {
    Answer::new(StatusCode::OK, description).json(&schemas.given::<Session>()).with(&["etag", X_LAST_UUID])
}

fn made(schemas: &mut Schemas, description: &'static str) -> Answer {
    let session = schemas.given::<Session>();
    Answer::new(StatusCode::CREATED, description).json(&session).with(&["etag", "location", X_LAST_UUID])
}

pub(super) fn body_bound() -> String {
    format!("At most {SESSION_BODY_BYTES_MAX} bytes. No body is an empty object.")
}
