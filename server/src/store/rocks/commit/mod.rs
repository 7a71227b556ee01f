//! The decision: from the appends that wait to the writes that answer them. A pure function over a [`View`] of what is
//! stored, so that it is tested without RocksDB; the writer's loop beside it only reads, writes and answers.

use std::collections::HashMap;

use verbatim_proto::{
    OrganizationId, Timestamp,
    organization::{Amounts, Cause, Change, ChangeKind},
};

use super::{
    change::{empty, new_head},
    format::{activity::minute, entry::Running, identity::Identity},
};
use crate::limits::SUBJECT_CHARS_MAX;
use crate::store::{
    Append, Appended, NewEntry, Refusal, SessionKey, SessionStatus, Snapshot, Standing, StoreError, Subject, Usage,
};

/// What is stored and safe.
pub trait View {
    /// The session's chain; none where there is no such session.
    fn chain(&mut self, session: &SessionKey) -> Result<Option<Snapshot>, StoreError>;
    /// The seq of the entry that the chain knows by this identity.
    fn seq(&mut self, chain: &Snapshot, identity: &Identity) -> Result<Option<u64>, StoreError>;
    /// How much the organisation keeps.
    fn usage(&mut self, organization: &OrganizationId) -> Result<Usage, StoreError>;
}

/// The numbers that the next of each gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Next {
    /// Chain.
    pub chain: u64,
    /// Change in the audit trail.
    pub change: u64,
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
    /// What is told of a session in the audit trail, under its number there.
    Audit(OrganizationId, u64, Change),
}

impl Write<'_> {
    /// The chain whose row it is; of rows that are no chain's, the first.
    pub fn chain(&self) -> u64 {
        match self {
            Self::Entry(chain, ..) | Self::Identity(chain, ..) => *chain,
            Self::Session(..) | Self::Activity(..) | Self::Audit(..) => 0,
        }
    }
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
    next: Next,
    chains: HashMap<&'a SessionKey, Snapshot>,
    identities: HashMap<(u64, Identity), u64>,
    usages: HashMap<OrganizationId, Usage>,
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
    /// A group that is decided at `now`; new sessions and changes get the numbers from `next` on.
    pub fn new(now: Timestamp, next: Next) -> Self {
        Self {
            now,
            next,
            chains: HashMap::new(),
            identities: HashMap::new(),
            usages: HashMap::new(),
            writes: Vec::new(),
        }
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
        let usage = self.usage(view, &append.session.organization)?;
        Ok(Decision { answer: self.store(candidate, stored, present.seqs, usage), rests_on_group: true })
    }

    fn usage(&self, view: &mut impl View, organization: &OrganizationId) -> Result<Usage, StoreError> {
        match self.usages.get(organization) {
            Some(usage) => Ok(*usage),
            None => view.usage(organization),
        }
    }

    /// What is to be written.
    pub fn writes(&self) -> &[Write<'a>] {
        &self.writes
    }

    /// How many entries it stores, and bytes of them.
    pub fn stored(&self) -> (u64, u64) {
        self.writes.iter().fold((0, 0), |(entries, bytes), write| match write {
            Write::Entry(_, _, _, new) => (entries + 1, bytes + new.payload.len() as u64),
            _ => (entries, bytes),
        })
    }

    /// Where every chain stands that the group appends to.
    pub fn chains(&self) -> impl Iterator<Item = (&'a SessionKey, &Snapshot)> {
        self.chains.iter().map(|(session, chain)| (*session, chain))
    }

    /// How much every organisation keeps that the group appends to.
    pub fn usages(&self) -> impl Iterator<Item = (&OrganizationId, &Usage)> {
        self.usages.iter()
    }

    /// Where every chain stands that the group appends to.
    pub fn into_chains(self) -> impl Iterator<Item = (&'a SessionKey, Snapshot)> {
        self.chains.into_iter()
    }

    /// The numbers that the next chain and change get.
    pub fn next(&self) -> Next {
        self.next
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

    fn store(
        &mut self,
        candidate: &'a Candidate,
        stored: Option<Snapshot>,
        mut seqs: Vec<u64>,
        mut usage: Usage,
    ) -> Appended {
        let Candidate { append, identities } = candidate;
        let active_before = stored.as_ref().map(|chain| chain.last_at);
        let mut came = Amounts { sessions: u64::from(stored.is_none()), ..Amounts::default() };
        let mut chain = stored.unwrap_or_else(|| self.new_chain(&append.session, &append.subject));
        chain.last_at = chain.last_at.max(self.now);
        if active_before.map(minute) != Some(minute(chain.last_at)) {
            self.writes.push(Write::Activity(&append.session, active_before, chain.last_at));
        }
        for (entry, identity) in append.entries.iter().zip(identities).skip(seqs.len()) {
            let seq = chain.length;
            follow(&mut chain, entry);
            came.entries += 1;
            came.bytes += entry.payload.len() as u64;
            self.writes.push(Write::Entry(chain.chain, seq, running(&chain), entry));
            if let Some(identity) = identity {
                self.writes.push(Write::Identity(chain.chain, *identity, seq));
                self.identities.insert((chain.chain, *identity), seq);
            }
            seqs.push(seq);
        }
        usage.add(came, self.now);
        self.usages.insert(append.session.organization, usage);
        let (created_at, standing) = (chain.last_at, Standing::from(&chain));
        self.chains.insert(&append.session, chain);
        Appended::Stored { seqs, created_at, standing }
    }

    fn new_chain(&mut self, session: &'a SessionKey, subject: &Subject) -> Snapshot {
        let chain = empty(&new_head(self.next.chain, self.now));
        self.next.chain += 1;
        self.writes.push(Write::Session(session, chain.clone()));
        let change = told(session, ChangeKind::Created, self.now, subject, Cause::Request);
        self.writes.push(Write::Audit(session.organization, self.next.change, change));
        self.next.change += 1;
        chain
    }
}

/// What the audit trail tells of a session.
pub(super) fn told(session: &SessionKey, what: ChangeKind, at: Timestamp, subject: &Subject, cause: Cause) -> Change {
    let subject = subject.as_deref().map(|subject| subject.chars().take(SUBJECT_CHARS_MAX).collect());
    Change { what, session_id: session.session.clone(), at, subject, cause }
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
