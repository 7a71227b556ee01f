//! What each operation does to the model, and what it is answered with.

use serde_json::Value;

use super::model::{Entry, Name, Origin, Session, World};

/// An entry to be appended.
pub type New = Entry;

/// What the answer to an append is; the place of each entry where there are any.
#[derive(Debug, PartialEq)]
pub struct Appended {
    pub status: u16,
    pub seqs: Vec<usize>,
}

fn refused(status: u16) -> Appended {
    Appended { status, seqs: Vec::new() }
}

impl World {
    /// A new session of an own id.
    fn make(&mut self, id: &str) -> &mut Session {
        self.chains += 1;
        self.sessions.push(Session { id: id.to_owned(), number: self.chains, ..Session::default() });
        self.sessions.last_mut().unwrap()
    }

    /// Single appends and batches alike: what stands in the chain must lead, in the chain's order.
    pub fn append(&mut self, id: &str, last: Option<&str>, new: Vec<New>) -> Appended {
        if self.is_purged(id) || self.find(id).is_some_and(|session| session.binned.is_some()) {
            return refused(410);
        }
        let empty = Session::default();
        let session = self.find(id).unwrap_or(&empty);
        let place = |name: &Name| match name {
            Name::Nothing => None,
            name => self.entries(session).position(|entry| entry.name == *name),
        };
        let places: Vec<_> = new.iter().map(|entry| place(&entry.name)).collect();
        let stored = places.iter().take_while(|place| place.is_some()).count();
        let seqs: Vec<usize> = places.iter().flatten().copied().collect();
        if seqs.len() > stored || !seqs.is_sorted_by(|one, other| one < other) {
            return refused(409);
        }
        let other = |(entry, seq): (&New, &usize)| self.arena[session.entries[*seq]].body != entry.body;
        if new.iter().zip(&seqs).any(other) {
            return refused(422);
        }
        if stored == new.len() {
            return Appended { status: 200, seqs };
        }
        if session.ended {
            return refused(410);
        }
        let last_stored = new[..stored].iter().rev().find_map(Entry::uuid);
        let head = self.head(session);
        if last != head && (last_stored.is_none() || last_stored != head) {
            return refused(409);
        }
        if self.find(id).is_none() {
            self.make(id);
            self.trail.push(vec![format!("created {id}")]);
        }
        let mut seqs = seqs;
        for entry in new.into_iter().skip(stored) {
            self.arena.push(entry);
            let place = self.arena.len() - 1;
            let session = self.find_mut(id).unwrap();
            session.has_grown = true;
            session.entries.push(place);
            seqs.push(session.entries.len() - 1);
        }
        Appended { status: 201, seqs }
    }

    pub fn create(&mut self, id: &str, body: &Value) -> u16 {
        let text = |member: &str| body[member].as_str().map(str::to_owned);
        match self.find(id) {
            _ if self.is_purged(id) => 410,
            Some(session) if session.binned.is_some() => 410,
            Some(session) if session.created_with.as_ref() == Some(body) => 200,
            Some(_) => 409,
            None => {
                let (project, title, parent) = (text("project"), text("title"), text("parent_session_id"));
                let session = self.make(id);
                (session.project, session.title, session.parent) = (project, title, parent);
                session.created_with = Some(body.clone());
                self.trail.push(vec![format!("created {id}")]);
                201
            }
        }
    }

    /// A patch of title, metadata or status; `matches` is whether its `If-Match`, if any, is the revision.
    pub fn patch(&mut self, id: &str, body: &Value, matches: bool) -> u16 {
        let Some(session) = self.live(id) else { return 404 };
        if !matches {
            return 412;
        }
        let mut next = session.clone();
        if let Some(title) = body.get("title") {
            next.title = title.as_str().map(str::to_owned);
        }
        for (name, value) in body["metadata"].as_object().into_iter().flatten() {
            match value {
                Value::Null => next.metadata.remove(name),
                value => next.metadata.insert(name.clone(), value.clone()),
            };
        }
        match body["status"].as_str() {
            Some("ended") => next.ended = true,
            Some(_) if session.ended => return 410,
            Some(status) => next.paused = status == "paused",
            None => {}
        }
        let what = |session: &Session| (session.title.clone(), session.metadata.clone(), session.paused);
        let (ends, changes) = (next.ended != session.ended, what(&next) != what(session));
        if ends || changes {
            *self.find_mut(id).unwrap() = next;
            self.trail.push(vec![format!("{} {id}", if ends { "ended" } else { "patched" })]);
        }
        200
    }

