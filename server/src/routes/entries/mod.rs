//! `GET /v1/sessions/{session_id}/entries`: pages of a session's entries, in either direction, from any place.
//! `GET /v1/sessions/{session_id}/entries/{event_id}`: one of them.

mod page;
mod query;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use verbatim_proto::{EntriesCursor, Scope};

use super::{
    Body, Call, Problem,
    envelope::{self, LineEnds, Members},
    json_body, request, set_head,
};
use crate::{service::ReadRefused, store::SessionKey};

pub(super) use self::{
    page::{Form, NextCursor, Page},
    query::{Query, bounds},
};

/// One page.
pub(super) async fn page(call: &Call<'_>, session: &str) -> Result<Response<Body>, Problem> {
    let caller = call.caller(Scope::Read, session)?;
    let session = caller.session(request::session_id(session)?);
    match page_of(call, &session).await {
        Ok(page) => Ok(page),
        Err(problem) => Err(call.with_head(&session, problem).await),
    }
}

async fn page_of(call: &Call<'_>, session: &SessionKey) -> Result<Response<Body>, Problem> {
    let query = Query::parse(call.query, session)?;
    let snapshot = call.service().snapshot(session).await?;
    let range = match &query.cursor {
        None => call.service().locate(&snapshot, query.bounds).await?,
        Some(EntriesCursor { chain, rest }) if *chain == snapshot.chain => rest.clone(),
        Some(_) => return Err(ReadRefused::ChainGone.into()),
    };
    let form = if takes_ndjson(call.headers) { Form::Lines } else { Form::Json };
    let order = query.order;
    let page = Page::new(session.clone(), snapshot.clone(), query, form, NextCursor::WhereMoreFollows);
    let streamed = call.service().read(&snapshot, range, order, page).await?;
    let mut response = json_body(StatusCode::OK, streamed.into());
    response.headers_mut().insert(header::CONTENT_TYPE, form.content_type());
    set_head(response.headers_mut(), snapshot.head.as_ref());
    Ok(response)
}

/// Whether the caller names NDJSON among what it accepts; JSON is what it gets otherwise (RFC 9110, section 12.5.1).
fn takes_ndjson(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges = accepted.flat_map(|value| value.split(','));
    ranges.filter_map(|range| range.split(';').next()).any(|range| range.trim().eq_ignore_ascii_case(NDJSON))
}

const NDJSON: &str = "application/x-ndjson";

impl Form {
    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json",
            Self::Lines => NDJSON,
        })
    }
}

/// One entry.
pub(super) async fn one(call: &Call<'_>, session: &str, event_id: &str) -> Result<Response<Body>, Problem> {
    let caller = call.caller(Scope::Read, session)?;
    let session = caller.session(request::session_id(session)?);
    match one_of(call, &session, event_id).await {
        Ok(entry) => Ok(entry),
        Err(problem) => Err(call.with_head(&session, problem).await),
    }
}

pub(super) async fn one_of(call: &Call<'_>, session: &SessionKey, event_id: &str) -> Result<Response<Body>, Problem> {
    let id = request::event_id(event_id)?;
    let read = call.service().entry(session, id, |entry| {
        let mut out = Vec::new();
        envelope::entry(entry, Members::ALL, LineEnds::AsSent, &mut out);
        out
    });
    let (snapshot, entry) = read.await?;
    let mut response = json_body(StatusCode::OK, Body::whole(entry));
    set_head(response.headers_mut(), snapshot.head.as_ref());
    Ok(response)
}
