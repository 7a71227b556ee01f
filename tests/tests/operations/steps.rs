//! One random operation: sent to the server, done to the model, and the answers compared.

use std::net::SocketAddr;

use serde_json::{Value, json};
use verbatim_tests::{
    organization::Organization,
    rng::Rng,
    wire::{Answer, Call, Connection},
};

use super::{
    model::{Entry, Name, World},
    reads,
};

/// How often each operation comes.
pub type Mix = &'static [(Kind, u64)];

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Append,
    Batch,
    Create,
    Patch,
    Fork,
    Delete,
    Restore,
    Purge,
    Redact,
    Reset,
    Read,
}

/// A sequence under way: its organisation on the server and in the model.
pub struct Sequence {
    pub organization: Organization,
    pub world: World,
    pub rng: Rng,
    /// What was done, to be shown where it went wrong.
    pub done: Vec<String>,
    connection: Option<Connection>,
}

pub type Verdict = Result<(), String>;

/// Few names, so that retries, reuse and meetings happen often.
const SESSIONS: u64 = 7;
const UUIDS: u64 = 16;
const KEYS: u64 = 3;
const CONTENTS: u64 = 2;

impl Sequence {
    pub fn new(organization: Organization, rng: Rng) -> Self {
        Self { organization, world: World::default(), rng, done: Vec::new(), connection: None }
    }

    /// Goes on after the server was restarted.
    pub fn moved(&mut self, address: SocketAddr) {
        self.organization = self.organization.at(address);
        self.connection = None;
    }

    pub async fn send(&mut self, call: &Call) -> Answer {
        if self.connection.is_none() {
            self.connection = Some(call.connect().await.expect("a connection"));
        }
        let connection = self.connection.as_mut().unwrap();
        connection.send(call).await.unwrap_or_else(|error| panic!("{call:?}: {error}"))
    }

    pub async fn step(&mut self, mix: Mix) -> Verdict {
        let mut at = self.rng.below(mix.iter().map(|(_, weight)| weight).sum());
        let mut kinds = mix.iter();
        let kind = loop {
            let (kind, weight) = kinds.next().expect("a kind");
            match at.checked_sub(*weight) {
                Some(rest) => at = rest,
                None => break *kind,
            }
        };
        match kind {
            Kind::Append => self.append().await,
            Kind::Batch => self.batch().await,
            Kind::Create => self.create().await,
            Kind::Patch => self.patch().await,
            Kind::Fork => self.fork().await,
            Kind::Delete => self.delete().await,
            Kind::Restore => self.restore().await,
            Kind::Purge => self.purge().await,
            Kind::Redact => self.redact().await,
            Kind::Reset => self.reset().await,
            Kind::Read => reads::one(self).await,
        }
    }

    /// The ids that operations go to: those of the pool, and those that the server made.
    pub fn ids(&self) -> Vec<String> {
        let made = self.world.sessions.iter().map(|session| session.id.clone());
        let mut ids: Vec<_> = (0..SESSIONS).map(|number| format!("s{number}")).collect();
        ids.extend(made.filter(|id| id.len() > 2));
        ids
    }

    fn id(&mut self) -> String {
        let ids = self.ids();
        self.rng.pick(&ids).clone()
    }

    fn odds(&mut self, one_in: u64) -> bool {
        self.rng.below(one_in) == 0
    }

    /// An id that is there, most of the time.
    pub fn likely(&mut self) -> String {
        let live: Vec<_> = self.world.sessions.iter().map(|session| session.id.clone()).collect();
        if live.is_empty() || self.odds(4) { self.id() } else { self.rng.pick(&live).clone() }
    }

    /// The head, most of the time.
    fn last(&mut self, id: &str) -> Option<String> {
        match self.rng.below(8) {
            0 => Some(format!("u{}", self.rng.below(UUIDS))),
            1 if self.odds(3) => None,
            _ => self.world.find(id).and_then(|session| self.world.head(session)).map(str::to_owned),
        }
    }

    fn entry(&mut self, name: Name) -> Entry {
        let content = self.rng.below(CONTENTS);
        let (kind, text) = match self.rng.below(6) {
            0 => ("system", None),
            1 => ("summary", Some(format!("sums {content}"))),
            _ => ("user", Some(format!("says {content}"))),
        };
        let mut body = match kind {
            "system" => json!({"type": kind, "subtype": "compact_boundary"}),
            "summary" => json!({"type": kind, "summary": text}),
            _ => json!({"type": kind, "message": {"role": kind, "content": text}}),
        };
        if let Name::Uuid(uuid) = &name {
            body["uuid"] = uuid.as_str().into();
        }
        Entry { name, body: body.to_string(), kind, text, is_boundary: kind == "system", is_redacted: false }
    }

