//! The contract over a map of vectors: what the three v1 routes answer, and some of those about sessions and the
//! organisation.

mod organization;
mod sessions;

use std::collections::HashMap;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use verbatim_proto::{
    EntryUuid, EntryView,
    json::equal,
    limits::{ENTRY_DEPTH_MAX, PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX},
};

use crate::{Request, script::Reply};

#[derive(Default)]
pub(crate) struct Model {
    pub(crate) tokens: Option<Vec<String>>,
    chains: HashMap<String, Vec<Stored>>,
    resets: HashMap<String, sessions::Reset>,
    changes: Vec<Value>,
    retention_days: Option<u32>,
}

struct Stored {
    uuid: Option<EntryUuid>,
    key: Option<String>,
    event_type: String,
    is_boundary: bool,
    /// What is given to readers: the entry, or the stub in its place.
    payload: String,
    /// What was appended.
    original: String,
}

const CREATED_AT: &str = "2026-01-02T03:04:05.000006Z";

impl Model {
    pub(crate) fn serve(&mut self, request: &Request) -> Reply {
        let token = request.header("authorization").unwrap_or_default();
        if self.tokens.as_ref().is_some_and(|tokens| !tokens.iter().any(|known| known == token)) {
            return Reply::error(401, "authentication_error", "not_stored").header("www-authenticate", "Bearer");
        }
        let path: Vec<_> = request.url.path().trim_start_matches('/').split('/').collect();
        match (&request.method, path.as_slice()) {
            (&Method::PUT, ["v1", "session_ingress", "session", session]) => self.append(session, request),
            (&Method::GET, ["v1", "session_ingress", "session", session]) => self.transcript(session, request),
            (&Method::HEAD, ["v1", "session_ingress", "session", session]) => self.head(session),
            (&Method::GET, ["v1", "code", "sessions", session, "teleport-events"]) => self.page(session, request),
            (_, ["v1", "sessions", below @ ..]) => self.sessions(below, request),
            (_, ["v1", "organization", below @ ..]) => self.organization(below, request),
            _ => Reply::error(404, "not_found_error", "not_stored"),
        }
    }

    pub(crate) fn intrude(&mut self, session: &str, entry: &[u8]) {
        let stored = Stored::new(&EntryView::parse(entry).expect("an entry"), None);
        self.push(session, stored);
    }

    fn push(&mut self, session: &str, stored: Stored) {
        if !self.chains.contains_key(session) {
            self.changed(session, json!({"type": "created"}));
        }
        let chain = self.chains.entry(session.to_owned()).or_default();
        chain.push(stored);
        let length = chain.len();
        self.changed(session, json!({"type": "appended", "length": length}));
    }

    pub(crate) fn entries(&self, session: &str) -> Vec<String> {
        self.chain(session).iter().map(|stored| stored.payload.clone()).collect()
    }

    fn chain(&self, session: &str) -> &[Stored] {
        self.chains.get(session).map_or(&[], Vec::as_slice)
    }

    fn head_of(&self, session: &str) -> Option<EntryUuid> {
        self.chain(session).iter().rev().find_map(|stored| stored.uuid)
    }

    fn with_head(&self, session: &str, reply: Reply) -> Reply {
        match self.head_of(session) {
            Some(head) => reply.header("x-last-uuid", head.as_str()),
            None => reply,
        }
    }

    fn append(&mut self, session: &str, request: &Request) -> Reply {
        let reply = self.decide(session, request);
        self.with_head(session, reply)
    }

    fn decide(&mut self, session: &str, request: &Request) -> Reply {
        let Ok(view) = EntryView::parse(&request.body) else {
            return refused();
        };
        let key = request.header("idempotency-key").filter(|_| view.uuid.is_none()).map(str::to_owned);
        let is_same = |stored: &Stored| match view.uuid {
            Some(_) => stored.uuid == view.uuid,
            None => key.is_some() && stored.key == key,
        };
        let head = self.head_of(session);
        let chain = self.chain(session);
        if let Some((seq, stored)) = chain.iter().enumerate().find(|(_, stored)| is_same(stored)) {
            return match equal(stored.original.as_bytes(), view.payload, ENTRY_DEPTH_MAX) {
                true => receipt(200, "already_stored", view.uuid, seq),
                false => Reply::error(422, "uuid_reused_error", "not_stored"),
            };
        }
        let expected = request.header("last-uuid").filter(|uuid| !uuid.is_empty());
        if expected != head.as_ref().map(EntryUuid::as_str) {
            return self.conflict(session, expected);
        }
        let seq = chain.len();
        self.push(session, Stored::new(&view, key));
        receipt(201, "stored", view.uuid, seq)
    }

