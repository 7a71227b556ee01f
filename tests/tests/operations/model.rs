//! What sessions are, held plainly in memory: chains as lists of places in one arena, written from the contract alone.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Value, json};
use verbatim_tests::digest;

/// What an entry is recognised by. Keys of single appends and of batches are name spaces apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    Uuid(String),
    Key(String),
    BatchKey(String, usize),
    Nothing,
}

/// An entry, stored once however many chains share it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub name: Name,
    pub body: String,
    pub kind: &'static str,
    /// What a title or a preview takes from it.
    pub text: Option<String>,
    pub is_boundary: bool,
    pub is_redacted: bool,
}

impl Entry {
    pub fn uuid(&self) -> Option<&str> {
        match &self.name {
            Name::Uuid(uuid) => Some(uuid),
            _ => None,
        }
    }

    /// What readers get: the bytes, or the stub.
    pub fn payload(&self) -> Value {
        if !self.is_redacted {
            return serde_json::from_str(&self.body).unwrap();
        }
        let hash: String = digest::hash(self.body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let mut stub = json!({"type": self.kind, "redacted": {"blake3": hash}});
        if let Some(uuid) = self.uuid() {
            stub["uuid"] = uuid.into();
        }
        if self.is_boundary {
            stub["subtype"] = "compact_boundary".into();
        }
        stub
    }
}

/// How a session came to be a fork.
#[derive(Debug, Clone)]
pub struct Origin {
    pub of: String,
    /// Which of that session's chains: a reset begins another.
    pub chain: usize,
    pub at: Option<String>,
    pub length: usize,
}

#[derive(Debug, Clone, Default)]
pub struct Session {
    pub id: String,
    /// Told apart from the chain that a reset left behind.
    pub number: usize,
    pub entries: Vec<usize>,
    pub ended: bool,
    pub paused: bool,
    pub title: Option<String>,
    pub metadata: BTreeMap<String, Value>,
    pub project: Option<String>,
    pub parent: Option<String>,
    pub created_with: Option<Value>,
    /// In the bin, and with whom it went there.
    pub binned: Option<Option<String>>,
    pub forked_from: Option<Origin>,
    pub archived_from: Option<String>,
    /// The last reset: the head it named, and the session that it left behind.
    pub reset: Option<(Option<String>, String)>,
    /// Whether it took entries of its own under its present chain.
    pub has_grown: bool,
}

/// Everything there is of one organisation.
#[derive(Debug, Default)]
pub struct World {
    pub arena: Vec<Entry>,
    /// In the order in which they were made.
    pub sessions: Vec<Session>,
    pub purged: Vec<String>,
    /// The kept changes, in short; those of one request have no order among them.
    pub trail: Vec<Vec<String>>,
    pub chains: usize,
}

impl World {
    /// A session that is there, in the bin or not.
    pub fn find(&self, id: &str) -> Option<&Session> {
        self.sessions.iter().find(|session| session.id == id)
    }

    pub fn find_mut(&mut self, id: &str) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.id == id)
    }

    /// A session that can be read.
    pub fn live(&self, id: &str) -> Option<&Session> {
        self.find(id).filter(|session| session.binned.is_none())
    }

    pub fn is_purged(&self, id: &str) -> bool {
        self.purged.iter().any(|purged| purged == id)
    }

    pub fn entries<'a>(
        &'a self,
        session: &'a Session,
    ) -> impl DoubleEndedIterator<Item = &'a Entry> + ExactSizeIterator {
        session.entries.iter().map(|&place| &self.arena[place])
    }

    pub fn head<'a>(&'a self, session: &'a Session) -> Option<&'a str> {
        self.entries(session).rev().find_map(Entry::uuid)
    }

    pub fn event_id(&self, session: &Session, seq: usize) -> String {
        let uuid = self.arena[session.entries[seq]].uuid();
        uuid.map_or_else(|| format!("~{seq}"), str::to_owned)
    }

    /// The place of an event id: a uuid, or `~SEQ`.
    pub fn seq_of(&self, session: &Session, event_id: &str) -> Option<usize> {
        match event_id.strip_prefix('~') {
            Some(seq) => seq.parse().ok().filter(|seq| *seq < session.entries.len()),
            None => self.entries(session).position(|entry| entry.uuid() == Some(event_id)),
        }
    }

    pub fn last_boundary(&self, session: &Session) -> Option<usize> {
        let places: Vec<_> = self.entries(session).collect();
        places.iter().rposition(|entry| entry.is_boundary)
    }

    pub fn title(&self, session: &Session) -> Option<String> {
        let text = |entry: &Entry| entry.text.clone().filter(|_| entry.kind == "user" && !entry.is_redacted);
        session.title.clone().or_else(|| self.entries(session).take(64).find_map(text))
    }

    pub fn status(session: &Session) -> &'static str {
        match session {
            Session { binned: Some(_), .. } => "deleted",
            Session { ended: true, .. } => "ended",
            Session { paused: true, .. } => "paused",
            _ => "active",
        }
    }

    /// What a session shows of itself, times aside.
    pub fn portrait(&self, session: &Session) -> Value {
        let hashes = self.entries(session).map(|entry| (entry.uuid(), digest::hash(entry.body.as_bytes())));
        json!({
            "id": session.id,
            "project": session.project,
            "parent_session_id": session.parent,
            "title": self.title(session),
            "status": Self::status(session),
            "metadata": session.metadata,
            "length": session.entries.len(),
            "bytes": self.entries(session).map(|entry| entry.body.len()).sum::<usize>(),
            "head": self.head(session),
            "digest": digest::digest(hashes),
            "boundaries": {
                "count": self.entries(session).filter(|entry| entry.is_boundary).count(),
                "last_seq": self.last_boundary(session),
            },
            "forked_from": session.forked_from.as_ref().map(|origin| {
                json!({"session_id": origin.of, "at": origin.at, "length": origin.length})
            }),
        })
    }

    /// The forks that a session shows: those that were made of it, of whichever chain, and can be read.
    pub fn forks(&self, session: &Session) -> Vec<&str> {
        let of = |fork: &&Session| {
            fork.binned.is_none() && fork.forked_from.as_ref().is_some_and(|origin| origin.of == session.id)
        };
        let mut forks: Vec<_> = self.sessions.iter().filter(of).map(|fork| fork.id.as_str()).collect();
        forks.sort_unstable();
        forks
    }

    /// The sessions of its sub-agents, and of theirs, in the bin or not.
    pub fn descendants(&self, id: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut open = vec![id.to_owned()];
        while let Some(next) = open.pop() {
            for child in self.sessions.iter().filter(|child| child.parent.as_ref() == Some(&next)) {
                if child.id != id && !found.contains(&child.id) {
                    found.push(child.id.clone());
                    open.push(child.id.clone());
                }
            }
        }
        found
    }

    /// What is kept: sessions, entries each once, their bytes.
    pub fn usage(&self) -> Value {
        let reached: HashSet<_> = self.sessions.iter().flat_map(|session| session.entries.iter().copied()).collect();
        let bytes: usize = reached.iter().map(|&place| self.arena[place].body.len()).sum();
        json!({"sessions": self.sessions.len(), "entries": reached.len(), "bytes": bytes})
    }
}
