//! `GET /v1/organization/changes`: what happens to an organisation's sessions, as server-sent events or by long polls.

use std::io::Write;

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::Response;
use tokio::time::Instant;
use verbatim_proto::{
    OrganizationId, Scope,
    cursor::ChangesCursor,
    limits::{PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX},
    names::{self, query},
    organization::{Change, ChangesPage},
};

use super::{
    Body, Call, Problem, request,
    sessions::{json, organization_caller},
    stream::{HEARTBEAT, HELLO, event_stream, wait},
};
use crate::{
    limits::CHANGES_CHUNK,
    service::{ChangesFeed, Told},
};

/// Follows the organisation in the way that was asked for.
pub(super) async fn follow(call: &Call<'_>) -> Result<Response<Body>, Problem> {
    let caller = organization_caller(call, Scope::Read)?;
    let organization = caller.organization();
    let place = begin(call, &organization)?;
    let leave = call.leave_of(&caller);
    match request::parameter(call.query, query::LIVE)?.as_deref() {
        None | Some("sse") => {
            let feed = call.service().follow_changes(organization, place, leave);
            Ok(event_stream(Body::endless(frames(feed, organization))))
        }
        Some("long-poll") => {
            let limit = request::limit_of(call.query, PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX)?;
            let deadline = Instant::now() + wait(call.query)?;
            let mut feed = call.service().follow_changes(organization, place, leave);
            let page = page(&mut feed, &organization, limit, deadline).await?;
            call.routes.auth.check(&caller)?;
            Ok(page)
        }
        Some(_) => Err(Problem::invalid("live is sse or long-poll")),
    }
}

/// Where `Last-Event-ID` says, else the cursor, else now if so asked, else the beginning.
fn begin(call: &Call<'_>, organization: &OrganizationId) -> Result<ChangesCursor, Problem> {
    let from_now = match request::parameter(call.query, query::FROM)?.as_deref() {
        None => false,
        Some("now") => true,
        Some(_) => return Err(Problem::invalid("from is now; leave it out to begin at the beginning")),
    };
    let cursor = match request::single_header(call.headers, names::LAST_EVENT_ID)? {
        Some(id) => Some(id.to_str().unwrap_or_default().into()),
        None => request::parameter(call.query, query::CURSOR)?,
    };
    match cursor {
        Some(text) => ChangesCursor::decode(&text, organization).map_err(|error| Problem::invalid(error.to_string())),
        None if from_now => Ok(call.service().changes_from_now()),
        None => Ok(ChangesCursor::default()),
    }
}

async fn page(
    feed: &mut ChangesFeed,
    organization: &OrganizationId,
    limit: usize,
    deadline: Instant,
) -> Result<Response<Body>, Problem> {
    let told = match feed.next_until(limit, deadline).await? {
        Told::Changes(told) => told,
        Told::Silence | Told::Interrupted => Vec::new(),
    };
    let next_cursor = told.last().map_or_else(|| feed.place(), |(_, place)| place).encode(organization);
    let data = told.into_iter().map(|(change, _)| change).collect();
    Ok(json(&ChangesPage { data, next_cursor }))
}

/// Where the stream stands between two pieces.
enum State {
    Begin(ChangesFeed),
    Following(ChangesFeed),
}

fn frames(feed: ChangesFeed, organization: OrganizationId) -> impl Stream<Item = Bytes> {
    stream::unfold(State::Begin(feed), move |state| async move {
        let mut feed = match state {
            State::Begin(feed) => return Some((HELLO, State::Following(feed))),
            State::Following(feed) => feed,
        };
        match feed.next(CHANGES_CHUNK).await {
            Ok(Told::Changes(told)) => {
                let mut out = Vec::new();
                told.iter().for_each(|(change, place)| frame(change, &place.encode(&organization), &mut out));
                Some((out.into(), State::Following(feed)))
            }
            Ok(Told::Silence) => Some((HEARTBEAT, State::Following(feed))),
            Ok(Told::Interrupted) => None,
            Err(error) => {
                tracing::warn!(%error, "a follower of changes was sent away; it can come back where it stood");
                None
            }
        }
    })
}

fn frame(change: &Change, resume_point: &str, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = write!(out, "id: {resume_point}\nevent: change\ndata: ");
    let _ = serde_json::to_writer(&mut *out, change);
    out.extend(b"\n\n");
}
