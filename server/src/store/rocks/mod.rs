//! The store on one machine: RocksDB, with one thread that writes.
//!
//! [`RocksStore`] is the handle. An append goes from here through one bounded queue to `writer`, which asks `commit` what
//! to do and `engine` to do it. A read goes to `engine` at once and never meets the writer.

mod commit;
mod disk;
mod engine;
mod format;
mod latch;
mod options;
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

use self::{
    commit::Candidate,
    engine::Engine,
    format::{entry, identity::Identity},
    latch::Latch,
    slot::Slot,
    writer::{Job, Message, Writer},
};
use crate::{
    clock::Clock,
    limits::{HEADS_MAX, QUEUE_APPENDS_MAX},
    store::{Append, AppendError, Appended, EntryRef, SessionKey, Snapshot, Store, StoreError},
};

pub use self::{disk::Reserve, options::Sizes};

/// The handle to the store. Its last drop does not close it: [`Store::close`] does, and waits.
pub struct RocksStore {
    queue: Sender<Message>,
    slot: Arc<Slot>,
    latch: Arc<Latch>,
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
        let (queue, waiting) = crossbeam_channel::bounded(QUEUE_APPENDS_MAX);
        let writer = Writer {
            queue: waiting,
            next_chain: slot.with(Engine::next_chain)?,
            slot: Arc::clone(&slot),
            latch: Arc::clone(&latch),
            clock,
            reserve,
            heads: LruCache::new(NonZeroUsize::new(HEADS_MAX).unwrap_or(NonZeroUsize::MIN)),
            must_reopen: false,
            heal_at: Instant::now(),
            scratch: Vec::new(),
        };
        let writer = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(|| writer.run())
            .map_err(StoreError::engine("start the writer"))?;
        Ok(Self { queue, slot, latch, closing: AtomicBool::new(false), writer: Mutex::new(Some(writer)) })
    }
}

#[async_trait]
impl Store for RocksStore {
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.ready()?;
        let identities = append.entries.iter().map(Identity::of).collect();
        let (answer, answered) = oneshot::channel();
        let job = Job { candidate: Candidate { append, identities }, answer };
        self.queue.try_send(Message::Append(job)).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Overloaded,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })?;
        // An append that the writer took and never answered may or may not be stored.
        answered.await.unwrap_or(Err(AppendError::Unknown(StoreError::Closed)))
    }

    fn snapshot(&self, session: &SessionKey) -> Result<Option<Snapshot>, StoreError> {
        self.slot.with(|engine| engine.chain(session))
    }

    fn visit(
        &self,
        snapshot: &Snapshot,
        range: Range<u64>,
        visit: &mut dyn FnMut(&EntryRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let end = range.end.min(snapshot.length);
        if range.start >= end {
            return Ok(());
        }
        self.slot.with(|engine| {
            let mut entries = engine.entries_from(snapshot.chain, range.start)?;
            for seq in range.start..end {
                let Some((key, value)) = entries.item() else {
                    entries.status().map_err(StoreError::engine("read entries"))?;
                    return Err(missing(seq, snapshot));
                };
                if entry::decode_key(key)? != (snapshot.chain, seq) {
                    return Err(missing(seq, snapshot));
                }
                let record = entry::decode(value)?;
                let shown = EntryRef {
                    seq,
                    created_at: record.running.created_at,
                    uuid: record.uuid,
                    event_type: record.event_type,
                    is_boundary: record.is_boundary,
                    payload: record.payload,
                    payload_hash: record.payload_hash,
                };
                if visit(&shown).is_break() {
                    break;
                }
                entries.next();
            }
            Ok(())
        })
    }

    fn ready(&self) -> Result<(), StoreError> {
        if self.closing.load(Ordering::Acquire) { Err(StoreError::Closed) } else { self.latch.check() }
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

fn missing(seq: u64, snapshot: &Snapshot) -> StoreError {
    StoreError::Damaged(format!("entry {seq} of chain {} is missing", snapshot.chain))
}
