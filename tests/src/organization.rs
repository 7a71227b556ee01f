//! An organisation as a test addresses it: its sessions as resources, reached with an access token that may do everything.

use std::{collections::HashSet, net::SocketAddr};

use serde_json::Value;

use crate::{
    pages::is_timestamp,
    session::Session,
    wire::{Answer, Call},
};

/// What every session shows, wherever it is shown.
const MEMBERS: [&str; 18] = [
    "id",
    "project",
    "parent_session_id",
    "subpath",
    "title",
    "status",
    "metadata",
    "length",
    "bytes",
    "head",
    "digest",
    "boundaries",
    "forked_from",
    "created_at",
    "updated_at",
    "first_entry_at",
    "last_entry_at",
    "expires_at",
];

/// An organisation and an access token of it.
#[derive(Debug, Clone)]
pub struct Organization {
    address: SocketAddr,
    token: String,
}

impl Organization {
    /// The organisation of `token`, on the server at `address`.
    pub fn new(address: SocketAddr, token: String) -> Self {
        Self { address, token }
    }

    /// The same one, after a restart.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// One of its sessions, for appends of one entry and the reads that came first.
    pub fn session(&self, id: &str) -> Session {
        Session::new(self.address, id, &self.token)
    }

    /// The token in use.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A request with its token and no body.
    pub fn call(&self, method: &str, path: &str) -> Call {
        Call::new(self.address, method, path).bearer(&self.token)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Call {
        self.call(method, path).header("content-type", "application/json").body(body.to_string())
    }

    /// Creates a session.
    pub fn create(&self, body: &Value) -> Call {
        self.send("POST", "/v1/sessions", body)
    }

    /// One page of the list; `query` is empty or begins with `?`.
    pub fn list(&self, query: &str) -> Call {
        self.call("GET", &format!("/v1/sessions{query}"))
    }

    /// Shows a session.
    pub fn show(&self, id: &str) -> Call {
        self.call("GET", &format!("/v1/sessions/{id}"))
    }

    /// Patches a session.
    pub fn patch(&self, id: &str, body: &Value) -> Call {
        self.send("PATCH", &format!("/v1/sessions/{id}"), body)
    }

    /// Deletes a session; `query` is empty or begins with `?`.
    pub fn delete(&self, id: &str, query: &str) -> Call {
        self.call("DELETE", &format!("/v1/sessions/{id}{query}"))
    }

    /// Purges a session, and its sub-agents' sessions.
    pub fn purge(&self, id: &str) -> Call {
        self.delete(id, "?purge=true")
    }

    /// Restores a session.
    pub fn restore(&self, id: &str) -> Call {
        self.call("POST", &format!("/v1/sessions/{id}/restore"))
    }

    /// Forks a session.
    pub fn fork(&self, id: &str, body: &Value) -> Call {
        self.send("POST", &format!("/v1/sessions/{id}/fork"), body)
    }

    /// Begins a new chain under a session's id.
    pub fn reset(&self, id: &str, last: Option<&str>) -> Call {
        let call = self.call("POST", &format!("/v1/sessions/{id}/reset"));
        last.into_iter().fold(call, |call, last| call.header("last-uuid", last))
    }

    /// Reads entries; `query` is empty or begins with `?`, or with `/` and names one entry.
    pub fn entries(&self, id: &str, query: &str) -> Call {
        self.call("GET", &format!("/v1/sessions/{id}/entries{query}"))
    }

    /// Redacts an entry.
    pub fn redact(&self, id: &str, event_id: &str) -> Call {
        self.call("DELETE", &format!("/v1/sessions/{id}/entries/{event_id}"))
    }

    /// Asks for the last lines of many.
    pub fn previews(&self, body: &Value) -> Call {
        self.send("POST", "/v1/sessions/previews", body)
    }

    /// Follows its changes; `query` is empty or begins with `?`.
    pub fn changes(&self, query: &str) -> Call {
        self.call("GET", &format!("/v1/organization/changes{query}"))
    }

    /// Asks how much there is.
    pub fn usage(&self) -> Call {
        self.call("GET", "/v1/organization/usage")
    }

    /// Asks what is set.
    pub fn settings(&self) -> Call {
        self.call("GET", "/v1/organization/settings")
    }

    /// Changes what is set.
    pub fn set(&self, body: &Value) -> Call {
        self.send("PATCH", "/v1/organization/settings", body)
    }

    /// Asks what will go; `query` is empty or begins with `?`.
    pub fn expiring(&self, query: &str) -> Call {
        self.call("GET", &format!("/v1/organization/expiring{query}"))
    }

    /// Appends a batch, one entry a line.
    pub fn batch(&self, id: &str, last: Option<&str>, entries: &[String]) -> Call {
        let call = self.call("POST", &format!("/v1/sessions/{id}/entries"));
        let call = call.header("content-type", "application/x-ndjson").body(entries.join("\n"));
        last.into_iter().fold(call, |call, last| call.header("last-uuid", last))
    }

    /// A session that must be there, as it shows itself.
    pub async fn shown(&self, id: &str) -> Value {
        shown(&self.show(id).send().await.expect(200))
    }

    /// Every session of a list, page by page, each once.
    pub async fn listed(&self, query: &str) -> Vec<Value> {
        let mut sessions = Vec::new();
        let mut cursors = HashSet::new();
        let mut page = query.to_owned();
        loop {
            let answer = self.list(&page).send().await.expect(200);
            let Value::Object(mut body) = answer.json() else { panic!("no page: {answer:?}") };
            let Some(Value::Array(data)) = body.remove("data") else { panic!("no data: {answer:?}") };
            data.iter().for_each(check);
            sessions.extend(data);
            let Some(cursor) = body.remove("next_cursor") else {
                assert!(body.is_empty(), "more than data and next_cursor: {body:?}");
                break;
            };
            let cursor = cursor.as_str().expect("next_cursor is absent, or a text");
            assert!(cursors.insert(cursor.to_owned()), "a cursor came twice: the pages would never end");
            page = format!("{query}{}cursor={cursor}", if query.is_empty() { '?' } else { '&' });
        }
        let ids: HashSet<_> = sessions.iter().map(|session| session["id"].to_string()).collect();
        assert_eq!(ids.len(), sessions.len(), "a session stands in the list twice: {sessions:?}");
        sessions
    }

    /// The ids of every session of a list.
    pub async fn ids(&self, query: &str) -> Vec<String> {
        let id = |session: Value| session["id"].as_str().expect("an id").to_owned();
        self.listed(query).await.into_iter().map(id).collect()
    }
}

/// The session that an answer shows, checked for what holds of every session; the `ETag` and the head must be its own.
#[track_caller]
pub fn shown(answer: &Answer) -> Value {
    let session = answer.json();
    check(&session);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("x-last-uuid"), session["head"].as_str(), "{answer:?}");
    let tag = answer.header("etag").expect("an ETag");
    let (revision, length) = tag.trim_matches('"').split_once('.').expect("\"REVISION.LENGTH\"");
    assert!(tag.starts_with('"') && tag.ends_with('"') && revision.parse::<u64>().is_ok(), "{tag}");
    assert_eq!(length, session["length"].to_string());
    session
}