    fn conflict(&self, session: &str, expected: Option<&str>) -> Reply {
        let (head, length) = (self.head_of(session), self.chain(session).len());
        let body = json!({"error": {"type": "conflict_error", "message": "the head has moved"},
            "outcome": "not_stored", "expected": expected, "head": head, "length": length});
        Reply::new(409).body(body.to_string())
    }

    fn transcript(&self, session: &str, request: &Request) -> Reply {
        let Some(chain) = self.chains.get(session) else { return not_found() };
        let compact = request.url.query() == Some("after_last_compact=true");
        let from = chain.iter().rposition(|stored| compact && stored.is_boundary).unwrap_or(0);
        let lines: Vec<_> = chain[from..].iter().map(|stored| stored.payload.as_str()).collect();
        let last = serde_json::to_string(&self.head_of(session)).expect("encode");
        let body = format!(r#"{{"loglines":[{}],"count":{},"last_uuid":{last}}}"#, lines.join(","), lines.len());
        self.with_head(session, Reply::new(200).body(body))
    }

    fn head(&self, session: &str) -> Reply {
        let Some(chain) = self.chains.get(session) else { return not_found() };
        self.with_head(session, Reply::new(200).header("x-entry-count", &chain.len().to_string()))
    }

    fn page(&self, session: &str, request: &Request) -> Reply {
        let Some(chain) = self.chains.get(session) else { return not_found() };
        let query: HashMap<_, _> = request.url.query_pairs().into_owned().collect();
        let limit = query.get("limit").map_or(Ok(PAGE_ENTRIES_DEFAULT), |limit| limit.parse());
        let from = query.get("cursor").map_or(Ok(0), |cursor| cursor.trim_start_matches("from +&").parse());
        let (Ok(limit @ 1..), Ok(from)) = (limit, from) else {
            return refused();
        };
        let to = chain.len().min(from + limit.min(PAGE_ENTRIES_MAX));
        let data: Vec<_> = (from..to).map(|seq| chain[seq].envelope(seq)).collect();
        // A cursor that shows whether it was escaped on its way back.
        let next = if to < chain.len() { format!(r#","next_cursor":"from +&{to}""#) } else { String::new() };
        self.with_head(session, Reply::new(200).body(format!(r#"{{"data":[{}]{next}}}"#, data.join(","))))
    }
}

impl Stored {
    fn new(view: &EntryView<'_>, key: Option<String>) -> Self {
        let original = String::from_utf8(view.payload.to_vec()).expect("JSON is UTF-8");
        Self {
            uuid: view.uuid,
            key,
            event_type: view.event_type().to_owned(),
            is_boundary: view.is_boundary,
            payload: original.clone(),
            original,
        }
    }

    fn id(&self, seq: usize) -> String {
        self.uuid.map_or_else(|| format!("~{seq}"), |uuid| uuid.as_str().to_owned())
    }

    /// An event with its place.
    fn entry(&self, seq: usize) -> String {
        self.envelope(seq).replacen('{', &format!(r#"{{"seq":{seq},"#), 1)
    }

    fn envelope(&self, seq: usize) -> String {
        let (id, kind) = (Value::from(self.id(seq)), Value::from(self.event_type.as_str()));
        let Self { is_boundary, payload, .. } = self;
        format!(
            r#"{{"event_id":{id},"event_type":{kind},"is_compaction":{is_boundary},"payload":{payload},"created_at":"{CREATED_AT}"}}"#
        )
    }
}

fn receipt(status: u16, word: &str, uuid: Option<EntryUuid>, seq: usize) -> Reply {
    Reply::new(status).body(json!({"status": word, "uuid": uuid, "seq": seq, "created_at": CREATED_AT}).to_string())
}

fn refused() -> Reply {
    Reply::error(400, "invalid_request_error", "not_stored")
}

fn not_found() -> Reply {
    let body = json!({"error": {"type": "not_found_error", "message": "no such session"}});
    Reply::new(StatusCode::NOT_FOUND.as_u16()).body(body.to_string())
}
