//! One request and its one answer, read to its end. Retrying, tokens and meaning are other files' work.

use std::{error::Error, iter::successors, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use verbatim_proto::{
    EntryUuid,
    messages::ErrorAnswer,
    names::{REQUEST_ID, X_LAST_UUID},
};

use crate::tls;

/// An answer that arrived whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// No answer, and whether the server may have got the request.
pub(crate) enum Lost {
    /// No byte of it left: there was no connection.
    Unsent(String),
    /// It was sent, at least in part, and no whole answer came.
    Unanswered(String),
}

/// Longest answer that is looked at, other than what a read asked for, in bytes.
const SMALL_BODY_BYTES_MAX: usize = 64 * 1024;

/// How long an exchange may take.
#[derive(Clone, Copy)]
pub(crate) enum Patience {
    /// From the first byte sent to the last received.
    Whole(Duration),
    /// Between one sign of life and the next.
    Idle(Duration),
}

/// Sends a request and reads its answer.
pub(crate) async fn exchange(request: reqwest::RequestBuilder, patience: Patience) -> Result<Answer, Lost> {
    match patience {
        Patience::Whole(limit) => match tokio::time::timeout(limit, read(request, limit)).await {
            Ok(result) => result,
            Err(_) => Err(too_slow(limit)),
        },
        Patience::Idle(limit) => read(request, limit).await,
    }
}

/// A body that is read as it comes.
pub(crate) struct Live(reqwest::Response);

/// An answer whose body comes bit by bit if it is a success, and has come whole if it is not.
pub(crate) enum Opened {
    Live(Live),
    Refused(Answer),
}

/// Sends a request whose answer may never end.
pub(crate) async fn open(request: reqwest::RequestBuilder, idle: Duration) -> Result<Opened, Lost> {
    let response = begin(request, idle).await?;
    if response.status() == StatusCode::OK {
        return Ok(Opened::Live(Live(response)));
    }
    collect(response, idle).await.map(Opened::Refused)
}

impl Live {
    /// The next bytes; none at the body's end.
    pub(crate) async fn chunk(&mut self, idle: Duration) -> Result<Option<Bytes>, Lost> {
        tokio::time::timeout(idle, self.0.chunk()).await.map_err(|_| too_slow(idle))?.map_err(no_answer)
    }
}

async fn read(request: reqwest::RequestBuilder, idle: Duration) -> Result<Answer, Lost> {
    collect(begin(request, idle).await?, idle).await
}

async fn begin(request: reqwest::RequestBuilder, idle: Duration) -> Result<reqwest::Response, Lost> {
    tokio::time::timeout(idle, request.send()).await.map_err(|_| too_slow(idle))?.map_err(no_answer)
}

async fn collect(mut response: reqwest::Response, idle: Duration) -> Result<Answer, Lost> {
    let too_slow = |_| too_slow(idle);
    let body_bytes_max = if response.status().is_success() { usize::MAX } else { SMALL_BODY_BYTES_MAX };
    let mut body = BytesMut::new();
    while let Some(chunk) = tokio::time::timeout(idle, response.chunk()).await.map_err(too_slow)?.map_err(no_answer)? {
        if body.len() + chunk.len() > body_bytes_max {
            body.clear();
            break;
        }
        body.extend_from_slice(&chunk);
    }
    let headers = std::mem::take(response.headers_mut());
    Ok(Answer { status: response.status(), headers, body: body.freeze() })
}

fn too_slow(limit: Duration) -> Lost {
    Lost::Unanswered(format!("no answer within {} s", limit.as_secs_f32()))
}

fn no_answer(error: reqwest::Error) -> Lost {
    let sent = !error.is_connect() && !error.is_builder();
    let server = error.url().map_or_else(String::new, |url| url.origin().ascii_serialization());
    let error = error.without_url();
    if let Some(why) = tls::disagreement(&error) {
        return Lost::Unsent(format!("cannot agree on TLS with {server}: {why}"));
    }
    let causes: Vec<_> = successors(error.source(), |&cause| cause.source()).map(ToString::to_string).collect();
    match causes.last() {
        Some(root) if !sent => {
            Lost::Unsent(format!("cannot connect to {server}: {root}; is the server running there?"))
        }
        _ if !sent => Lost::Unsent(error.to_string()),
        _ => Lost::Unanswered(format!("{error}: {}", causes.join(": "))),
    }
}

impl Lost {
    /// Whether the server may have acted on the request.
    pub(crate) fn may_have_arrived(&self) -> bool {
        matches!(self, Self::Unanswered(_))
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn request_id(&self) -> Option<String> {
        self.header(REQUEST_ID).map(str::to_owned)
    }

    /// The head, as every answer about a session that has one names it.
    pub(crate) fn head(&self) -> Option<EntryUuid> {
        EntryUuid::new(self.header(X_LAST_UUID)?).ok()
    }

    pub(crate) fn refusal(&self) -> Option<ErrorAnswer> {
        serde_json::from_slice(&self.body).ok()
    }

    /// How long the server asks to wait (RFC 9110, section 10.2.3). A date is measured from the answer's own `Date`, so that
    /// the clocks of the two machines need not agree.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let asked = self.header(header::RETRY_AFTER.as_str())?.trim();
        if let Ok(seconds) = asked.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = httpdate::parse_http_date(asked).ok()?;
        let sent = httpdate::parse_http_date(self.header(header::DATE.as_str())?).ok()?;
        until.duration_since(sent).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry_after(headers: &[(&'static str, &str)]) -> Option<Duration> {
        let mut answer =
            Answer { status: StatusCode::SERVICE_UNAVAILABLE, headers: HeaderMap::new(), body: Bytes::new() };
        for (name, value) in headers {
            answer.headers.insert(*name, value.parse().expect("value"));
        }
        answer.retry_after()
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_measured_by_the_servers_clock() {
        assert_eq!(retry_after(&[("retry-after", " 7 ")]), Some(Duration::from_secs(7)));
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(
            retry_after(&[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"), date]),
            Some(Duration::from_secs(30))
        );
        assert_eq!(retry_after(&[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")]), None);
        assert_eq!(retry_after(&[("retry-after", "soon"), date]), None);
        assert_eq!(retry_after(&[]), None);
    }
}
