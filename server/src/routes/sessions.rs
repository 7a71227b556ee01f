//! `/v1/sessions` and `/v1/sessions/{session_id}`: create, list, show, patch, fork, previews. How
//! sessions go and come back is in `lifecycle`.

use http::{HeaderValue, Response, StatusCode, header};
use hyper::body::{Body as _, Incoming};
use serde::{Serialize, de::DeserializeOwned};
use verbatim_proto::{
    Scope, SessionId,
    limits::{SESSION_BODY_BYTES_MAX, SESSIONS_PAGE_DEFAULT, SESSIONS_PAGE_MAX},
    names::query,
    sessions::{CreateSession, ForkSession, PatchSession, PreviewSessions},
};

use super::{Body, Call, Problem, append, body, json_body, request, set_head};
use crate::{
    auth::Caller,
    service::{By, SessionFilter, Shown},
    store::SessionKey,
};

/// `POST /v1/sessions`
pub(super) async fn create(call: &Call<'_>, body: &mut Incoming) -> Result<Response<Body>, Problem> {
    let caller = organization_caller(call, Scope::Append)?;
    let body: CreateSession = read(call, body).await?;
    let named = body.id.clone().map(|id| caller.session(id));
    match (call.service().create_session(caller.organization(), body, by(&caller)).await, named) {
        (Err(refused), Some(named)) => Err(call.with_head(&named, refused.into()).await),
        (created, _) => answer(created?, StatusCode::CREATED),
    }
}

/// `GET /v1/sessions`
pub(super) async fn list(call: &Call<'_>) -> Result<Response<Body>, Problem> {
    let caller = organization_caller(call, Scope::Read)?;
    let limit = request::limit_of(call.query, SESSIONS_PAGE_DEFAULT, SESSIONS_PAGE_MAX)?;
    let cursor = request::parameter(call.query, query::CURSOR)?.map(Into::into);
    let filter = filter(call.query)?;
    let page = call.service().list_sessions(caller.organization(), filter, limit, cursor).await?;
    Ok(json(&page))
}

/// `GET /v1/sessions/{session_id}`: the one route here that takes session tokens.
pub(super) async fn show(call: &Call<'_>, session: &str) -> Result<Response<Body>, Problem> {
    let caller = call.caller(Scope::Read, session)?;
    let session = caller.session(request::session_id(session)?);
    answer(call.service().describe(&session).await?, StatusCode::OK)
}

/// `PATCH /v1/sessions/{session_id}`
pub(super) async fn patch(call: &Call<'_>, session: &str, body: &mut Incoming) -> Result<Response<Body>, Problem> {
    let (session, by) = session_key(call, Scope::Append, session)?;
    let patched = async {
        let if_revision = if_revision(call)?;
        let body: PatchSession = read(call, body).await?;
        answer(call.service().patch_session(session.clone(), if_revision, body, by).await?, StatusCode::OK)
    };
    about(call, &session, patched).await
}

/// `POST /v1/sessions/{session_id}/fork`
pub(super) async fn fork(call: &Call<'_>, session: &str, body: &mut Incoming) -> Result<Response<Body>, Problem> {
    let (session, by) = session_key(call, Scope::Append, session)?;
    let forked = async {
        let body: ForkSession = read(call, body).await?;
        answer(call.service().fork_session(session.clone(), body, by).await?, StatusCode::CREATED)
    };
    about(call, &session, forked).await
}

/// `POST /v1/sessions/previews`
pub(super) async fn previews(call: &Call<'_>, body: &mut Incoming) -> Result<Response<Body>, Problem> {
    let caller = organization_caller(call, Scope::Read)?;
    let body: PreviewSessions = read(call, body).await?;
    let previews = call.service().previews(caller.organization(), body).await?;
    Ok(json(&previews))
}

/// An answer that shows a value.
pub(super) fn json(value: &impl Serialize) -> Response<Body> {
    json_body(StatusCode::OK, Body::whole(serde_json::to_vec(value).unwrap_or_default()))
}

/// A change that this caller asks for.
pub(super) fn by(caller: &Caller) -> By {
    By { subject: caller.subject(), ..By::default() }
}

pub(super) fn organization_caller(call: &Call<'_>, scope: Scope) -> Result<Caller, Problem> {
    let caller = call.authenticated()?;
    caller.with_access_token()?;
    caller.may_somewhere(scope)?;
    Ok(caller)
}

