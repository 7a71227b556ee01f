//! What routes read from a request besides its body: its name, its session, its query.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicU64, Ordering},
};

use http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;
use verbatim_proto::{
    EventId, SessionId,
    limits::{PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX, REQUEST_ID_BYTES_MAX},
    names,
};

use super::Problem;

/// Names requests: by the caller's own `x-request-id`, else by a number that no other request of any run has.
pub(super) struct RequestNames {
    run: u32,
    next: AtomicU64,
}

impl RequestNames {
    pub(super) fn new() -> Self {
        let run = uuid::Uuid::new_v4().as_fields().0;
        Self { run, next: AtomicU64::new(0) }
    }

    /// The name, fit for a header.
    pub(super) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        if let Some(own) = headers.get(names::X_REQUEST_ID)
            && (1..=REQUEST_ID_BYTES_MAX).contains(&own.len())
            && own.as_bytes().iter().all(u8::is_ascii_graphic)
        {
            return own.clone();
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        HeaderValue::from_str(&format!("{:08x}-{number:x}", self.run)).unwrap_or(HeaderValue::from_static("unnamed"))
    }
}

/// The session id in a path.
pub(super) fn session_id(text: &str) -> Result<SessionId, Problem> {
    SessionId::new(text).map_err(|error| Problem::invalid(format!("the path's session id is out of form: {error}")))
}

/// The event id in a path, where characters that a path gives another meaning to are escaped (RFC 3986, section 2.1).
pub(super) fn event_id(text: &str) -> Result<EventId, Problem> {
    let text = percent_decode_str(text).decode_utf8().unwrap_or_default();
    text.parse().map_err(|error| Problem::invalid(format!("the path's event id is out of form: {error}")))
}

/// The value of a query parameter, decoded; none where it is not there. Twice is an error.
pub(super) fn parameter<'a>(query: Option<&'a str>, name: &str) -> Result<Option<Cow<'a, str>>, Problem> {
    let mut values = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).filter(|(key, _)| key == name);
    let value = values.next().map(|(_, value)| value);
    match values.next() {
        None => Ok(value),
        Some(_) => Err(Problem::invalid(format!("the parameter {name} was sent twice; send it once"))),
    }
}

/// The query parameter `name`, a number; none where it is not there. One too large to count means the largest.
pub(super) fn number(query: Option<&str>, name: &str) -> Result<Option<u64>, Problem> {
    let Some(text) = parameter(query, name)? else { return Ok(None) };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::invalid(format!("{name} is a number in decimal digits, such as 7")));
    }
    Ok(Some(text.parse().unwrap_or(u64::MAX)))
}

/// How many entries a page may hold. A number over the most a page holds means that.
pub(super) fn limit(query: Option<&str>) -> Result<u64, Problem> {
    limit_of(query, PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX).map(|limit| limit as u64)
}

/// As [`limit`], for pages of other bounds.
pub(super) fn limit_of(query: Option<&str>, default: usize, max: usize) -> Result<usize, Problem> {
    match number(query, names::query::LIMIT) {
        Ok(None) => Ok(default),
        Ok(Some(limit)) if limit > 0 => Ok(usize::try_from(limit).unwrap_or(max).min(max)),
        _ => Err(Problem::invalid(format!("limit is a number from 1 to {max}, sent once"))),
    }
}

/// A parameter that is true or false, or 1 or 0.
pub(super) fn flag(query: Option<&str>, name: &str, default: bool) -> Result<bool, Problem> {
    match parameter(query, name)?.as_deref() {
        None | Some("") => Ok(default),
        Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        Some(_) => Err(Problem::invalid(format!("{name} is true or false"))),
    }
}

/// A header that may be sent once. Empty means none.
pub(super) fn single_header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a HeaderValue>, Problem> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    match values.next() {
        None => Ok(value.filter(|value| !value.is_empty())),
        Some(_) => Err(Problem::invalid(format!("the header {name} was sent twice; send it once"))),
    }
}
