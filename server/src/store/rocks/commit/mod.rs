//! The decision: from the appends that wait to the writes that answer them. A pure function over a [`View`] of what is
//! stored, so that it is tested without RocksDB; the writer's loop beside it only reads, writes and answers.

use std::collections::HashMap;

use verbatim_proto::Timestamp;

use super::format::{activity::minute, entry::Running, identity::Identity, session::Head};
use crate::store::{
    Append, Appended, Lineage, NewEntry, Refusal, SessionKey, SessionStatus, Snapshot, Standing, StoreError,
};

/// What is stored and safe.
pub trait View {
    /// The session's chain; none where there is no such session.
    fn chain(&mut self, session: &SessionKey) -> Result<Option<Snapshot>, StoreError>;
    /// The seq of the entry that the chain knows by this identity.
    fn seq(&mut self, chain: &Snapshot, identity: &Identity) -> Result<Option<u64>, StoreError>;
}

/// One write of a group.
#[derive(Debug)]
pub enum Write<'a> {
    /// A session that is new.
    Session(&'a SessionKey, Snapshot),
    /// A session that has grown in another minute than before; none before for one that is new.
    Activity(&'a SessionKey, Option<Timestamp>, Timestamp),
    /// An entry.
    Entry(u64, u64, Running, &'a NewEntry),
    /// Where an entry is found by its identity.
    Identity(u64, Identity, u64),
}

/// What was decided, and whether it rests on a write of this same group.
#[derive(Debug)]
pub struct Decision {
    /// The answer, once the group is safe.
    pub answer: Appended,
    /// If the group's sync fails the answer is "unknown".
    pub rests_on_group: bool,
}

/// A group of appends that will be written and synced together.
#[derive(Debug)]
pub struct Group<'a> {
    now: Timestamp,
    next_chain: u64,
    chains: HashMap<&'a SessionKey, Snapshot>,
    identities: HashMap<(u64, Identity), u64>,
    writes: Vec<Write<'a>>,
}

/// An append with the identities of its entries, which the writer does not take the time to hash.
#[derive(Debug)]
pub struct Candidate {
    /// What is asked.
    pub append: Append,
    /// One for each entry.
    pub identities: Vec<Option<Identity>>,
}

impl<'a> Group<'a> {
    /// A group that is decided at `now`; new sessions get the chains from `next_chain` on.
    pub fn new(now: Timestamp, next_chain: u64) -> Self {
        Self { now, next_chain, chains: HashMap::new(), identities: HashMap::new(), writes: Vec::new() }
    }

    /// Decides one append by PROTOCOL.md's order, on top of what the group has decided before. On error the append has
    /// changed nothing.
    pub fn decide(&mut self, view: &mut impl View, candidate: &'a Candidate) -> Result<Decision, StoreError> {
        let append = &candidate.append;
        let pending = self.chains.get(&append.session).cloned();
        let rests_on_group = pending.is_some();
        let stored = match pending {
            Some(chain) => Some(chain),
            None => view.chain(&append.session)?,
        };
        let standing = stored.as_ref().map(Standing::from).unwrap_or_default();
        let decided = |answer| Ok(Decision { answer, rests_on_group });
        let refused = |refusal| decided(Appended::Refused { refusal, standing });

        if stored.as_ref().is_some_and(|chain| chain.status == SessionStatus::Deleted) {
            return refused(Refusal::Deleted);
        }
        let present = match &stored {
            Some(chain) => self.present(view, chain, &candidate.identities)?,
            None => Present::default(),
        };
        if present.out_of_order {
            return refused(Refusal::Conflict);
        }
        if let Some(snapshot) = &stored
            && (present.seqs.len() > append.compared || present.seqs.len() == append.entries.len())
        {
            return decided(Appended::Present { seqs: present.seqs, snapshot: snapshot.clone() });
        }
        if stored.as_ref().is_some_and(|chain| chain.status == SessionStatus::Ended) {
            return refused(Refusal::Ended);
        }
        if !append.expected.is(standing.head.as_ref()) && !ends_with_head(append, &present, standing) {
            return refused(Refusal::Conflict);
        }
        Ok(Decision { answer: self.store(candidate, stored, present.seqs), rests_on_group: true })
    }

    /// What is to be written.
    pub fn writes(&self) -> &[Write<'a>] {
        &self.writes
    }

    /// Every session that the group changes.
    pub fn chains(&self) -> impl Iterator<Item = &'a SessionKey> {
        self.chains.keys().copied()
    }

    /// Where every chain stands that the group appends to.
    pub fn into_chains(self) -> impl Iterator<Item = (&'a SessionKey, Snapshot)> {
        self.chains.into_iter()
    }

    /// The number that the next new chain gets.
    pub fn next_chain(&self) -> u64 {
        self.next_chain
    }

    fn present(
        &self,
        view: &mut impl View,
        chain: &Snapshot,
        identities: &[Option<Identity>],
    ) -> Result<Present, StoreError> {
        let mut present = Present::default();
        for (at, identity) in identities.iter().enumerate() {
            let Some(identity) = identity else { continue };
            let seq = match self.identities.get(&(chain.chain, *identity)) {
                Some(seq) => Some(*seq),
                None => view.seq(chain, identity)?,
            };
            if let Some(seq) = seq {
                present.out_of_order |=
                    at != present.seqs.len() || present.seqs.last().is_some_and(|last| seq <= *last);
                present.seqs.push(seq);
            }
        }
        Ok(present)
    }

    fn store(&mut self, candidate: &'a Candidate, stored: Option<Snapshot>, mut seqs: Vec<u64>) -> Appended {
        let Candidate { append, identities } = candidate;
        let active_before = stored.as_ref().map(|chain| chain.last_at);
        let mut chain = stored.unwrap_or_else(|| self.new_chain(&append.session));
        chain.last_at = chain.last_at.max(self.now);
        if active_before.map(minute) != Some(minute(chain.last_at)) {
            self.writes.push(Write::Activity(&append.session, active_before, chain.last_at));
        }
        for (entry, identity) in append.entries.iter().zip(identities).skip(seqs.len()) {
            let seq = chain.length;
            follow(&mut chain, entry);
            self.writes.push(Write::Entry(chain.chain, seq, running(&chain), entry));
            if let Some(identity) = identity {
                self.writes.push(Write::Identity(chain.chain, *identity, seq));
                self.identities.insert((chain.chain, *identity), seq);
            }
            seqs.push(seq);
        }
        let (created_at, standing) = (chain.last_at, Standing::from(&chain));
        self.chains.insert(&append.session, chain);
        Appended::Stored { seqs, created_at, standing }
    }

    fn new_chain(&mut self, session: &'a SessionKey) -> Snapshot {
        let head = Head {
            chain: self.next_chain,
            status: SessionStatus::Active,
            created_at: self.now,
            lineage: Lineage::default(),
        };
        let chain = super::change::empty(&head);
        self.next_chain += 1;
        self.writes.push(Write::Session(session, chain.clone()));
        chain
    }
}