    /// `None` where the contract leaves open whether it is the same fork again.
    pub fn fork(&mut self, of: &str, id: &str, at: Option<&str>) -> Option<u16> {
        let Some(parent) = self.live(of) else { return Some(404) };
        let length = match at.map(|at| self.seq_of(parent, at)) {
            None => parent.entries.len(),
            Some(Some(seq)) => seq + 1,
            Some(None) => return Some(400),
        };
        if self.is_purged(id) {
            return Some(410);
        }
        let origin = Origin { of: of.to_owned(), chain: parent.number, at: at.map(str::to_owned), length };
        match self.find(id) {
            Some(fork) if fork.binned.is_some() => Some(410),
            Some(fork) => match &fork.forked_from {
                Some(before) if (&before.of, &before.at) == (&origin.of, &origin.at) => {
                    (before.chain == origin.chain).then_some(200)
                }
                Some(_) => Some(409),
                None => fork.reset.is_none().then_some(409),
            },
            None => {
                let (entries, project) = (parent.entries[..length].to_vec(), parent.project.clone());
                let fork = self.make(id);
                (fork.entries, fork.project, fork.forked_from) = (entries, project, Some(origin));
                self.trail.push(vec![format!("forked {id} {of}")]);
                Some(201)
            }
        }
    }

    pub fn delete(&mut self, id: &str, cascade: bool) -> u16 {
        if self.find(id).is_none() {
            return 404;
        }
        let children = if cascade { self.descendants(id) } else { Vec::new() };
        let mut changes = Vec::new();
        for gone in children.iter().map(String::as_str).chain([id]) {
            let session = self.find_mut(gone).unwrap();
            if session.binned.is_none() {
                session.binned = Some((gone != id).then(|| id.to_owned()));
                changes.push(format!("deleted {gone}"));
            }
        }
        self.trail.push(changes);
        200
    }

    pub fn restore(&mut self, id: &str) -> u16 {
        if self.find(id).is_none() {
            return 404;
        }
        let mut changes = Vec::new();
        for back in self.descendants(id).iter().map(String::as_str).chain([id]) {
            let session = self.find_mut(back).unwrap();
            let went_with = session.binned.as_ref().is_some_and(|with| with.as_deref() == Some(id));
            if went_with || back == id && session.binned.is_some() {
                session.binned = None;
                changes.push(format!("restored {back}"));
            }
        }
        self.trail.push(changes);
        200
    }

    pub fn purge(&mut self, id: &str, cascade: bool) -> u16 {
        if self.find(id).is_none() {
            return 404;
        }
        let mut gone = if cascade { self.descendants(id) } else { Vec::new() };
        gone.push(id.to_owned());
        self.sessions.retain(|session| !gone.contains(&session.id));
        self.trail.push(gone.iter().map(|id| format!("purged {id}")).collect());
        self.purged.extend(gone);
        200
    }

    pub fn redact(&mut self, id: &str, event_id: &str) -> u16 {
        let Some((session, seq)) = self.live(id).and_then(|session| Some((session, self.seq_of(session, event_id)?)))
        else {
            return 404;
        };
        let place = session.entries[seq];
        if !self.arena[place].is_redacted {
            self.arena[place].is_redacted = true;
            self.trail.push(vec![format!("redacted {id} ~{seq}")]);
        }
        200
    }

    /// What a reset is answered with: `None` where the contract leaves it open.
    pub fn resets(&self, id: &str, last: Option<&str>) -> Option<u16> {
        let Some(session) = self.live(id) else { return Some(404) };
        if !session.entries.is_empty() {
            return Some(if last == self.head(session) { 201 } else { 409 });
        }
        match &session.reset {
            Some((named, _)) if named.as_deref() == last => Some(200),
            Some(_) if last.is_none() => None,
            None if last.is_none() => Some(200),
            _ => Some(409),
        }
    }

    /// Does a reset that left its old chain to the session `archived`.
    pub fn reset(&mut self, id: &str, last: Option<&str>, archived: &str) {
        self.chains += 1;
        let number = self.chains;
        let session = self.find_mut(id).unwrap();
        let mut old = session.clone();
        session.number = number;
        session.entries.clear();
        (session.ended, session.paused, session.has_grown) = (false, false, false);
        (session.forked_from, session.archived_from) = (None, None);
        session.reset = Some((last.map(str::to_owned), archived.to_owned()));
        archived.clone_into(&mut old.id);
        (old.ended, old.archived_from, old.created_with, old.reset) = (true, Some(id.to_owned()), None, None);
        self.sessions.push(old);
        self.trail.push(vec![format!("created {archived}"), format!("reset {id}")]);
    }
}
