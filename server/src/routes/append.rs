//! `PUT /v1/session_ingress/session/{session_id}`: append one entry.

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use hyper::body::Incoming;
use verbatim_proto::{
    EntryUuid, IdempotencyKey, Scope,
    messages::{self, AppendStatus},
    names,
};

use super::{Body, Call, Problem, body, json_body, request, set_head};
use crate::{
    limits::EXPECTED_ECHO_BYTES_MAX,
    service::{AppendReceipt, AppendRequest},
    store::{Expected, SessionKey},
};

/// Checks in PROTOCOL.md's order: token, media type, size, form; the store checks the rest in one step.
pub(super) async fn append(call: &Call<'_>, session: &str, body: Incoming) -> Result<Response<Body>, Problem> {
    let caller = call.caller(Scope::Append, session).map_err(Problem::not_stored)?;
    let session = caller.session(request::session_id(session).map_err(Problem::not_stored)?);
    match admitted(call, &session, body).await {
        Ok(receipt) => Ok(encode(&receipt)),
        Err(problem) => Err(call.with_head(&session, problem.not_stored()).await),
    }
}

async fn admitted(call: &Call<'_>, session: &SessionKey, body: Incoming) -> Result<AppendReceipt, Problem> {
    if !is_json(call.headers) {
        return Err(Problem::media_type());
    }
    let (body, permit) = body::collect(body, call.service(), call.routes.limits.body_timeout).await?;
    let last_uuid = request::single_header(call.headers, names::LAST_UUID)?;
    let key = request::single_header(call.headers, names::IDEMPOTENCY_KEY)?.map(key).transpose()?;
    let request = AppendRequest { session: session.clone(), expected: expected(last_uuid), key, body, permit };
    let appended = call.service().append(request).await;
    appended.map_err(|refused| Problem::of_append(&refused, last_uuid.map(echo)))
}

/// `application/json`, with or without parameters (RFC 9110, section 8.3).
fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

fn key(value: &HeaderValue) -> Result<IdempotencyKey, Problem> {
    let key = value.to_str().ok().and_then(|key| key.parse().ok());
    key.ok_or_else(|| Problem::invalid("Idempotency-Key is out of form; send 1 to 128 visible ASCII characters"))
}

fn expected(last_uuid: Option<&HeaderValue>) -> Expected {
    match last_uuid {
        None => Expected::NoHead,
        Some(value) => {
            let uuid = value.to_str().ok().and_then(|uuid| EntryUuid::new(uuid).ok());
            uuid.map_or(Expected::Impossible, Expected::Head)
        }
    }
}

fn echo(last_uuid: &HeaderValue) -> String {
    let bytes = last_uuid.as_bytes();
    String::from_utf8_lossy(&bytes[..bytes.len().min(EXPECTED_ECHO_BYTES_MAX)]).into_owned()
}

fn encode(receipt: &AppendReceipt) -> Response<Body> {
    let status = match receipt.status {
        AppendStatus::Stored => StatusCode::CREATED,
        AppendStatus::AlreadyStored => StatusCode::OK,
    };
    let AppendReceipt { status: stored, uuid, seq, created_at, head } = *receipt;
    let body =
        serde_json::to_vec(&messages::AppendReceipt { status: stored, uuid, seq, created_at }).unwrap_or_default();
    let mut response = json_body(status, Body::whole(body));
    set_head(response.headers_mut(), head.as_ref());
    response
}
