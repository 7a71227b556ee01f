//! The one thread that owns all heads: drains the queue, decides, writes once with sync, moves heads, answers.
//!
//! So there are no locks and no conflicts between threads, and one sync serves as many appends as wait for it. What it
//! decides is in `commit`; how it heals after a failed write is in `heal`.

use std::{sync::Arc, time::Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use lru::LruCache;
use tokio::sync::oneshot;
use verbatim_proto::OrganizationId;

use super::{
    commit::{Candidate, Decision, Group, Next, View, Write},
    disk::Reserve,
    engine::Engine,
    format::{garbage::Left, identity::Identity},
    heal::Doubts,
    known::Known,
    latch::Latch,
    mark::Mark,
    slot::Slot,
};
use crate::{
    clock::Clock,
    limits::{GROUP_APPENDS_MAX, GROUP_BYTES_MAX},
    metrics::{GroupMetrics, Lookups},
    store::{AppendError, Appended, Change, Changed, Feeds, SessionKey, Snapshot, StoreError, Tails, Usage},
};

/// What comes through the queue.
pub(super) enum Message {
    /// An append, and where its answer goes.
    Append(Job),
    /// A change of a session that is no append, and where its answer goes.
    Change(ChangeJob),
    /// Entries that nobody reaches any more, to be cut off a chain.
    Collect(Collect),
    /// Answer what came before, then end.
    Close,
}

/// What follows a group.
enum Then {
    /// Another one.
    Group,
    /// A change of a session.
    Change(ChangeJob),
    /// A cut.
    Collect(Collect),
    /// Nothing any more.
    End,
}

/// What the collector wants cut.
pub(super) struct Collect {
    /// Of this chain, of which so much is left.
    pub(super) chain: u64,
    pub(super) left: Left,
    /// The own entries from here on.
    pub(super) keep: u64,
    /// Whether it is done, or has to be looked at again.
    pub(super) answer: Sender<Result<bool, StoreError>>,
}

/// A change that waits.
pub(super) struct ChangeJob {
    pub(super) change: Change,
    pub(super) answer: oneshot::Sender<Result<Changed, AppendError>>,
}

/// An append that waits.
pub(super) struct Job {
    pub(super) candidate: Candidate,
    pub(super) queued_at: Instant,
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
    pub(super) feeds: Arc<Feeds>,
    /// How far reads can go.
    pub(super) mark: Arc<Mark>,
    /// Tells the collector that there is garbage.
    pub(super) collector: Sender<()>,
    pub(super) heads: LruCache<SessionKey, Snapshot>,
    pub(super) usages: LruCache<OrganizationId, Usage>,
    pub(super) known: Known,
    pub(super) next: Next,
    /// Whether a write has failed since the database was opened, so that it must be opened again.
    pub(super) must_reopen: bool,
    /// What a failed write may have left in the log.
    pub(super) doubts: Doubts,
    /// When to try to heal next, where the latch is closed. As appends that come meanwhile do not move it, they cannot
    /// keep the store from healing.
    pub(super) heal_at: Instant,
    pub(super) metrics: GroupMetrics,
    /// The stored form of one entry, kept for its memory.
    pub(super) scratch: Vec<u8>,
}

impl Writer {
    /// Works until it is told to close.
    pub(super) fn run(mut self) {
        let mut open = true;
        while open {
            let (jobs, then) = self.next_group();
            self.commit(jobs);
            match then {
                Then::Group => {}
                Then::Change(job) => self.change(job),
                Then::Collect(collect) => self.collect(collect),
                Then::End => open = false,
            }
        }
        self.slot.close();
    }

    /// The appends that wait, up to a group's bounds or up to what is no append, and what comes after them. While the
    /// latch is closed it comes back from time to time with nothing, having tried to heal.
    fn next_group(&mut self) -> (Vec<Job>, Then) {
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
                Ok(Message::Change(job)) => return (jobs, Then::Change(job)),
                Ok(Message::Collect(collect)) => return (jobs, Then::Collect(collect)),
                Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => return (jobs, Then::End),
                Err(RecvTimeoutError::Timeout) => return (jobs, Then::Group),
            }
            if jobs.len() == GROUP_APPENDS_MAX || bytes >= GROUP_BYTES_MAX {
                return (jobs, Then::Group);
            }
            match self.queue.try_recv() {
                Ok(waiting) => message = Ok(waiting),
                Err(_) => return (jobs, Then::Group),
            }
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let taken_at = Instant::now();
        let bytes = payload_bytes(&jobs);
        let longest_wait = jobs.first().map(|job| taken_at.saturating_duration_since(job.queued_at));
        self.metrics.taken(jobs.len(), bytes, longest_wait.unwrap_or_default());
        let admitted = self.admit(bytes as u64);
        let (candidates, answers): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.candidate, job.answer)).unzip();
        let (decisions, written) = self.decide_and_write(&candidates, admitted, taken_at);
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

    /// Whether `bytes` may be written now.
    pub(super) fn admit(&self, bytes: u64) -> Result<(), StoreError> {
        self.latch.check()?;
        if self.reserve.has_room(self.slot.folder(), bytes) {
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
        taken_at: Instant,
    ) -> (Vec<Result<Decision, StoreError>>, Result<(), AppendError>) {
        let Self { slot, heads, usages, known, clock, next, scratch, tails, feeds, mark, metrics, .. } = self;
        let now = clock.now();
        let mut group = Group::new(now, *next);
        let mut decisions = Vec::with_capacity(candidates.len());
        let written = slot.with(|engine| {
            let mut view = Stored { engine, heads, usages, known, lookups: Lookups::default() };
            decisions.extend(candidates.iter().map(|candidate| group.decide(&mut view, candidate)));
            let lookups = view.lookups;
            let batch = match admitted {
                Err(reason) => Err(AppendError::NotStored(reason)),
                Ok(()) if group.writes().is_empty() => Ok(None),
                Ok(()) => engine.batch_of_group(&group, scratch).map(Some).map_err(AppendError::Unknown),
            };
            let decided_at = Instant::now();
            metrics.decided(decided_at - taken_at, lookups);
            Ok(batch.and_then(|batch| {
                let Some(batch) = batch else { return Ok(()) };
                let written = engine.commit(batch, "write a group of appends").map_err(AppendError::Unknown);
                metrics.synced(decided_at.elapsed());
                written
            }))
        });
        let written = written.unwrap_or_else(|reason| Err(AppendError::NotStored(reason)));
        if written.is_ok() {
            let (entries, bytes) = group.stored();
            metrics.stored(entries, bytes);
            let told = group.next() != *next;
            *next = group.next();
            tails.wake(group.chains().map(|(session, _)| session));
            if feeds.any() {
                tell(feeds, &group, told);
            }
            // Whoever reads the mark and then looks at what it was told has missed nothing up to it.
            mark.set(*next, now);
            for (organization, usage) in group.usages() {
                usages.put(*organization, *usage);
            }
            for write in group.writes() {
                match write {
                    Write::Session(_, chain) => known.begin(chain.chain),
                    Write::Identity(chain, identity, _) => known.add(*chain, identity),
                    Write::Activity(..) | Write::Entry(..) | Write::Audit(..) => {}
                }
            }
            for (session, chain) in group.into_chains() {
                heads.put(session.clone(), chain);
            }
        }
        decisions.resize_with(candidates.len(), || Err(StoreError::Reopening));
        (decisions, written)
    }
}

