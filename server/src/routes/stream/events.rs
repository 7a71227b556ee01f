//! Server-sent events (HTML Standard, section 9.2): one frame an entry, its `id:` the point to resume from.

use std::io::Write;

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderValue, Response, header};
use verbatim_proto::names::query;

use super::{begin, resume_point};
use crate::{
    auth::Caller,
    routes::{
        Body, Call, Problem,
        envelope::{self, LineEnds, Members},
        request, set_head,
    },
    service::{Follower, News},
    store::{EntryRef, SessionKey},
};

/// What a client waits before it comes back, in milliseconds; sent first, so that the headers leave at once.
pub(in crate::routes) const HELLO: Bytes = Bytes::from_static(b"retry: 1000\n\n");
/// A comment, which clients pass over.
pub(in crate::routes) const HEARTBEAT: Bytes = Bytes::from_static(b": heartbeat\n\n");
/// Nothing more will come, so a client need not come back.
const END: Bytes = Bytes::from_static(b"event: end\ndata: {}\n\n");

/// The stream.
pub(super) async fn stream(call: &Call<'_>, caller: &Caller, session: &SessionKey) -> Result<Response<Body>, Problem> {
    let snapshot = call.service().snapshot(session).await?;
    let next = begin(call, session, &snapshot).await?;
    let members = request::parameter(call.query, query::FIELDS)?;
    let members = members.map_or(Ok(Members::ALL), |fields| Members::parse(&fields))?;
    let (of, chain) = (session.clone(), snapshot.chain);
    let leave = call.leave_of(caller);
    let follower =
        call.service().follow(session, chain, next, leave, move |entry, out| frame(&of, chain, entry, members, out));
    let mut response = event_stream(Body::endless(frames(follower)));
    set_head(response.headers_mut(), snapshot.head.as_ref());
    Ok(response)
}

/// An answer of server-sent events.
pub(in crate::routes) fn event_stream(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that buffers would hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn frame(session: &SessionKey, chain: u64, entry: &EntryRef<'_>, members: Members, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = write!(out, "id: {}\nevent: entry\ndata: ", resume_point(session, chain, entry.seq + 1));
    envelope::entry(entry, members, LineEnds::DataLines, out);
    out.extend(b"\n\n");
}

/// Where the stream stands between two frames.
enum State {
    Begin(Follower),
    Following(Follower),
    Done,
}

fn frames(follower: Follower) -> impl Stream<Item = Bytes> {
    stream::unfold(State::Begin(follower), |state| async move {
        let mut follower = match state {
            State::Begin(follower) => return Some((HELLO, State::Following(follower))),
            State::Following(follower) => follower,
            State::Done => return None,
        };
        match follower.next().await {
            News::Entries(frames) => Some((frames, State::Following(follower))),
            News::Silence => Some((HEARTBEAT, State::Following(follower))),
            News::Finished => Some((END, State::Done)),
            News::Interrupted => None,
        }
    })
}
