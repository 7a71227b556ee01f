//! The organisation as a whole: changes, usage, settings, what will go. A stream of changes gives those there are and ends,
//! as one of a server that drains.

use std::collections::HashMap;

use http::Method;
use serde_json::{Value, json};
use verbatim_proto::organization::PatchSettings;

use super::{CREATED_AT, Model, refused, sessions::days_later};
use crate::{Request, script::Reply};

impl Model {
    /// What lies below `/v1/organization/`.
    pub(super) fn organization(&mut self, path: &[&str], request: &Request) -> Reply {
        match (&request.method, path) {
            (&Method::GET, ["changes"]) => self.changes_answer(request),
            (&Method::GET, ["usage"]) => self.usage(),
            (&Method::GET, ["settings"]) => self.settings(),
            (&Method::PATCH, ["settings"]) => {
                let Ok(patch) = serde_json::from_slice::<PatchSettings>(&request.body) else { return refused() };
                self.retention_days = patch.retention_days.unwrap_or(self.retention_days);
                self.settings()
            }
            (&Method::GET, ["expiring"]) => self.expiring(),
            _ => Reply::error(404, "not_found_error", "not_stored"),
        }
    }

    /// Notes a change; `what` is its type and what belongs to it.
    pub(super) fn changed(&mut self, session: &str, what: Value) {
        let mut change = json!({"session_id": session, "at": CREATED_AT, "subject": null, "cause": "request"});
        if let (Some(change), Value::Object(what)) = (change.as_object_mut(), what) {
            change.extend(what);
        }
        self.changes.push(change);
    }

    fn changes_answer(&self, request: &Request) -> Reply {
        let query: HashMap<_, _> = request.url.query_pairs().into_owned().collect();
        let cursor = request.header("last-event-id").or(query.get("cursor").map(String::as_str));
        let from = match (cursor, query.get("from").map(String::as_str)) {
            (Some(cursor), _) => cursor.strip_prefix("behind ").and_then(|place| place.parse().ok()),
            (None, Some("now")) => Some(self.changes.len()),
            (None, Some(_)) => None,
            (None, None) => Some(0),
        };
        let limit = query.get("limit").map_or(Some(500), |limit| limit.parse().ok());
        let (Some(from), Some(limit @ 1..)) = (from.filter(|&from| from <= self.changes.len()), limit) else {
            return refused();
        };
        if query.get("live").is_some_and(|live| live == "long-poll") {
            let data: Vec<_> = self.changes[from..].iter().take(limit).collect();
            let next = format!("behind {}", from + data.len());
            return Reply::new(200).body(json!({"data": data, "next_cursor": next}).to_string());
        }
        let frame =
            |(place, change): (usize, &Value)| format!("id: behind {}\nevent: change\ndata: {change}\n\n", place + 1);
        let frames: String = self.changes.iter().enumerate().skip(from).map(frame).collect();
        Reply::new(200).header("content-type", "text/event-stream").body(format!("retry: 1000\n\n{frames}"))
    }

    fn usage(&self) -> Reply {
        let stored = || self.chains.values().flatten();
        let bytes: usize = stored().map(|stored| stored.original.len()).sum();
        let amounts = json!({"sessions": self.chains.len(), "entries": stored().count(), "bytes": bytes});
        let mut today = amounts.clone();
        today["date"] = CREATED_AT.split('T').next().into();
        Reply::new(200).body(json!({"total": amounts, "today": today}).to_string())
    }

    fn settings(&self) -> Reply {
        Reply::new(200).body(json!({"retention_days": self.retention_days}).to_string())
    }

    fn expiring(&self) -> Reply {
        let mut sessions: Vec<_> = self.chains.keys().filter(|_| self.retention_days.is_some()).collect();
        sessions.sort();
        let at = days_later(self.retention_days.unwrap_or_default());
        let expiring = |session| json!({"session_id": session, "at": at, "what": "delete", "cause": "retention"});
        let data: Vec<_> = sessions.into_iter().map(expiring).collect();
        Reply::new(200).body(json!({ "data": data }).to_string())
    }
}
