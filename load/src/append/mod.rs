//! Appends: an agent that writes chains through any [`Appender`], be it Verbatim's wire, its client, or a peer's.

pub mod command;
pub mod through;
pub mod wire;

use std::{future::Future, num::NonZeroUsize, sync::Arc, time::Duration};

use verbatim_proto::{EntryUuid, SessionId};

use crate::{
    engine::{Agent, Done, Failure},
    workload::{Entries, Entry},
};

/// Lost races in a row after which an agent lets the engine count a failure.
const CONFLICTS_MAX: u64 = 1_000;

/// A session, as one of its writers sees it.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Its number within the run.
    pub number: usize,
    /// Its id.
    pub session: SessionId,
    /// The head that the writer believes in.
    pub head: Option<EntryUuid>,
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// It is stored, by this request or one before.
    Stored,
    /// It is not stored: the head is another, this one where it is known.
    Conflict(Option<EntryUuid>),
}

/// Appends to one server over one connection.
pub trait Appender: 'static {
    /// Connects, and makes `chains` ready where the server wants that.
    fn prepare(&mut self, chains: &[Chain]) -> impl Future<Output = Result<(), Failure>>;

    /// Appends `entries`, at least one, to `chain` if `chain.head` is the head: all of them or none.
    fn append(&mut self, chain: &Chain, entries: &[Entry]) -> impl Future<Output = Result<Reply, Failure>>;
}

/// Writes to its chains in turn, one append after another.
pub struct Writer<A> {
    appender: A,
    entries: Entries,
    chains: Vec<Chain>,
    at: usize,
    batch: Vec<Entry>,
    pending: bool,
}

impl<A: Appender> Writer<A> {
    /// A writer for `chains`, which must not be empty, of `batch` entries at a time.
    pub fn new(appender: A, entries: Entries, chains: Vec<Chain>, batch: NonZeroUsize) -> Self {
        Self { appender, entries, chains, at: 0, batch: vec![Entry::default(); batch.get()], pending: false }
    }

    /// Sends `batch` entries at a time from the next append on; one that has yet to succeed stays as it is.
    pub fn set_batch(&mut self, batch: NonZeroUsize) {
        if !self.pending {
            self.batch.resize_with(batch.get(), Entry::default);
        }
    }

    fn next_batch(&mut self) {
        let mut parent = self.chains[self.at].head;
        for entry in &mut self.batch {
            self.entries.next(parent.as_ref(), entry);
            parent = Some(entry.uuid);
        }
        self.pending = true;
    }
}

impl<A: Appender> Agent for Writer<A> {
    async fn prepare(&mut self) -> Result<(), Failure> {
        self.appender.prepare(&self.chains).await
    }

    async fn operate(&mut self) -> Result<Done, Failure> {
        if !self.pending {
            self.next_batch();
        }
        let chain = &mut self.chains[self.at];
        let mut conflicts = 0;
        while let Reply::Conflict(head) = self.appender.append(chain, &self.batch).await? {
            conflicts += 1;
            if conflicts > CONFLICTS_MAX {
                return Err(Failure::passing("endless conflict", Duration::from_millis(100)));
            }
            chain.head = head;
        }
        chain.head = self.batch.last().map(|entry| entry.uuid);
        self.pending = false;
        self.at = (self.at + 1) % self.chains.len();
        let bytes = self.batch.iter().map(|entry| entry.body.len() as u64).sum();
        Ok(Done { entries: self.batch.len() as u64, bytes, conflicts, first_byte: None })
    }
}

/// The sessions of a run: how many there are and who writes which.
#[derive(Debug, Clone)]
pub struct Deal {
    /// What session ids begin with, new for each run.
    pub prefix: Arc<str>,
    /// Writers.
    pub agents: usize,
    /// Sessions, dealt out evenly.
    pub sessions: usize,
    /// The share of writers that write to the sessions of the writer before them instead of their own.
    pub conflict_share: f64,
}

impl Deal {
    /// The chains of a writer.
    pub fn chains(&self, agent: usize) -> Vec<Chain> {
        let odd = agent % 2 == 1 && ((agent / 2) as f64) < (self.agents as f64 * self.conflict_share / 2.0).round();
        let owner = if odd { agent - 1 } else { agent };
        let numbers = (owner % self.sessions.max(1)..self.sessions).step_by(self.agents);
        numbers.filter_map(|number| self.chain(number)).collect()
    }

    /// The chain of a given number.
    pub fn chain(&self, number: usize) -> Option<Chain> {
        let session = SessionId::new(&format!("{}-{number}", self.prefix)).ok()?;
        Some(Chain { number, session, head: None })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn writers(agents: usize, sessions: usize, conflict_share: f64) -> HashMap<usize, usize> {
        let deal = Deal { prefix: "p".into(), agents, sessions, conflict_share };
        let mut writers = HashMap::new();
        for chain in (0..agents).flat_map(|agent| deal.chains(agent)) {
            *writers.entry(chain.number).or_default() += 1;
        }
        writers
    }

    #[test]
    fn every_session_has_one_writer_unless_conflicts_are_asked_for() {
        assert!((0..10).all(|session| writers(4, 10, 0.0)[&session] == 1));
        assert_eq!(writers(8, 8, 1.0), HashMap::from([(0, 2), (2, 2), (4, 2), (6, 2)]));
        assert_eq!(writers(8, 8, 0.25)[&0], 2);
        assert_eq!(writers(8, 8, 0.25)[&2], 1);
        assert_eq!(writers(4, 1, 0.0)[&0], 4);
    }
}
