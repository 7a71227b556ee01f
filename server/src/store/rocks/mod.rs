//! The store on one machine: RocksDB, with one thread that writes.
//!
//! [`RocksStore`] is the handle. An append goes from here through one bounded queue to `writer`, which asks `commit` what
//! to do and `engine` to do it. A read goes to `engine` at once and never meets the writer.

mod change;
mod commit;
mod disk;
mod engine;
mod format;
mod heal;
mod latch;
mod options;
mod read;
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
use verbatim_proto::{EntryUuid, OrganizationId, SessionId};

use self::{
    commit::Candidate,
    engine::Engine,
    format::{identity::Identity, kin::Kinship},
    heal::Doubts,
    latch::Latch,
    slot::Slot,
    writer::{ChangeJob, Job, Message, Writer},
};
use crate::{
    clock::Clock,
    limits::{HEADS_MAX, QUEUE_APPENDS_MAX},
    store::{
        Append, AppendError, Appended, Change, Changed, EntryRef, Order, Session, SessionKey, Snapshot, Store,
        StoreError, Tails,
    },
};

pub use self::{disk::Reserve, format::activity::List, options::Sizes};

/// The handle to the store. Its last drop does not close it: [`Store::close`] does, and waits.
pub struct RocksStore {
    queue: Sender<Message>,
    slot: Arc<Slot>,
    latch: Arc<Latch>,
    tails: Arc<Tails>,
    closing: AtomicBool,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl RocksStore {
    /// Opens the store in `folder`, making it where there is none, and starts its writer.
    ///
    /// Errors: the folder cannot be used, is in use by another process, is damaged, or has a format of another version.
    pub fn open(folder: &Path, sizes: Sizes, reserve: Reserve, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let slot = Arc::new(Slot::open(folder.to_owned(), sizes)?);
        let latch = Arc::new(Latch::default());
        let tails = Arc::new(Tails::default());
        let (queue, waiting) = crossbeam_channel::bounded(QUEUE_APPENDS_MAX);
        let writer = Writer {
            queue: waiting,
            next_chain: slot.with(Engine::next_chain)?,
            slot: Arc::clone(&slot),
            latch: Arc::clone(&latch),
            clock,
            reserve,
            tails: Arc::clone(&tails),
            heads: LruCache::new(NonZeroUsize::new(HEADS_MAX).unwrap_or(NonZeroUsize::MIN)),
            must_reopen: false,
            doubts: Doubts::default(),
            heal_at: Instant::now(),
            scratch: Vec::new(),
        };
        let writer = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(|| writer.run())
            .map_err(StoreError::engine("start the writer"))?;
        Ok(Self { queue, slot, latch, tails, closing: AtomicBool::new(false), writer: Mutex::new(Some(writer)) })
    }
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
        let job = Job { candidate: Candidate { append, identities }, answer };
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
            if self.slot.with(|engine| read::visit(engine, chain, part, order, visit))?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn seq_of(&self, snapshot: &Snapshot, uuid: &EntryUuid) -> Result<Option<u64>, StoreError> {
        let seq = self.slot.with(|engine| engine.seq(snapshot, &Identity::of_uuid(uuid)))?;
        Ok(seq.filter(|seq| *seq < snapshot.length))
    }

    fn tails(&self) -> &Arc<Tails> {
        &self.tails
    }

    fn ready(&self) -> Result<(), StoreError> {
        self.open_for_work()?;
        self.latch.check()
    }

    fn close(&self) {
        self.closing.store(true, Ordering::Release);
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let told = self.queue.send(Message::Close).is_ok();
            if !told || writer.join().is_err() {
                tracing::error!("the writer had ended before it was told to; run `verbatim serve` again to recover");
            }
        }
    }
}
