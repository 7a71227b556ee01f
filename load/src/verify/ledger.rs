//! What each writer was told, and what it was never told.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use verbatim_proto::{EntryUuid, messages::AppendReceipt};

use super::fault::Acknowledgements;
use crate::{
    append::{Appender, Chain, Reply, wire::WireAppender},
    engine::Failure,
    workload::Entry,
};

/// An acknowledged entry.
#[derive(Debug, Clone, Copy)]
pub struct Acknowledged {
    /// The session's number.
    pub chain: usize,
    /// Its uuid.
    pub uuid: EntryUuid,
    /// A hash of its bytes.
    pub hash: u64,
    /// The place in the chain that the receipt names, where it is one entry's receipt.
    pub seq: Option<u64>,
}

/// What one writer knows.
#[derive(Debug, Default)]
pub struct Log {
    /// In the order of the receipts, which is that of the writer's sending.
    pub acknowledged: Vec<Acknowledged>,
    /// Sent and not (yet) acknowledged: may be stored, once.
    pub in_doubt: HashSet<EntryUuid>,
}

/// The logs of all writers.
#[derive(Clone)]
pub struct Ledger(Arc<[Arc<Mutex<Log>>]>);

impl Ledger {
    /// For this many writers.
    pub fn new(writers: usize) -> Self {
        Self((0..writers).map(|_| Arc::default()).collect())
    }

    /// Looks at every log.
    pub fn logs(&self) -> impl Iterator<Item = MutexGuard<'_, Log>> {
        self.0.iter().map(|log| lock(log))
    }

    /// An appender that writes down what the writer numbered `writer` is told.
    pub fn recording(&self, writer: usize, inner: WireAppender, acknowledgements: &Arc<Acknowledgements>) -> Recording {
        let log = self.0.get(writer).map(Arc::clone).unwrap_or_default();
        Recording { inner, log, acknowledgements: Arc::clone(acknowledgements) }
    }
}

/// The hash by which bytes are compared.
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Appends over the wire and keeps the ledger.
pub struct Recording {
    inner: WireAppender,
    log: Arc<Mutex<Log>>,
    acknowledgements: Arc<Acknowledgements>,
}

impl Appender for Recording {
    async fn prepare(&mut self, chains: &[Chain]) -> Result<(), Failure> {
        self.inner.prepare(chains).await
    }

    async fn append(&mut self, chain: &Chain, entries: &[Entry]) -> Result<Reply, Failure> {
        lock(&self.log).in_doubt.extend(entries.iter().map(|entry| entry.uuid));
        let reply = self.inner.append(chain, entries).await?;
        if reply != Reply::Stored {
            return Ok(reply);
        }
        self.acknowledgements.one(Instant::now());
        let receipt: Option<AppendReceipt> = serde_json::from_slice(self.inner.body()).ok();
        let mut log = lock(&self.log);
        for entry in entries {
            log.in_doubt.remove(&entry.uuid);
            let seq = receipt.as_ref().filter(|receipt| receipt.uuid == Some(entry.uuid)).map(|receipt| receipt.seq);
            let hash = hash(&entry.body);
            log.acknowledged.push(Acknowledged { chain: chain.number, uuid: entry.uuid, hash, seq });
        }
        Ok(reply)
    }
}

fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}
