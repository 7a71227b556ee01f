//! The one thread that owns all heads: drains the queue, decides, writes once with sync, moves heads, answers.
//!
//! So there are no locks and no conflicts between threads, and one sync serves as many appends as wait for it. What it
//! decides is in `commit`; how it heals after a failed write is in `heal`.

use std::{sync::Arc, time::Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use lru::LruCache;
use tokio::sync::oneshot;

use super::{
    change::{self, Outcome},
    commit::{Candidate, Decision, Group, View},
    disk::Reserve,
    engine::Engine,
    format::identity::Identity,
    heal::Doubts,
    latch::Latch,
    slot::Slot,
};
use crate::{
    clock::Clock,
    limits::{GROUP_APPENDS_MAX, GROUP_BYTES_MAX},
    store::{AppendError, Appended, Change, Changed, SessionKey, Snapshot, StoreError, Tails, What},
};

/// What comes through the queue.
pub(super) enum Message {
    /// An append, and where its answer goes.
    Append(Job),
    /// A change of a session that is no append, and where its answer goes.
    Change(ChangeJob),
    /// Answer what came before, then end.
    Close,
}

/// What follows a group.
enum Next {
    /// Another one.
    Group,
    /// A change of a session.
    Change(ChangeJob),
    /// Nothing any more.
    End,
}

/// A change that waits.
pub(super) struct ChangeJob {
    pub(super) change: Change,
    pub(super) answer: oneshot::Sender<Result<Changed, AppendError>>,
}

/// An append that waits.
pub(super) struct Job {
    pub(super) candidate: Candidate,
    pub(super) answer: oneshot::Sender<Result<Appended, AppendError>>,
}

/// The writer's own: nothing here is shared but the latch and the slot.
pub(super) struct Writer {
    pub(super) queue: Receiver<Message>,
    pub(super) slot: Arc<Slot>,
    pub(super) latch: Arc<Latch>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reserve: Reserve,
    pub(super) tails: Arc<Tails>,
    pub(super) heads: LruCache<SessionKey, Snapshot>,
    pub(super) next_chain: u64,
    /// Whether a write has failed since the database was opened, so that it must be opened again.
    pub(super) must_reopen: bool,
    /// What a failed write may have left in the log.
    pub(super) doubts: Doubts,
    /// When to try to heal next, where the latch is closed. As appends that come meanwhile do not move it, they cannot
    /// keep the store from healing.
    pub(super) heal_at: Instant,
    /// The stored form of one entry, kept for its memory.
    pub(super) scratch: Vec<u8>,
}

impl Writer {
    /// Works until it is told to close.
    pub(super) fn run(mut self) {
        let mut open = true;
        while open {
            let (jobs, next) = self.next_group();
            self.commit(jobs);
            match next {
                Next::Group => {}
                Next::Change(job) => self.change(job),
                Next::End => open = false,
            }
        }
        self.slot.close();
    }

    /// The appends that wait, up to a group's bounds or up to what is no append, and what comes after them. While the
    /// latch is closed it comes back from time to time with nothing, having tried to heal.
    fn next_group(&mut self) -> (Vec<Job>, Next) {
        let mut jobs = Vec::new();
        let mut bytes = 0;
        if self.latch.check().is_err() && Instant::now() >= self.heal_at {
            self.heal();
        }
        let mut message = match self.latch.check() {
            Ok(()) => self.queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Err(_) => self.queue.recv_deadline(self.heal_at),
        };
        loop {
            match message {
                Ok(Message::Append(job)) => {
                    bytes += job.candidate.append.entries.iter().map(|entry| entry.payload.len()).sum::<usize>();
                    jobs.push(job);
                }
                Ok(Message::Change(job)) => return (jobs, Next::Change(job)),
                Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => return (jobs, Next::End),
                Err(RecvTimeoutError::Timeout) => return (jobs, Next::Group),
            }
            if jobs.len() == GROUP_APPENDS_MAX || bytes >= GROUP_BYTES_MAX {
                return (jobs, Next::Group);
            }
            match self.queue.try_recv() {
                Ok(waiting) => message = Ok(waiting),
                Err(_) => return (jobs, Next::Group),
            }
        }
    }

    /// Decides and writes one change of a session.
    fn change(&mut self, job: ChangeJob) {
        let ChangeJob { change, answer } = job;
        let changed = self.admit(&[]).map_err(AppendError::NotStored).and_then(|()| self.change_now(&change));
        if let Err(AppendError::Unknown(reason)) = &changed {
            self.fail(reason.clone());
        }
        // A caller that has gone away has no use for the answer.
        let _ = answer.send(changed);
    }

    fn change_now(&mut self, change: &Change) -> Result<Changed, AppendError> {
        let Self { slot, heads, clock, next_chain, tails, .. } = self;
        let (outcome, written) = slot.with(|engine| {
            let target = match &change.what {
                What::Fork { into, .. } => {
                    let into = SessionKey { organization: change.session.organization, session: into.clone() };
                    engine.session(&into)?
                }
                _ => None,
            };
            let stored = engine.session(&change.session)?;
            let outcome = change::decide(change, stored, target, clock.now(), *next_chain);
            let written = match &outcome {
                Outcome::Answer(_) => Ok(()),
                Outcome::Write(new) => engine.replace(new, *next_chain + 1),
            };
            Ok((outcome, written))
        })?;
        let new = match outcome {
            Outcome::Answer(answer) => return Ok(*answer),
            Outcome::Write(new) => new,
        };
        written.map_err(AppendError::Unknown)?;
        if new.before.is_none() {
            *next_chain += 1;
        }
        heads.pop(&new.session);
        tails.wake([&new.session]);
        match slot.with(|engine| engine.session(&new.session))? {
            Some(session) => Ok(Changed::Done(session)),
            None => Err(StoreError::Damaged("a session that was written is not there".to_owned()).into()),
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let admitted = self.admit(&jobs);
        let (candidates, answers): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.candidate, job.answer)).unzip();
        let (decisions, written) = self.decide_and_write(&candidates, admitted);
        if let Err(AppendError::Unknown(reason)) = &written {
            self.doubts.remember(&candidates, &decisions);
            self.fail(reason.clone());
        }
        for ((candidate, decision), to) in candidates.iter().zip(decisions).zip(answers) {
            answer(to, self.settle(candidate, decision, &written));
        }
    }

    /// The answer to one append, given what became of its group.
    fn settle(
        &self,
        candidate: &Candidate,
        decision: Result<Decision, StoreError>,
        written: &Result<(), AppendError>,
    ) -> Result<Appended, AppendError> {
        match (decision, written) {
            (Ok(Decision { answer, rests_on_group }), Err(AppendError::NotStored(reason)))
                if self.doubts.chain(&candidate.append.session) =>
            {
                match answer {
                    // What stands in the chain stood there before.
                    Appended::Present { .. } if !rests_on_group => Ok(answer),
                    _ if self.doubts.entry(candidate) => Err(AppendError::Unknown(reason.clone())),
                    _ => Err(AppendError::NotStored(reason.clone())),
                }
            }
            (Ok(Decision { rests_on_group: true, .. }), Err(reason)) => Err(reason.clone()),
            (Ok(Decision { answer, .. }), _) => Ok(answer),
            (Err(reason), _) => Err(AppendError::NotStored(reason)),
        }
    }

    fn admit(&self, jobs: &[Job]) -> Result<(), StoreError> {
        self.latch.check()?;
        let bytes: usize =
            jobs.iter().flat_map(|job| job.candidate.append.entries.iter()).map(|entry| entry.payload.len()).sum();
        if self.reserve.has_room(self.slot.folder(), bytes as u64) {
            return Ok(());
        }
        tracing::warn!("the disk of the data folder is full: appends are refused until there is room");
        self.latch.close(StoreError::Full);
        Err(StoreError::Full)
    }

    /// Decides the group and, if it may be written, writes it. What needs no write is decided even where none may be.
    fn decide_and_write(
        &mut self,
        candidates: &[Candidate],
        admitted: Result<(), StoreError>,
    ) -> (Vec<Result<Decision, StoreError>>, Result<(), AppendError>) {
        let Self { slot, heads, clock, next_chain, scratch, tails, .. } = self;
        let mut group = Group::new(clock.now(), *next_chain);
        let mut decisions = Vec::with_capacity(candidates.len());
        let written = slot.with(|engine| {
            let mut view = Stored { engine, heads };
            decisions.extend(candidates.iter().map(|candidate| group.decide(&mut view, candidate)));
            Ok(match admitted {
                Err(reason) => Err(AppendError::NotStored(reason)),
                Ok(()) if group.writes().is_empty() => Ok(()),
                Ok(()) => engine.write(group.writes(), group.next_chain(), scratch).map_err(AppendError::Unknown),
            })
        });
        let written = written.unwrap_or_else(|reason| Err(AppendError::NotStored(reason)));
        if written.is_ok() {
            *next_chain = group.next_chain();
            tails.wake(group.chains());
            for (session, chain) in group.into_chains() {
                heads.put(session.clone(), chain);
            }
        }
        decisions.resize_with(candidates.len(), || Err(StoreError::Reopening));
        (decisions, written)
    }
}

fn answer(to: oneshot::Sender<Result<Appended, AppendError>>, answer: Result<Appended, AppendError>) {
    // A caller that has gone away has no use for the answer.
    let _ = to.send(answer);
}

/// What is stored, heads from the cache where it has them.
struct Stored<'a> {
    engine: &'a Engine,
    heads: &'a mut LruCache<SessionKey, Snapshot>,
}

impl View for Stored<'_> {
    fn chain(&mut self, session: &SessionKey) -> Result<Option<Snapshot>, StoreError> {
        if let Some(chain) = self.heads.get(session) {
            return Ok(Some(chain.clone()));
        }
        let found = self.engine.chain(session)?;
        if let Some(chain) = &found {
            self.heads.put(session.clone(), chain.clone());
        }
        Ok(found)
    }

    fn seq(&mut self, chain: &Snapshot, identity: &Identity) -> Result<Option<u64>, StoreError> {
        self.engine.seq(chain, identity)
    }
}
