//! Sessions as resources: show, purge, reset, redact, previews.

use http::Method;
use serde_json::{Value, json};
use verbatim_proto::{
    Digest, EventId, SessionId, Timestamp,
    digest::payload_hash,
    entry::{one_line, user_text},
    sessions::PreviewSessions,
};

use super::{CREATED_AT, Model, Stored, not_found, refused};
use crate::{Request, script::Reply};

impl Model {
    /// What lies below `/v1/sessions/`.
    pub(super) fn sessions(&mut self, path: &[&str], request: &Request) -> Reply {
        let is_purge = request.url.query_pairs().any(|(name, value)| name == "purge" && value == "true");
        match (&request.method, path) {
            (&Method::POST, ["previews"]) => self.previews(request),
            (&Method::GET, [session]) => self.shown(200, session, json!({})),
            (&Method::DELETE, [session]) if is_purge => self.purge(session),
            (&Method::POST, [session, "reset"]) => self.reset(session, request),
            (&Method::DELETE, [session, "entries", id]) => self.redact(session, id),
            _ => Reply::error(404, "not_found_error", "not_stored"),
        }
    }

    fn shown(&self, status: u16, session: &str, and: Value) -> Reply {
        let Some(chain) = self.chains.get(session) else { return not_found() };
        let mut digest = Digest::EMPTY;
        for stored in chain {
            digest = digest.then(stored.uuid.as_ref(), &payload_hash(stored.original.as_bytes()));
        }
        let time = (!chain.is_empty()).then_some(CREATED_AT);
        let boundaries: Vec<_> = (0..chain.len()).filter(|&seq| chain[seq].is_boundary).collect();
        let bytes: usize = chain.iter().map(|stored| stored.original.len()).sum();
        let mut shown = json!({
            "id": session, "project": null, "parent_session_id": null, "subpath": null, "title": null,
            "status": "active", "metadata": {}, "length": chain.len(), "bytes": bytes,
            "head": self.head_of(session), "digest": digest,
            "boundaries": {"count": boundaries.len(), "last_seq": boundaries.last()}, "forked_from": null,
            "created_at": CREATED_AT, "updated_at": CREATED_AT, "first_entry_at": time, "last_entry_at": time,
            "expires_at": null,
        });
        if let (Some(shown), Value::Object(and)) = (shown.as_object_mut(), and) {
            shown.extend(and);
        }
        let reply = Reply::new(status).header("etag", &format!("\"1.{}\"", chain.len())).body(shown.to_string());
        self.with_head(session, reply)
    }

    fn purge(&mut self, session: &str) -> Reply {
        if self.chains.remove(session).is_none() {
            return not_found();
        }
        self.changed(session, json!({"type": "purged"}));
        let body = json!({"id": session, "purged_at": CREATED_AT, "id_free_at": days_later(30)});
        Reply::new(200).body(body.to_string())
    }

    fn reset(&mut self, session: &str, request: &Request) -> Reply {
        let Some(chain) = self.chains.get(session) else { return not_found() };
        let last = request.header("last-uuid").filter(|uuid| !uuid.is_empty()).map(str::to_owned);
        let before = self.resets.get(session).filter(|reset| chain.is_empty() && reset.last == last);
        if before.is_some() || (chain.is_empty() && !self.resets.contains_key(session)) {
            let archived = before.map(|reset| reset.archived.clone());
            return self.shown(200, session, json!({"archived_session_id": archived}));
        }
        if last.as_deref() != self.head_of(session).as_ref().map(|head| head.as_str()) {
            let reply = self.conflict(session, last.as_deref());
            return self.with_head(session, reply);
        }
        let archived = format!("{session}-archived-{}", self.changes.len());
        let chain = self.chains.insert(session.to_owned(), Vec::new()).unwrap_or_default();
        self.chains.insert(archived.clone(), chain);
        self.resets.insert(session.to_owned(), Reset { last, archived: archived.clone() });
        self.changed(&archived, json!({"type": "created"}));
        self.changed(session, json!({"type": "reset", "archived_session_id": archived}));
        self.shown(201, session, json!({"archived_session_id": archived}))
    }

    fn redact(&mut self, session: &str, id: &str) -> Reply {
        let id = id.replace("%2F", "/").replace("%25", "%");
        let Ok(id) = id.parse::<EventId>() else { return refused() };
        let Some(chain) = self.chains.get_mut(session) else { return not_found() };
        let is_it = |(seq, stored): &(usize, &mut Stored)| match id {
            EventId::Uuid(uuid) => stored.uuid == Some(uuid),
            EventId::Seq(of) => *seq as u64 == of,
        };
        let Some((seq, stored)) = chain.iter_mut().enumerate().find(is_it) else { return not_found() };
        let is_new = stored.payload == stored.original;
        stored.payload = stored.stub();
        let entry = stored.entry(seq);
        if is_new {
            self.changed(session, json!({"type": "redacted", "event_id": id.to_string()}));
        }
        self.with_head(session, Reply::new(200).body(entry))
    }

    fn previews(&self, request: &Request) -> Reply {
        let Ok(asked) = serde_json::from_slice::<PreviewSessions>(&request.body) else { return refused() };
        let chars = asked.max_chars.unwrap_or(200) as usize;
        let data: Vec<_> =
            asked.ids.iter().map(|id| self.preview(id, asked.limit.unwrap_or(1) as usize, chars)).collect();
        Reply::new(200).body(json!({ "data": data }).to_string())
    }

    fn preview(&self, id: &SessionId, items: usize, chars: usize) -> Value {
        let Some(chain) = self.chains.get(id.as_str()) else {
            return json!({"id": id, "error": {"type": "not_found_error", "message": "no such session"}});
        };
        let item = |(seq, stored): (usize, &Stored)| {
            let text = one_line(&user_text(stored.payload.as_bytes())?, usize::MAX);
            let cut = one_line(&text, chars);
            Some(json!({"seq": seq, "event_id": stored.id(seq), "event_type": stored.event_type,
                "created_at": CREATED_AT, "truncated": cut != text, "text": cut}))
        };
        let mut found: Vec<_> = chain.iter().enumerate().rev().filter_map(item).take(items).collect();
        found.reverse();
        json!({"id": id, "title": null, "status": "active", "length": chain.len(),
            "last_entry_at": (!chain.is_empty()).then_some(CREATED_AT), "items": found})
    }
}

/// The head that a session was last reset at, and where its old chain is.
pub(super) struct Reset {
    last: Option<String>,
    archived: String,
}

impl Stored {
    fn stub(&self) -> String {
        let mut stub = serde_json::Map::new();
        stub.insert("type".to_owned(), self.event_type.clone().into());
        if self.is_boundary {
            stub.insert("subtype".to_owned(), "compact_boundary".into());
        }
        if let Some(uuid) = &self.uuid {
            stub.insert("uuid".to_owned(), uuid.as_str().into());
        }
        let hash = Digest(payload_hash(self.original.as_bytes()));
        stub.insert("redacted".to_owned(), json!({"at": CREATED_AT, "blake3": hash}));
        Value::Object(stub).to_string()
    }
}

/// So many days after everything happened.
pub(super) fn days_later(days: u32) -> Timestamp {
    let start: Timestamp = CREATED_AT.parse().expect("a time");
    Timestamp::from_micros(start.as_micros() + i64::from(days) * 86_400_000_000)
}
