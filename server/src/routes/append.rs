//! `PUT /v1/session_ingress/session/{session_id}`: append one entry.

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use hyper::body::Incoming;
use verbatim_proto::{EntryUuid, IdempotencyKey, Scope, messages::AppendStatus, names};

use super::{Body, Call, Problem, body, json_body, request, set_head};
use crate::{
    limits::EXPECTED_ECHO_BYTES_MAX,
    service::AppendRequest,
    store::{Expected, SessionKey, Standing, Subject},
};

/// Checks in PROTOCOL.md's order: token, media type, size, form; the store checks the rest in one step.
pub(super) async fn append(call: &Call<'_>, session: &str, body: &mut Incoming) -> Result<Response<Body>, Problem> {
    let caller = call.caller(Scope::Append, session).map_err(Problem::not_stored)?;
    let session = caller.session(request::session_id(session).map_err(Problem::not_stored)?);
    match admitted(call, &session, caller.subject(), body).await {
        Ok(response) => Ok(response),
        Err(problem) => Err(call.with_head(&session, problem.not_stored()).await),
    }
}

async fn admitted(
    call: &Call<'_>,
    session: &SessionKey,
    subject: Subject,
    body: &mut Incoming,
) -> Result<Response<Body>, Problem> {
    if media_type(call.headers) != "application/json" {
        return Err(Problem::media_type("application/json"));
    }
    let (request, expected) = request(call, session, subject, body).await?;
    let appended = call.service().append(request).await;
    let (receipt, standing) = appended.map_err(|refused| Problem::of_append(&refused, expected))?;
    let body = serde_json::to_vec(&receipt).unwrap_or_default();
    Ok(encode(receipt.status, body, standing))
}

/// Reads what appends of one entry and of many have in common; and the `Last-Uuid` that was sent, for a conflict to
/// repeat.
pub(super) async fn request(
    call: &Call<'_>,
    session: &SessionKey,
    subject: Subject,
    body: &mut Incoming,
) -> Result<(AppendRequest, Option<String>), Problem> {
    let encoding = call.headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes);
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::media_type("application/json` and no `Content-Encoding"));
    }
    let (body, permit) = body::collect(body, call.service(), call.routes.limits.body_timeout).await?;
    let last_uuid = request::single_header(call.headers, names::LAST_UUID)?;
    let key = key(call.headers)?;
    let request = AppendRequest { session: session.clone(), expected: expected(last_uuid), key, body, subject, permit };
    Ok((request, last_uuid.map(echo)))
}

/// The media type of the body, without its parameters and in lower case (RFC 9110, section 8.3).
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Empty is out of form here: whoever sends a key wants a retry to be recognised.
fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all(names::IDEMPOTENCY_KEY).iter();
    let (value, another) = (values.next(), values.next());
    let Some(value) = value else { return Ok(None) };
    let key = value.to_str().ok().and_then(|key| key.parse().ok());
    key.filter(|_| another.is_none())
        .map(Some)
        .ok_or_else(|| Problem::invalid("Idempotency-Key is out of form; send 1 to 128 visible ASCII characters, once"))
}

pub(super) fn expected(last_uuid: Option<&HeaderValue>) -> Expected {
    match last_uuid {
        None => Expected::NoHead,
        Some(value) => {
            let uuid = value.to_str().ok().and_then(|uuid| EntryUuid::new(uuid).ok());
            uuid.map_or(Expected::Impossible, Expected::Head)
        }
    }
}

pub(super) fn echo(last_uuid: &HeaderValue) -> String {
    let bytes = last_uuid.as_bytes();
    String::from_utf8_lossy(&bytes[..bytes.len().min(EXPECTED_ECHO_BYTES_MAX)]).into_owned()
}

/// The answer to an append that succeeded.
pub(super) fn encode(status: AppendStatus, body: Vec<u8>, standing: Standing) -> Response<Body> {
    let status = match status {
        AppendStatus::Stored => StatusCode::CREATED,
        AppendStatus::AlreadyStored => StatusCode::OK,
    };
    let mut response = json_body(status, Body::whole(body));
    set_head(response.headers_mut(), standing.head.as_ref());
    response
}
