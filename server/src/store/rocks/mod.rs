//! The store on one machine: RocksDB, with one thread that writes.
//!
//! [`RocksStore`] is the handle. An append goes from here through one bounded queue to `writer`, which asks `commit` what
//! to do and `engine` to do it. A read goes to `engine` at once and never meets the writer.

#[doc(hidden)]
pub mod bench;
mod change;
mod changing;
mod collector;
mod commit;
mod disk;
mod engine;
mod figures;
mod format;
mod heal;
mod known;
mod latch;
mod mark;
mod options;
mod organizations;
mod read;
mod rows;
mod sessions;
mod slot;
mod writer;

use std::{
    num::NonZeroUsize,
    ops::{ControlFlow, Range},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Instant,
};

use async_trait::async_trait;
use crossbeam_channel::{Sender, TrySendError};
use lru::LruCache;
use tokio::sync::oneshot;
use verbatim_proto::{
    EntryUuid, OrganizationId, SessionId, Timestamp,
    organization::{self as wire, Settings},
};

use self::{
    collector::{Collector, PurgedChains},
    commit::Candidate,
    engine::Engine,
    format::{identity::Identity, kin::Kinship},
    heal::Doubts,
    known::Known,
    latch::Latch,
    mark::Mark,
    slot::Slot,
    writer::{ChangeJob, Job, Message, Writer},
};
use crate::{
    clock::Clock,
    limits::{HEADS_MAX, QUEUE_APPENDS_MAX, USAGES_MAX},
    metrics::{GroupMetrics, StoreMetrics},
    store::{
        Append, AppendError, Appended, Change, Changed, Due, EntryRef, Feeds, Order, Session, SessionKey, Snapshot,
        Store, StoreError, Tails, Usage,
    },
};

pub use self::{disk::Reserve, format::activity::List, options::Sizes};

/// The handle to the store. Its last drop does not close it: [`Store::close`] does, and waits.
pub struct RocksStore {
    queue: Sender<Message>,
    slot: Arc<Slot>,
    latch: Arc<Latch>,
    tails: Arc<Tails>,
    feeds: Arc<Feeds>,
    mark: Arc<Mark>,
    purged: Arc<PurgedChains>,
    metrics: StoreMetrics,
    closing: AtomicBool,
    threads: Mutex<Option<Threads>>,
}

/// The threads beside the callers' own, in the order in which they end.
struct Threads {
    writer: JoinHandle<()>,
    collector: JoinHandle<()>,
}

impl RocksStore {
    /// Opens the store in `folder`, making it where there is none, and starts its writer.
    ///
    /// Errors: the folder cannot be used, is in use by another process, is damaged, or has a format of another version.
    pub fn open(folder: &Path, sizes: Sizes, reserve: Reserve, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let slot = Arc::new(Slot::open(folder.to_owned(), sizes)?);
        let latch = Arc::new(Latch::default());
        let (tails, feeds) = (Arc::new(Tails::default()), Arc::new(Feeds::default()));
        let purged = Arc::new(PurgedChains::default());
        let next = slot.with(Engine::next)?;
        let mark = Arc::new(Mark::new(next, clock.now()));
        let (queue, waiting) = crossbeam_channel::bounded(QUEUE_APPENDS_MAX);
        let (wake_collector, woken) = crossbeam_channel::bounded(1);
        let writer = Writer {
            queue: waiting,
            next,
            slot: Arc::clone(&slot),
            latch: Arc::clone(&latch),
            clock,
            reserve,
            tails: Arc::clone(&tails),
            feeds: Arc::clone(&feeds),
            mark: Arc::clone(&mark),
            collector: wake_collector,
            heads: LruCache::new(NonZeroUsize::new(HEADS_MAX).unwrap_or(NonZeroUsize::MIN)),
            known: Known::new(),
            usages: LruCache::new(NonZeroUsize::new(USAGES_MAX).unwrap_or(NonZeroUsize::MIN)),
            must_reopen: false,
            doubts: Doubts::default(),
            heal_at: Instant::now(),
            metrics: GroupMetrics::default(),
            scratch: Vec::new(),
        };
        let collector = Collector { woken, queue: queue.clone(), slot: Arc::clone(&slot), purged: Arc::clone(&purged) };
        let collector = start("collector", || collector.run())?;
        let writer = start("writer", || writer.run())?;
        let threads = Mutex::new(Some(Threads { writer, collector }));
        let (metrics, closing) = (StoreMetrics::default(), AtomicBool::new(false));
        Ok(Self { queue, slot, latch, tails, feeds, mark, purged, metrics, closing, threads })
    }
}

fn start(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(StoreError::engine("start a thread"))
}

/// Rewrites every table of the store in `folder`, which nobody has open. Gives its bytes on the disk before and after.
pub fn compact(folder: &Path, sizes: &Sizes) -> Result<(u64, u64), StoreError> {
    let bytes = || disk::bytes_in(folder).map_err(StoreError::engine("measure the folder"));
    let before = bytes()?;
    let engine = Engine::open(folder, sizes, &options::database(sizes))?;
    engine.compact()?;
    engine.stop_background_work();
    drop(engine);
    Ok((before, bytes()?))
}