    async fn append(&mut self) -> Verdict {
        let id = self.likely();
        let last = self.last(&id);
        let name = match self.rng.below(6) {
            0 => Name::Key(format!("k{}", self.rng.below(KEYS))),
            1 => Name::Nothing,
            _ => Name::Uuid(format!("u{}", self.rng.below(UUIDS))),
        };
        let entry = self.entry(name.clone());
        let call = self.organization.session(&id).put(last.as_deref(), entry.body.clone());
        let call = if let Name::Key(key) = &name { call.header("idempotency-key", key) } else { call };
        self.done.push(format!("append to {id} after {last:?}: {name:?} {}", entry.body));
        let answer = self.send(&call).await;
        let wanted = self.world.append(&id, last.as_deref(), vec![entry]);
        status(&answer, wanted.status)?;
        if let [seq] = wanted.seqs[..] {
            same("seq", &answer.json()["seq"], &json!(seq))?;
        }
        self.stands(&answer, &id, last.as_deref())
    }

    async fn batch(&mut self) -> Verdict {
        let id = self.likely();
        let last = self.last(&id);
        let key = format!("k{}", self.rng.below(KEYS));
        let (from, count) = (self.rng.below(UUIDS), self.rng.below(4) + 1);
        let mut entries = Vec::new();
        let mut without = 0;
        for number in from..from + count {
            let name = if self.odds(5) {
                without += 1;
                Name::BatchKey(key.clone(), without - 1)
            } else {
                Name::Uuid(format!("u{}", number % UUIDS))
            };
            entries.push(self.entry(name));
        }
        let bodies: Vec<_> = entries.iter().map(|entry| entry.body.clone()).collect();
        let call = self.organization.batch(&id, last.as_deref(), &bodies).header("idempotency-key", &key);
        self.done.push(format!("batch to {id} after {last:?} under {key}: {bodies:?}"));
        let answer = self.send(&call).await;
        let wanted = self.world.append(&id, last.as_deref(), entries);
        status(&answer, wanted.status)?;
        if !wanted.seqs.is_empty() {
            let results = answer.json()["results"].as_array().cloned().unwrap_or_default();
            let seqs: Vec<_> = results.iter().map(|result| result["seq"].clone()).collect();
            same("seqs", &json!(seqs), &json!(wanted.seqs))?;
        }
        self.stands(&answer, &id, last.as_deref())
    }

    /// What an answer says of where the chain stands.
    fn stands(&self, answer: &Answer, id: &str, last: Option<&str>) -> Verdict {
        let Some(session) = self.world.live(id) else { return Ok(()) };
        let head = self.world.head(session);
        same("x-last-uuid", &answer.header("x-last-uuid"), &head)?;
        if answer.status == 409 {
            let body = answer.json();
            same("expected", &body["expected"], &json!(last))?;
            same("length", &body["length"], &json!(session.entries.len()))?;
        }
        Ok(())
    }

    async fn create(&mut self) -> Verdict {
        let id = self.id();
        let mut body = json!({"id": id, "project": format!("p{}", self.rng.below(2))});
        if self.odds(2) {
            body["parent_session_id"] = format!("s{}", self.rng.below(SESSIONS)).into();
        }
        if self.odds(3) {
            body["title"] = "created".into();
        }
        self.done.push(format!("create {body}"));
        let answer = self.send(&self.organization.create(&body)).await;
        let wanted = self.world.create(&id, &body);
        status(&answer, wanted)?;
        self.shows(&answer, &id)
    }

    async fn patch(&mut self) -> Verdict {
        let id = self.likely();
        let body = match self.rng.below(8) {
            0 => json!({"status": "paused"}),
            1 => json!({"status": "active"}),
            2 => json!({"status": "ended"}),
            3 => json!({"title": null}),
            4 => json!({"metadata": {"k": null}}),
            5 => json!({"metadata": {"k": self.rng.below(2), "l": true}}),
            _ => json!({"title": format!("title {}", self.rng.below(3))}),
        };
        let mut call = self.organization.patch(&id, &body);
        let mut matches = true;
        if self.odds(3) {
            let shown = self.send(&self.organization.show(&id)).await;
            if let Some(tag) = shown.header("etag") {
                matches = self.odds(2);
                // Lengths are not compared.
                let revision = tag.trim_matches('"').split('.').next().unwrap();
                let revision = if matches { revision.to_owned() } else { format!("{revision}9") };
                call = call.header("if-match", format!("\"{revision}.999\""));
            }
        }
        self.done.push(format!("patch {id} {body}, its revision matches: {matches}"));
        let answer = self.send(&call).await;
        let wanted = self.world.patch(&id, &body, matches);
        status(&answer, wanted)?;
        self.shows(&answer, &id)
    }

    async fn fork(&mut self) -> Verdict {
        let (of, id) = (self.likely(), self.id());
        let at = match self.world.live(&of).map(|session| session.entries.len() as u64) {
            Some(length @ 1..) if !self.odds(4) => {
                let seq = usize::try_from(self.rng.below(length)).unwrap();
                let by_place = self.odds(3);
                let session = self.world.live(&of).unwrap();
                Some(if by_place { format!("~{seq}") } else { self.world.event_id(session, seq) })
            }
            _ if self.odds(3) => Some("nobody".to_owned()),
            _ => None,
        };
        let body = at.as_ref().map_or_else(|| json!({"id": id}), |at| json!({"id": id, "at": at}));
        self.done.push(format!("fork {of}: {body}"));
        let Some(wanted) = self.world.fork(&of, &id, at.as_deref()) else { return Ok(()) };
        let answer = self.send(&self.organization.fork(&of, &body)).await;
        status(&answer, wanted)?;
        if wanted < 300 { self.shows(&answer, &id) } else { Ok(()) }
    }

