//! What concurrent clients of one session saw, and the check that one chain explains it all.
//!
//! A chain makes linearizability cheap to decide: its final order is the order of the appends, so every answer only has
//! to fit that order and the real time between a request's beginning and its end. Entries here all have a uuid.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// What an append came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// 201 with this seq.
    Stored(u64),
    /// 200 with this seq.
    AlreadyStored(u64),
    /// 409 with this head.
    Conflict(Option<String>),
    /// Surely not stored.
    NotStored,
    /// No answer, or one that cannot tell.
    Unknown,
}

/// One append, from just before it was sent to just after it was answered.
#[derive(Debug, Clone)]
pub struct Append {
    /// The entry's uuid.
    pub uuid: String,
    /// The `Last-Uuid` it was sent with.
    pub last: Option<String>,
    /// When it was sent.
    pub begun: u64,
    /// When it was answered.
    pub ended: u64,
    /// The answer.
    pub outcome: Outcome,
}

/// One read of the whole chain.
#[derive(Debug, Clone)]
pub struct Read {
    /// The uuids it gave.
    pub uuids: Vec<String>,
    /// When it was sent.
    pub begun: u64,
    /// When it was answered.
    pub ended: u64,
}

/// Everything that was seen.
#[derive(Debug, Default)]
pub struct History {
    clock: AtomicU64,
    appends: Mutex<Vec<Append>>,
    reads: Mutex<Vec<Read>>,
}

impl History {
    /// The next moment; moments are ordered as real time is.
    pub fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// Records an append that has just been answered.
    pub fn append(&self, uuid: &str, last: Option<&str>, begun: u64, outcome: Outcome) {
        let (uuid, last, ended) = (uuid.to_owned(), last.map(str::to_owned), self.now());
        self.appends.lock().expect("the history").push(Append { uuid, last, begun, ended, outcome });
    }

    /// Records a read that has just been answered.
    pub fn read(&self, uuids: Vec<String>, begun: u64) {
        let ended = self.now();
        self.reads.lock().expect("the history").push(Read { uuids, begun, ended });
    }

    /// Whether `chain`, read after everything else, explains all that was seen.
    pub fn check(&self, chain: &[String]) -> Result<(), String> {
        let appends = self.appends.lock().expect("the history");
        let chain = Chain::new(chain, &appends)?;
        appends.iter().try_for_each(|append| chain.explains(append).map_err(|why| format!("{why}: {append:?}")))?;
        self.reads.lock().expect("the history").iter().try_for_each(|read| chain.explains_read(read))
    }
}

/// The final chain, with the moments between which each entry became visible.
struct Chain<'a> {
    uuids: &'a [String],
    places: HashMap<&'a str, usize>,
    /// No entry was visible before this.
    begun: Vec<u64>,
    /// Each entry was visible from here on, at the latest.
    known: Vec<u64>,
}

impl<'a> Chain<'a> {
    fn new(uuids: &'a [String], appends: &[Append]) -> Result<Self, String> {
        let mut places = HashMap::new();
        for (place, uuid) in uuids.iter().enumerate() {
            if places.insert(uuid.as_str(), place).is_some() {
                return Err(format!("{uuid} is stored twice"));
            }
        }
        let mut begun = vec![u64::MAX; uuids.len()];
        let mut known = vec![u64::MAX; uuids.len()];
        for append in appends {
            let Some(&place) = places.get(append.uuid.as_str()) else { continue };
            match append.outcome {
                Outcome::Stored(_) | Outcome::AlreadyStored(_) => {
                    begun[place] = begun[place].min(append.begun);
                    known[place] = known[place].min(append.ended);
                }
                Outcome::Unknown => begun[place] = begun[place].min(append.begun),
                Outcome::Conflict(_) | Outcome::NotStored => {}
            }
        }
        // What is visible makes everything before it in the chain visible.
        for place in (1..known.len()).rev() {
            known[place - 1] = known[place - 1].min(known[place]);
        }
        for (place, uuid) in uuids.iter().enumerate() {
            if begun[place] == u64::MAX {
                return Err(format!("{uuid} is stored, and no append of it may have stored it"));
            }
            if known[place] < begun[place] {
                return Err(format!("{uuid} stands before an entry that was acknowledged before it was sent"));
            }
        }
        Ok(Self { uuids, places, begun, known })
    }

    fn explains(&self, append: &Append) -> Result<(), &'static str> {
        let place = self.places.get(append.uuid.as_str()).copied();
        let at = |seq: u64| place.is_some_and(|place| place as u64 == seq);
        let before = |place: usize| place.checked_sub(1).map(|before| &self.uuids[before]);
        match &append.outcome {
            Outcome::Stored(seq) | Outcome::AlreadyStored(seq) if !at(*seq) => {
                Err("acknowledged, and not at its place")
            }
            Outcome::Stored(_) if place.and_then(before) != append.last.as_ref() => {
                Err("stored, although its Last-Uuid was not the head")
            }
            Outcome::Conflict(head) if *head == append.last => Err("refused, although its Last-Uuid was the head"),
            Outcome::Conflict(_) if place.is_some_and(|place| self.known[place] < append.begun) => {
                Err("refused, although it stood in the chain already")
            }
            Outcome::Conflict(head) if !self.was_head(head.as_deref(), append) => {
                Err("refused with a head that was not one at the time")
            }
            _ => Ok(()),
        }
    }

    /// Whether `head` may have been the head at some moment of the append.
    fn was_head(&self, head: Option<&str>, append: &Append) -> bool {
        let next = match head {
            None => 0,
            Some(head) => match self.places.get(head) {
                Some(&place) if self.begun[place] < append.ended => place + 1,
                _ => return false,
            },
        };
        self.known.get(next).is_none_or(|&known| known > append.begun)
    }

    fn explains_read(&self, read: &Read) -> Result<(), String> {
        let length = read.uuids.len();
        if !self.uuids.starts_with(&read.uuids) {
            return Err(format!("a read of {length} entries is no prefix of the chain"));
        }
        if let Some(missed) = (length..self.uuids.len()).find(|&place| self.known[place] < read.begun) {
            return Err(format!("a read of {length} entries missed {}, visible by then", self.uuids[missed]));
        }
        match (0..length).find(|&place| self.begun[place] > read.ended) {
            Some(early) => Err(format!("a read gave {}, which was not sent yet", self.uuids[early])),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
