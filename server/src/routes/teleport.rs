//! `GET /v1/code/sessions/{session_id}/teleport-events`: the transcript page by page.

use std::{
    io::Write,
    ops::{ControlFlow, Range},
};

use http::{Response, StatusCode};
use verbatim_proto::{Cursor, Scope, limits::PAGE_PAYLOAD_BYTES_MAX, names::query};

use super::{Body, Call, Problem, envelope, json_body, request, set_head};
use crate::{
    service::{Encode, ReadRefused},
    store::{EntryRef, Order, SessionKey, Snapshot},
};

/// One page.
pub(super) async fn page(call: &Call<'_>, session: &str) -> Result<Response<Body>, Problem> {
    let caller = call.caller(Scope::Read, session)?;
    let session = caller.session(request::session_id(session)?);
    match of_session(call, &session).await {
        Ok(page) => Ok(page),
        Err(problem) => Err(call.with_head(&session, problem).await),
    }
}

async fn of_session(call: &Call<'_>, session: &SessionKey) -> Result<Response<Body>, Problem> {
    let limit = request::limit(call.query)?;
    let cursor = request::parameter(call.query, query::CURSOR)?;
    let cursor = cursor.map(|text| Cursor::decode(&text, &session.organization, &session.session)).transpose();
    let cursor = cursor.map_err(|error| Problem::invalid(error.to_string()))?;

    let snapshot = call.service().snapshot(session).await?;
    let first = match cursor {
        None => 0,
        Some(cursor) if cursor.chain == snapshot.chain => cursor.seq,
        Some(_) => return Err(ReadRefused::ChainGone.into()),
    };
    let events = Events { session: session.clone(), snapshot: snapshot.clone(), count: 0, payload_bytes: 0 };
    let streamed = call.service().read(&snapshot, first..first.saturating_add(limit), Order::Ascending, events).await?;
    let mut response = json_body(StatusCode::OK, streamed.into());
    set_head(response.headers_mut(), snapshot.head.as_ref());
    Ok(response)
}

/// `{"data":[…],"next_cursor":"…"}`
struct Events {
    session: SessionKey,
    snapshot: Snapshot,
    count: u64,
    payload_bytes: u64,
}

impl Encode for Events {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend(br#"{"data":["#);
    }

    fn entry(&mut self, entry: &EntryRef<'_>, out: &mut Vec<u8>) -> ControlFlow<()> {
        if self.count > 0 {
            out.push(b',');
        }
        event(entry, out);
        self.count += 1;
        self.payload_bytes += entry.payload.len() as u64;
        if self.payload_bytes > PAGE_PAYLOAD_BYTES_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn end(&mut self, rest: &Range<u64>, out: &mut Vec<u8>) {
        out.push(b']');
        if rest.start < self.snapshot.length {
            let cursor = Cursor { chain: self.snapshot.chain, seq: rest.start };
            let cursor = cursor.encode(&self.session.organization, &self.session.session);
            let _ = write!(out, r#","next_cursor":"{cursor}""#);
        }
        out.push(b'}');
    }
}

/// Writes one entry in its envelope. Writing to memory does not fail.
fn event(entry: &EntryRef<'_>, out: &mut Vec<u8>) {
    out.extend(br#"{"event_id":"#);
    envelope::event_id(entry, out);
    out.extend(br#","event_type":"#);
    let _ = serde_json::to_writer(&mut *out, &entry.event_type);
    let _ = write!(out, r#","is_compaction":{},"payload":"#, entry.is_boundary);
    out.extend_from_slice(entry.payload);
    let _ = write!(out, r#","created_at":"{}"}}"#, entry.created_at);
}