    async fn delete(&mut self) -> Verdict {
        let (id, cascade) = (self.likely(), !self.odds(3));
        self.done.push(format!("delete {id}, cascade {cascade}"));
        let query = if cascade { "" } else { "?cascade=false" };
        let answer = self.send(&self.organization.delete(&id, query)).await;
        let wanted = self.world.delete(&id, cascade);
        status(&answer, wanted)?;
        self.shows(&answer, &id)
    }

    async fn restore(&mut self) -> Verdict {
        let id = self.likely();
        self.done.push(format!("restore {id}"));
        let answer = self.send(&self.organization.restore(&id)).await;
        let wanted = self.world.restore(&id);
        status(&answer, wanted)?;
        self.shows(&answer, &id)
    }

    async fn purge(&mut self) -> Verdict {
        let (id, cascade) = (self.likely(), !self.odds(3));
        self.done.push(format!("purge {id}, cascade {cascade}"));
        let query = if cascade { "?purge=true" } else { "?purge=true&cascade=false" };
        let answer = self.send(&self.organization.delete(&id, query)).await;
        let wanted = self.world.purge(&id, cascade);
        status(&answer, wanted)?;
        if wanted == 200 { same("the id", &answer.json()["id"], &json!(id)) } else { Ok(()) }
    }

    async fn redact(&mut self) -> Verdict {
        let id = self.likely();
        let event_id = match self.world.live(&id).map(|session| session.entries.len() as u64) {
            Some(length @ 1..) if !self.odds(8) => format!("~{}", self.rng.below(length)),
            _ => format!("u{}", self.rng.below(UUIDS)),
        };
        self.done.push(format!("redact {event_id} of {id}"));
        let answer = self.send(&self.organization.redact(&id, &event_id)).await;
        let wanted = self.world.redact(&id, &event_id);
        status(&answer, wanted)?;
        match self.world.live(&id) {
            Some(session) if wanted == 200 => {
                let seq = self.world.seq_of(session, &event_id).unwrap();
                let entry = &self.world.arena[session.entries[seq]];
                same("what stays", &reads::timeless(answer.json()["payload"].clone()), &entry.payload())
            }
            _ => Ok(()),
        }
    }

    async fn reset(&mut self) -> Verdict {
        let id = self.likely();
        let last = self.last(&id);
        let Some(wanted) = self.world.resets(&id, last.as_deref()) else { return Ok(()) };
        self.done.push(format!("reset {id} after {last:?}"));
        let answer = self.send(&self.organization.reset(&id, last.as_deref())).await;
        status(&answer, wanted)?;
        let archived = || answer.json()["archived_session_id"].as_str().map(str::to_owned);
        match wanted {
            201 => {
                let archived = archived().ok_or("no archived_session_id")?;
                self.done.push(format!("the old chain of {id} is kept as {archived}"));
                self.world.reset(&id, last.as_deref(), &archived);
            }
            200 => {
                let before = self.world.find(&id).and_then(|session| session.reset.clone());
                same("archived_session_id", &archived(), &before.map(|(_, archived)| archived))?;
            }
            _ => return self.stands(&answer, &id, last.as_deref()),
        }
        self.shows(&answer, &id)
    }

    /// The session that a success shows is the model's.
    fn shows(&self, answer: &Answer, id: &str) -> Verdict {
        match self.world.find(id) {
            Some(session) if answer.status < 300 => reads::portrait(&self.world, session, &answer.json()),
            _ => Ok(()),
        }
    }
}

/// The status is the model's; a refusal is of the type that goes with it.
pub fn status(answer: &Answer, wanted: u16) -> Verdict {
    if answer.status != wanted {
        return Err(format!("{} where the model says {wanted}: {}", answer.status, answer.text()));
    }
    let types: &[&str] = match wanted {
        400 => &["invalid_request_error"],
        404 => &["not_found_error"],
        409 => &["conflict_error", "session_exists_error"],
        410 => &["session_ended_error"],
        412 => &["precondition_failed_error"],
        422 => &["uuid_reused_error"],
        _ => return Ok(()),
    };
    let found = answer.error_type();
    if types.contains(&found.as_str()) { Ok(()) } else { Err(format!("a {wanted} of type {found}")) }
}

pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, wanted: &T) -> Verdict {
    if got == wanted { Ok(()) } else { Err(format!("{what}: got {got:?}, the model says {wanted:?}")) }
}

/// As [`same`], of members of two objects.
pub fn same_members(what: &str, got: &Value, wanted: &Value) -> Verdict {
    for (member, value) in wanted.as_object().expect("an object") {
        same(&format!("{what}: {member}"), &got[member], value)?;
    }
    Ok(())
}