/// A session has all its members, and times in their form and order.
#[track_caller]
pub fn check(session: &Value) {
    let members = session.as_object().expect("a session");
    for member in MEMBERS {
        assert!(members.contains_key(member), "{member} is missing, which is null where there is none: {session}");
    }
    for member in members.keys() {
        let known = MEMBERS.contains(&member.as_str())
            || ["forks", "deleted_at", "purge_at", "archived_from", "archived_session_id"].contains(&member.as_str());
        assert!(known, "{member} is no member of a session: {session}");
    }
    let is_deleted = session["status"] == "deleted";
    for member in ["deleted_at", "purge_at"] {
        assert_eq!(members.contains_key(member), is_deleted, "{member}: {session}");
    }
    for (member, value) in members.iter().filter(|(member, _)| member.ends_with("_at")) {
        assert!(value.is_null() || value.as_str().is_some_and(is_timestamp), "{member}: {session}");
    }
    let time = |member: &str| session[member].as_str().unwrap_or_else(|| panic!("{member}: {session}"));
    assert!(time("created_at") <= time("updated_at"), "{session}");
    let is_empty = session["length"] == 0;
    assert_eq!((session["first_entry_at"].is_null(), session["last_entry_at"].is_null()), (is_empty, is_empty));
    if !is_empty {
        assert!(
            time("first_entry_at") <= time("last_entry_at") && time("last_entry_at") <= time("updated_at"),
            "{session}"
        );
    }
    let digest = session["digest"].as_str().expect("a digest");
    assert!(digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{digest}");
    assert!(session["metadata"].is_object() && session["boundaries"]["count"].is_u64(), "{session}");
}
