//! Takes away what no session reaches any more: first from the chains, then from the files, tables and log alike. What is
//! still to be done is stored as `garbage`, so that a crash loses none of it.
//!
//! It works on a thread of its own beside the writer. A purged chain gets no entries and no new readers but through forks
//! that read as far already, so that what nobody reads once nobody will read again.

use std::{
    ops::{ControlFlow, Range},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use rocksdb::{BottommostLevelCompaction, CompactOptions, WriteBatch};
use verbatim_proto::organization::Amounts;

use super::{
    engine::Engine,
    format::{
        ENTRIES, FAMILIES, GARBAGE, IDENTITIES, KIN, SESSIONS, entry,
        garbage::{self, Garbage, Left},
        identity, kin,
    },
    slot::Slot,
    writer::{Collect, Message},
};
use crate::{
    limits::{COLLECT_BATCH_ROWS, COLLECT_RETRY_INTERVAL, PURGED_CHAINS_MAX},
    store::{Order, StoreError},
};

/// The chains that were purged lately, so that a reader that finds entries missing can be told why.
pub(super) struct PurgedChains(Mutex<lru::LruCache<u64, ()>>);

impl Default for PurgedChains {
    fn default() -> Self {
        let most = std::num::NonZeroUsize::new(PURGED_CHAINS_MAX).unwrap_or(std::num::NonZeroUsize::MIN);
        Self(Mutex::new(lru::LruCache::new(most)))
    }
}

impl PurgedChains {
    pub(super) fn contains(&self, chain: u64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&chain)
    }

    fn insert(&self, chain: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(chain, ());
    }
}

/// What the collector works with.
pub(super) struct Collector {
    /// Tells that there is garbage. Its end is the collector's.
    pub(super) woken: Receiver<()>,
    /// To the writer.
    pub(super) queue: Sender<Message>,
    pub(super) slot: Arc<Slot>,
    pub(super) purged: Arc<PurgedChains>,
}

impl Collector {
    /// Works until it is told nothing any more.
    pub(super) fn run(self) {
        // A run before this one may have left something.
        let mut wait = Duration::ZERO;
        loop {
            match self.woken.recv_timeout(wait) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            wait = match self.pass() {
                Ok(false) => Duration::MAX,
                Ok(true) => COLLECT_RETRY_INTERVAL,
                Err(StoreError::Closed) => COLLECT_RETRY_INTERVAL,
                Err(error) => {
                    tracing::warn!(%error, "what was purged could not be taken off the disk yet; it is tried again");
                    COLLECT_RETRY_INTERVAL
                }
            };
        }
    }

    /// Does what there is to do. Gives whether some of it is left.
    fn pass(&self) -> Result<bool, StoreError> {
        let found = self.slot.with(Engine::garbage)?;
        let mut left = false;
        for garbage in &found {
            if let Garbage::Unreached(chain, entries) = garbage {
                left |= !self.cut(*chain, entries)?;
            }
        }
        let found = self.slot.with(Engine::garbage)?;
        let in_files = |garbage: &&Garbage| matches!(garbage, Garbage::Entries(..) | Garbage::Session(_));
        let found: Vec<_> = found.iter().filter(in_files).collect();
        if !found.is_empty() {
            self.slot.with(|engine| engine.rewrite_without(&found))?;
            tracing::debug!(pieces = found.len(), "purged data was taken off the disk");
        }
        Ok(left)
    }

    /// Cuts a chain down to what forks read of it. Gives false where it has to be looked at again.
    fn cut(&self, chain: u64, left: &Left) -> Result<bool, StoreError> {
        self.purged.insert(chain);
        let keep = self.slot.with(|engine| {
            let keep = engine.read_by_others(chain, &left.entries)?;
            if left.entries.start < keep && keep < left.entries.end {
                engine.drop_identities_from(chain, keep)?;
            }
            Ok(keep)
        })?;
        let (answer, answered) = crossbeam_channel::bounded(1);
        let collect = Collect { chain, left: left.clone(), keep, answer };
        self.queue.send(Message::Collect(collect)).map_err(|_| StoreError::Closed)?;
        let mut done_all = true;
        loop {
            // A message that reaches the queue while the writer ends is never answered: so its end is waited for as well.
            crossbeam_channel::select! {
                recv(answered) -> done => return done.map_err(|_| StoreError::Closed)?.map(|done| done && done_all),
                recv(self.woken) -> woken => woken.map(|()| done_all = false).map_err(|_| StoreError::Closed)?,
            }
        }
    }
}