/// Which leading entries of an append stand in the chain.
#[derive(Default)]
struct Present {
    seqs: Vec<u64>,
    out_of_order: bool,
}

/// Whether the entries that are stored already end with the head, so that the rest follow on it.
fn ends_with_head(append: &Append, present: &Present, standing: Standing) -> bool {
    let stored = append.entries.iter().take(present.seqs.len());
    let newest = stored.rev().find_map(|entry| entry.uuid);
    newest.is_some() && newest == standing.head
}

/// The chain once `entry` has followed.
fn follow(chain: &mut Snapshot, entry: &NewEntry) {
    if entry.uuid.is_some() {
        chain.head = entry.uuid;
        chain.head_seq = Some(chain.length);
    }
    if entry.is_boundary {
        chain.boundary_count = chain.boundary_count.saturating_add(1);
        chain.last_boundary = Some(chain.length);
    }
    chain.digest = chain.digest.then(entry.uuid.as_ref(), &entry.payload_hash);
    chain.bytes = chain.bytes.saturating_add(entry.payload.len() as u64);
    chain.length += 1;
}

fn running(chain: &Snapshot) -> Running {
    Running {
        created_at: chain.last_at,
        digest: chain.digest,
        bytes: chain.bytes,
        boundary_count: chain.boundary_count,
        last_boundary: chain.last_boundary,
        head_seq: chain.head_seq,
    }
}

#[cfg(test)]
mod tests;