impl RocksStore {
    fn open_for_work(&self) -> Result<(), StoreError> {
        if self.closing.load(Ordering::Acquire) { Err(StoreError::Closed) } else { Ok(()) }
    }

    /// Puts a message into the queue, or says that it is full. Never waits.
    fn send(&self, message: Message) -> Result<(), StoreError> {
        self.queue.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
    }
}

#[async_trait]
impl Store for RocksStore {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.open_for_work()?;
        let identities = append.entries.iter().map(Identity::of).collect();
        let (answer, answered) = oneshot::channel();
        let job = Job { candidate: Candidate { append, identities }, queued_at: Instant::now(), answer };
        self.send(Message::Append(job))?;
        // An append that the writer took and never answered may or may not be stored.
        answered.await.unwrap_or(Err(AppendError::Unknown(StoreError::Closed)))
    }

    async fn change(&self, change: Change) -> Result<Changed, AppendError> {
        self.open_for_work()?;
        let (answer, answered) = oneshot::channel();
        self.send(Message::Change(ChangeJob { change, answer }))?;
        answered.await.unwrap_or(Err(AppendError::Unknown(StoreError::Closed)))
    }

    fn session(&self, session: &SessionKey) -> Result<Option<Session>, StoreError> {
        self.slot.with(|engine| engine.session(session))
    }

    fn list(
        &self,
        organization: &OrganizationId,
        list: List,
        after: Option<&(u64, SessionId)>,
        visit: &mut dyn FnMut(u64, Session) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.slot.with(|engine| engine.list(organization, list, after, visit))
    }

    fn children(&self, session: &SessionKey) -> Result<Vec<SessionId>, StoreError> {
        self.slot.with(|engine| engine.kin(Kinship::Child, session))
    }

    fn forks(&self, session: &SessionKey) -> Result<Vec<SessionId>, StoreError> {
        self.slot.with(|engine| engine.kin(Kinship::Fork, session))
    }

    fn snapshot(&self, session: &SessionKey) -> Result<Option<Snapshot>, StoreError> {
        self.slot.with(|engine| engine.chain(session))
    }

    fn visit(
        &self,
        snapshot: &Snapshot,
        range: Range<u64>,
        order: Order,
        visit: &mut dyn FnMut(&EntryRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let range = range.start..range.end.min(snapshot.length);
        let mut parts = snapshot.lineage.locate(snapshot.chain, range);
        if order == Order::Descending {
            parts.reverse();
        }
        for (chain, part) in parts {
            let visited = self.slot.with(|engine| read::visit(engine, chain, part, order, visit));
            // The entries of a session that is purged go while they are read.
            let visited = visited.map_err(|error| match error {
                StoreError::Damaged(_) if self.purged.contains(chain) => StoreError::Purged,
                error => error,
            });
            if visited?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn seq_of(&self, snapshot: &Snapshot, uuid: &EntryUuid) -> Result<Option<u64>, StoreError> {
        let seq = self.slot.with(|engine| engine.seq(snapshot, &Identity::of_uuid(uuid)))?;
        Ok(seq.filter(|seq| *seq < snapshot.length))
    }

    fn list_oldest_first(
        &self,
        organization: &OrganizationId,
        after: (u64, Option<&SessionId>),
        visit: &mut dyn FnMut(u64, Session) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.slot.with(|engine| engine.list_oldest_first(organization, after, visit))
    }

    fn changes(
        &self,
        organization: &OrganizationId,
        from: u64,
        visit: &mut dyn FnMut(u64, wire::Change) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.slot.with(|engine| engine.changes(organization, from, visit))
    }

    fn now(&self) -> (u64, Timestamp) {
        self.mark.get()
    }

    fn usage(&self, organization: &OrganizationId) -> Result<Usage, StoreError> {
        self.slot.with(|engine| engine.usage(organization))
    }

    fn settings(&self, organization: &OrganizationId) -> Result<Settings, StoreError> {
        self.slot.with(|engine| engine.settings(organization))
    }

    fn set_settings(&self, organization: &OrganizationId, settings: &Settings) -> Result<(), StoreError> {
        self.ready()?;
        self.slot.with(|engine| engine.set_settings(organization, settings))
    }

    fn due(
        &self,
        organization: &OrganizationId,
        after: Option<&Due>,
        visit: &mut dyn FnMut(Due) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.slot.with(|engine| engine.due(organization, after, visit))
    }

    fn organizations(&self) -> Result<Vec<OrganizationId>, StoreError> {
        self.slot.with(Engine::organizations)
    }

    fn tails(&self) -> &Arc<Tails> {
        &self.tails
    }

    fn feeds(&self) -> &Arc<Feeds> {
        &self.feeds
    }

    fn ready(&self) -> Result<(), StoreError> {
        self.open_for_work()?;
        self.latch.check()
    }

    fn show_metrics(&self) {
        self.metrics.show(figures::read(&self.slot).ok().as_ref());
    }

    fn close(&self) {
        self.closing.store(true, Ordering::Release);
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Threads { writer, collector }) = threads {
            let told = self.queue.send(Message::Close).is_ok();
            // The collector ends when the writer, who wakes it, is gone.
            if !told || writer.join().is_err() || collector.join().is_err() {
                tracing::error!("the writer had ended before it was told to; run `verbatim serve` again to recover");
            }
        }
    }
}
