//! How sessions go, come back and begin anew: `DELETE /v1/sessions/{session_id}`, `…/restore`, `…/reset`; and
//! `DELETE …/entries/{event_id}`, by which an entry loses its content.

use http::{Response, StatusCode};
use verbatim_proto::{
    Scope,
    names::{self, query},
};

use super::{
    Body, Call, Problem, append, entries, request,
    sessions::{about, answer, answer_with, json, session_key},
};

/// `DELETE /v1/sessions/{session_id}`
pub(super) async fn delete(call: &Call<'_>, session: &str) -> Result<Response<Body>, Problem> {
    let (session, by) = session_key(call, Scope::Admin, session)?;
    let deleted = async {
        let cascade = request::flag(call.query, query::CASCADE, true)?;
        if request::flag(call.query, query::PURGE, false)? {
            let purged = call.service().purge_session(session.clone(), cascade, by).await?;
            return Ok(json(&purged));
        }
        answer(call.service().delete_session(session.clone(), cascade, by).await?, StatusCode::OK)
    };
    about(call, &session, deleted).await
}

/// `POST /v1/sessions/{session_id}/restore`
pub(super) async fn restore(call: &Call<'_>, session: &str) -> Result<Response<Body>, Problem> {
    let (session, by) = session_key(call, Scope::Admin, session)?;
    answer(call.service().restore_session(session, by).await?, StatusCode::OK)
}

/// `POST /v1/sessions/{session_id}/reset`
pub(super) async fn reset(call: &Call<'_>, session: &str) -> Result<Response<Body>, Problem> {
    let (session, by) = session_key(call, Scope::Admin, session)?;
    let reset = async {
        let last_uuid = request::single_header(call.headers, names::LAST_UUID)?;
        let expected = append::expected(last_uuid);
        let reset = call.service().reset_session(session.clone(), expected, by).await;
        let (shown, body) = reset.map_err(|refused| Problem::of_reset(refused, last_uuid.map(append::echo)))?;
        Ok(answer_with(&shown, StatusCode::CREATED, serde_json::to_vec(&body).unwrap_or_default()))
    };
    about(call, &session, reset).await
}

/// `DELETE /v1/sessions/{session_id}/entries/{event_id}`
pub(super) async fn redact(call: &Call<'_>, session: &str, event_id: &str) -> Result<Response<Body>, Problem> {
    let (session, by) = session_key(call, Scope::Admin, session)?;
    let redacted = async {
        let id = request::event_id(event_id)?;
        call.service().redact_entry(&session, id, by).await?;
        entries::one_of(call, &session, event_id).await
    };
    about(call, &session, redacted).await
}