/// Bytes of the entries of these.
fn payload_bytes(jobs: &[Job]) -> usize {
    jobs.iter().flat_map(|job| job.candidate.append.entries.iter()).map(|entry| entry.payload.len()).sum()
}

/// Tells followers of organisations what a group has stored.
fn tell(feeds: &Feeds, group: &Group<'_>, any_new: bool) {
    for (session, chain) in group.chains() {
        feeds.grown(&session.organization, &session.session, chain.length, chain.last_at);
        if any_new {
            feeds.changed(&session.organization);
        }
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
    usages: &'a mut LruCache<OrganizationId, Usage>,
    known: &'a mut Known,
    lookups: Lookups,
}

impl View for Stored<'_> {
    fn chain(&mut self, session: &SessionKey) -> Result<Option<Snapshot>, StoreError> {
        if let Some(chain) = self.heads.get(session) {
            self.lookups.hits += 1;
            return Ok(Some(chain.clone()));
        }
        self.lookups.misses += 1;
        let found = self.engine.chain(session)?;
        if let Some(chain) = &found {
            self.heads.put(session.clone(), chain.clone());
        }
        Ok(found)
    }

    fn seq(&mut self, chain: &Snapshot, identity: &Identity) -> Result<Option<u64>, StoreError> {
        if self.known.is_new(chain, identity) { Ok(None) } else { self.engine.seq(chain, identity) }
    }

    fn usage(&mut self, organization: &OrganizationId) -> Result<Usage, StoreError> {
        match self.usages.get(organization) {
            Some(usage) => Ok(*usage),
            None => self.engine.usage(organization),
        }
    }
}
