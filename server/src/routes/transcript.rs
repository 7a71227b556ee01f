//! `GET` and `HEAD /v1/session_ingress/session/{session_id}`: the whole transcript, or where it stands.

use std::{
    io::Write,
    ops::{ControlFlow, Range},
};

use http::{Response, StatusCode, header::HeaderValue};
use verbatim_proto::{
    EntryUuid, Scope,
    names::{self, query},
};

use super::{Body, Call, Problem, json_body, request, set_head};
use crate::{
    service::Encode,
    store::{EntryRef, Order, SessionKey},
};

/// All entries, or those from the last boundary on.
pub(super) async fn whole(call: &Call<'_>, session: &str) -> Result<Response<Body>, Problem> {
    let session = session_key(call, session)?;
    match of_session(call, &session).await {
        Ok(transcript) => Ok(transcript),
        Err(problem) => Err(call.with_head(&session, problem).await),
    }
}

async fn of_session(call: &Call<'_>, session: &SessionKey) -> Result<Response<Body>, Problem> {
    let from_boundary = request::flag(call.query, query::AFTER_LAST_COMPACT, false)?;
    let snapshot = call.service().snapshot(session).await?;
    let first = if from_boundary { snapshot.last_boundary.unwrap_or(0) } else { 0 };
    let lines = Loglines { head: snapshot.head, count: 0 };
    let streamed = call.service().read(&snapshot, first..snapshot.length, Order::Ascending, lines).await?;
    let mut response = json_body(StatusCode::OK, streamed.into());
    set_head(response.headers_mut(), snapshot.head.as_ref());
    Ok(response)
}

/// Head and length alone.
pub(super) async fn standing(call: &Call<'_>, session: &str) -> Result<Response<Body>, Problem> {
    let snapshot = call.service().snapshot(&session_key(call, session)?).await?;
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert(names::X_ENTRY_COUNT, HeaderValue::from(snapshot.length));
    set_head(response.headers_mut(), snapshot.head.as_ref());
    Ok(response)
}

fn session_key(call: &Call<'_>, session: &str) -> Result<SessionKey, Problem> {
    let caller = call.caller(Scope::Read, session)?;
    Ok(caller.session(request::session_id(session)?))
}

/// `{"loglines":[…],"count":N,"last_uuid":…}`: the fields at the end prove that nothing was cut off.
struct Loglines {
    head: Option<EntryUuid>,
    count: u64,
}

impl Encode for Loglines {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend(br#"{"loglines":["#);
    }

    fn entry(&mut self, entry: &EntryRef<'_>, out: &mut Vec<u8>) -> ControlFlow<()> {
        if self.count > 0 {
            out.push(b',');
        }
        out.extend_from_slice(entry.payload);
        self.count += 1;
        ControlFlow::Continue(())
    }

    fn end(&mut self, _rest: &Range<u64>, out: &mut Vec<u8>) {
        // Writing to memory does not fail.
        let _ = write!(out, r#"],"count":{},"last_uuid":"#, self.count);
        let _ = serde_json::to_writer(&mut *out, &self.head);
        out.push(b'}');
    }
}