pub(super) fn session_key(call: &Call<'_>, scope: Scope, session: &str) -> Result<(SessionKey, By), Problem> {
    let caller = organization_caller(call, scope)?;
    Ok((caller.session(request::session_id(session)?), by(&caller)))
}

/// The answer to a request about a session. A refusal names the session's head, as every answer does.
pub(super) async fn about(
    call: &Call<'_>,
    session: &SessionKey,
    answer: impl Future<Output = Result<Response<Body>, Problem>>,
) -> Result<Response<Body>, Problem> {
    match answer.await {
        Ok(response) => Ok(response),
        Err(problem) => Err(call.with_head(session, problem).await),
    }
}

/// Reads a small JSON object; an empty body is an empty one.
pub(super) async fn read<T: DeserializeOwned + Default>(call: &Call<'_>, body: &mut Incoming) -> Result<T, Problem> {
    let is_json = append::media_type(call.headers) == "application/json";
    if call.headers.contains_key(header::CONTENT_TYPE) && !is_json && !body.is_end_stream() {
        return Err(Problem::media_type("application/json"));
    }
    let (bytes, _permit) =
        body::collect_at_most(body, SESSION_BODY_BYTES_MAX, call.service(), call.routes.limits.body_timeout).await?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    if !is_json {
        return Err(Problem::media_type("application/json"));
    }
    // Members are named: what derives from a struct would also be read from an array of their values.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Problem::invalid("the body is not a JSON object; send its members as {\"NAME\":VALUE,…}"));
    }
    serde_json::from_slice(&bytes).map_err(|error| Problem::invalid(format!("the body is out of form: {error}")))
}

/// `If-Match`: the revision of an `ETag` that this server gave; of a tag it did not give, one that no session has.
fn if_revision(call: &Call<'_>) -> Result<Option<u64>, Problem> {
    let Some(value) = request::single_header(call.headers, header::IF_MATCH.as_str())? else { return Ok(None) };
    match value.to_str().unwrap_or_default().trim() {
        "*" => Ok(None),
        tag => {
            let inside = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            let revision = inside.and_then(|tag| tag.split_once('.')).and_then(|(revision, _)| revision.parse().ok());
            Ok(Some(revision.unwrap_or(u64::MAX)))
        }
    }
}

fn filter(sent: Option<&str>) -> Result<SessionFilter, Problem> {
    let text = |name| request::parameter(sent, name).map(|value| value.map(String::from));
    let parent = text(query::PARENT)?.map(|id| SessionId::new(&id));
    let parent = parent.transpose().map_err(|error| Problem::invalid(format!("parent: {error}")))?;
    let updated_after = text(query::UPDATED_AFTER)?.map(|time| time.parse());
    let updated_after =
        updated_after.transpose().map_err(|error| Problem::invalid(format!("updated_after: {error}")))?;
    let status = text(query::STATUS)?.map(|status| serde_json::from_value(serde_json::Value::String(status)));
    let status = status.transpose().map_err(|_| Problem::invalid("status is active, paused, ended or deleted"))?;
    let pairs = form_urlencoded::parse(sent.unwrap_or_default().as_bytes());
    let metadata = pairs.filter_map(|(name, value)| {
        name.strip_prefix(query::METADATA_PREFIX).map(|key| (key.to_owned(), value.clone().into_owned()))
    });
    let metadata = metadata.collect();
    Ok(SessionFilter {
        project: text(query::PROJECT)?,
        parent,
        status,
        updated_after,
        metadata,
        title: text(query::TITLE)?,
    })
}

pub(super) fn answer(shown: Shown, if_changed: StatusCode) -> Result<Response<Body>, Problem> {
    let body = serde_json::to_vec(&shown.session).unwrap_or_default();
    Ok(answer_with(&shown, if_changed, body))
}

/// The answer about a session with a body that shows it.
pub(super) fn answer_with(shown: &Shown, if_changed: StatusCode, body: Vec<u8>) -> Response<Body> {
    let Shown { session, revision, changed } = shown;
    let status = if *changed { if_changed } else { StatusCode::OK };
    let mut response = json_body(status, Body::whole(body));
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{revision}.{}\"", session.length)) {
        headers.insert(header::ETAG, tag);
    }
    if status == StatusCode::CREATED
        && let Ok(location) = HeaderValue::from_str(&format!("/v1/sessions/{}", session.id))
    {
        headers.insert(header::LOCATION, location);
    }
    set_head(headers, session.head.as_ref());
    response
}
