//! `GET /v1/sessions/{session_id}/stream`: a session's entries as they come, as server-sent events or by long polls.

mod events;
mod long_poll;

pub(super) use events::{HEARTBEAT, HELLO, event_stream};
pub(super) use long_poll::wait;
use verbatim_proto::{
    EntriesCursor, Scope,
    cursor::Listing,
    names::{self, query},
};

use http::Response;

use super::{Body, Call, Problem, entries, request};
use crate::{
    auth::Caller,
    service::ReadRefused,
    store::{SessionKey, Snapshot},
};

/// Follows the session in the way that was asked for.
pub(super) async fn follow(call: &Call<'_>, session: &str) -> Result<Response<Body>, Problem> {
    let caller = call.caller(Scope::Read, session)?;
    let session = caller.session(request::session_id(session)?);
    match follow_as_asked(call, &caller, &session).await {
        Ok(response) => Ok(response),
        Err(problem) => Err(call.with_head(&session, problem).await),
    }
}

async fn follow_as_asked(call: &Call<'_>, caller: &Caller, session: &SessionKey) -> Result<Response<Body>, Problem> {
    for name in [query::ORDER, query::TYPE, query::BEFORE] {
        if request::parameter(call.query, name)?.is_some() {
            return Err(Problem::invalid(format!(
                "a stream gives every entry in chain order and does not take {name}; leave it out, or list the session's entries"
            )));
        }
    }
    match request::parameter(call.query, query::LIVE)?.as_deref() {
        None | Some("sse") => events::stream(call, caller, session).await,
        Some("long-poll") => long_poll::page(call, caller, session).await,
        Some(_) => Err(Problem::invalid("live is sse or long-poll")),
    }
}

/// What the resume points of the session's streams are bound to: the listing of all entries in chain order, so that
/// they are good for its pages too, and the other way round.
fn listing(session: &SessionKey) -> Listing<'_> {
    Listing { organization: &session.organization, session: &session.session, descending: false, event_type: None }
}

/// Where a stream stands that has given all entries before `next`.
fn resume_point(session: &SessionKey, chain: u64, next: u64) -> String {
    EntriesCursor { chain, rest: next..u64::MAX }.encode(&listing(session))
}

/// The seq to begin at: where `Last-Event-ID` says, else the cursor, else the bounds, else the start.
async fn begin(call: &Call<'_>, session: &SessionKey, snapshot: &Snapshot) -> Result<u64, Problem> {
    let last = request::single_header(call.headers, names::LAST_EVENT_ID)?;
    let cursor = match last {
        Some(id) => Some(id.to_str().unwrap_or_default().into()),
        None => request::parameter(call.query, query::CURSOR)?,
    };
    let Some(text) = cursor else {
        let bounds = entries::bounds(call.query)?;
        return Ok(call.service().locate(snapshot, bounds).await?.start);
    };
    let cursor =
        EntriesCursor::decode(&text, &listing(session)).map_err(|error| Problem::invalid(error.to_string()))?;
    if cursor.chain != snapshot.chain {
        return Err(ReadRefused::ChainGone.into());
    }
    Ok(cursor.rest.start)
}
