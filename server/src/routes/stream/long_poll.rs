//! Long polls: a page of what came after a point, answered once there is something, for clients without server-sent
//! events.

use std::time::Duration;

use http::{Response, StatusCode};
use verbatim_proto::{
    limits::{LONG_POLL_SECONDS_DEFAULT, LONG_POLL_SECONDS_MAX},
    names::query,
};

use super::begin;
use crate::{
    auth::Caller,
    routes::{
        Body, Call, Problem,
        entries::{Form, NextCursor, Page, Query},
        json_body, request, set_head,
    },
    service::ReadRefused,
    store::{Order, SessionKey},
};

/// The page, with where to go on always in it.
pub(super) async fn page(call: &Call<'_>, caller: &Caller, session: &SessionKey) -> Result<Response<Body>, Problem> {
    let asked = Query::parse(call.query, session)?;
    let wait = wait(call.query)?;
    let snapshot = call.service().snapshot(session).await?;
    let (chain, next) = (snapshot.chain, begin(call, session, &snapshot).await?);
    let snapshot = tokio::select! {
        biased;
        refused = call.routes.auth.refused(caller) => return Err(refused.into()),
        grown = call.service().grown(session, chain, next, wait) => grown?,
    };
    if snapshot.chain != chain {
        return Err(ReadRefused::ChainGone.into());
    }
    let page = Page::new(session.clone(), snapshot.clone(), asked, Form::Json, NextCursor::Always);
    let streamed = call.service().read(&snapshot, next..u64::MAX, Order::Ascending, page).await?;
    let mut response = json_body(StatusCode::OK, streamed.into());
    set_head(response.headers_mut(), snapshot.head.as_ref());
    Ok(response)
}

/// How long a poll waits.
pub(in crate::routes) fn wait(sent: Option<&str>) -> Result<Duration, Problem> {
    let seconds = request::number(sent, query::WAIT)
        .map_err(|_| Problem::invalid(format!("wait is a number of seconds from 0 to {LONG_POLL_SECONDS_MAX}")))?;
    Ok(Duration::from_secs(seconds.unwrap_or(LONG_POLL_SECONDS_DEFAULT).min(LONG_POLL_SECONDS_MAX)))
}