impl Engine {
    fn garbage(&self) -> Result<Vec<Garbage>, StoreError> {
        let mut found = Vec::new();
        self.each_from(GARBAGE, &[], &[], Order::Ascending, |key, value| {
            match garbage::decode(key, value)? {
                Garbage::Kept(..) => {}
                garbage => found.push(garbage),
            }
            Ok(if found.len() < COLLECT_BATCH_ROWS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        Ok(found)
    }

    /// How far others read into a chain: the seq after the last entry of its own that any of them reaches, its first
    /// where none does.
    pub(super) fn read_by_others(&self, chain: u64, own: &Range<u64>) -> Result<u64, StoreError> {
        let prefix = kin::readers_prefix(chain);
        let mut end = own.start;
        self.each_from(KIN, &prefix, &prefix, Order::Ascending, |_, value| {
            end = end.max(kin::decode_reader(value)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(end.min(own.end))
    }

    /// Forgets the uuids and keys of a chain's entries from `seq` on.
    fn drop_identities_from(&self, chain: u64, seq: u64) -> Result<(), StoreError> {
        let (family, prefix) = (self.family(IDENTITIES)?, chain.to_be_bytes());
        let mut batch = WriteBatch::default();
        self.each_from(IDENTITIES, &prefix, &prefix, Order::Ascending, |key, value| {
            if identity::decode(value)? >= seq {
                batch.delete_cf(family, key);
            }
            if batch.len() >= COLLECT_BATCH_ROWS {
                self.commit(std::mem::take(&mut batch), "forget the uuids of purged entries")?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.commit(batch, "forget the uuids of purged entries")
    }

    /// Adds to a batch what takes a chain's own entries from `keep` on away; gives how much that is.
    pub(super) fn put_cut(
        &self,
        batch: &mut WriteBatch,
        chain: u64,
        left: &Left,
        keep: u64,
    ) -> Result<Amounts, StoreError> {
        let went_bytes = match keep {
            _ if keep == left.entries.end => 0,
            _ if keep == left.entries.start => left.bytes,
            _ => self.bytes_up_to(chain, left.entries.end - 1)? - self.bytes_up_to(chain, keep - 1)?,
        };
        let garbage = self.family(GARBAGE)?;
        batch.delete_cf(garbage, garbage::unreached_key(chain));
        if keep < left.entries.end {
            let cut = keep..left.entries.end;
            batch.delete_range_cf(self.family(ENTRIES)?, entry::key(chain, cut.start), entry::key(chain, cut.end));
            batch.put_cf(garbage, garbage::entries_key(chain, &cut), []);
        }
        if keep == left.entries.start {
            let bounds = [chain, chain + 1].map(u64::to_be_bytes);
            batch.delete_range_cf(self.family(IDENTITIES)?, bounds[0], bounds[1]);
        } else {
            let entries = left.entries.start..keep;
            let left = Left { entries, bytes: left.bytes.saturating_sub(went_bytes), ..left.clone() };
            batch.put_cf(garbage, garbage::kept_key(chain), garbage::encode_left(&left));
        }
        Ok(Amounts { sessions: 0, entries: left.entries.end - keep, bytes: went_bytes })
    }

    /// Bytes of payload of a chain up to and with one of its own entries.
    fn bytes_up_to(&self, chain: u64, seq: u64) -> Result<u64, StoreError> {
        match self.get(ENTRIES, &entry::key(chain, seq), "read an entry")? {
            Some(value) => Ok(entry::decode(&value)?.running.bytes),
            None => Err(StoreError::Damaged(format!("entry {seq} of chain {chain} is missing"))),
        }
    }

    /// Writes every memtable out, so that the log goes.
    fn flush(&self) -> Result<(), StoreError> {
        let families: Vec<_> = FAMILIES.iter().map(|name| self.family(name)).collect::<Result<_, _>>()?;
        let mut flush = rocksdb::FlushOptions::default();
        flush.set_wait(true);
        self.db.flush_cfs_opt(&families, &flush).map_err(StoreError::engine("write the memtables out"))
    }

    /// Rewrites every table, down to the last level.
    pub(super) fn compact(&self) -> Result<(), StoreError> {
        self.flush()?;
        for name in FAMILIES {
            self.db.compact_range_cf_opt(self.family(name)?, None::<&[u8]>, None::<&[u8]>, &to_the_last_level());
        }
        Ok(())
    }

    /// Writes tables and log anew without what was deleted, and forgets that it was there.
    fn rewrite_without(&self, found: &[&Garbage]) -> Result<(), StoreError> {
        self.flush()?;
        let options = to_the_last_level();
        let mut done = WriteBatch::default();
        let garbage = self.family(GARBAGE)?;
        for piece in spans(found) {
            self.db.compact_range_cf_opt(self.family(piece.family)?, Some(&piece.from), Some(&piece.to), &options);
            // A compaction does not tell that it was cut off.
            if self.is_stopping() {
                return Err(StoreError::Closed);
            }
        }
        for garbage_row in found {
            match garbage_row {
                Garbage::Entries(chain, entries) => done.delete_cf(garbage, garbage::entries_key(*chain, entries)),
                Garbage::Session(key) => done.delete_cf(garbage, garbage::session_key(key)),
                Garbage::Unreached(..) | Garbage::Kept(..) => {}
            }
        }
        self.commit(done, "forget purged data")
    }
}

/// A deletion that reaches the last level leaves nothing behind; one that stops before it does.
fn to_the_last_level() -> CompactOptions {
    let mut options = CompactOptions::default();
    options.set_exclusive_manual_compaction(false);
    options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
    options
}

/// Keys of one family, both ends among them.
struct Span {
    family: &'static str,
    from: Vec<u8>,
    to: Vec<u8>,
}

/// What has to be rewritten. Chains that lie side by side are rewritten together.
fn spans(found: &[&Garbage]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut last_chain = None;
    for garbage in found {
        match garbage {
            Garbage::Entries(chain, entries) => {
                let beside = last_chain.is_some_and(|last| last == *chain || last + 1 == *chain);
                last_chain = Some(*chain);
                let to = [
                    (ENTRIES, entry::key(*chain, entries.end).to_vec()),
                    (IDENTITIES, (chain + 1).to_be_bytes().to_vec()),
                ];
                let from = [entry::key(*chain, entries.start).to_vec(), chain.to_be_bytes().to_vec()];
                for ((family, to), from) in to.into_iter().zip(from) {
                    match spans.iter_mut().rev().find(|span| span.family == family) {
                        Some(span) if beside => span.to = to,
                        _ => spans.push(Span { family, from, to }),
                    }
                }
            }
            Garbage::Session(key) => {
                spans.push(Span { family: SESSIONS, from: key.clone(), to: key.clone() });
            }
            Garbage::Unreached(..) | Garbage::Kept(..) => {}
        }
    }
    spans
}
