//! Following a session: entries as they come, read from the store at the follower's own pace.
//!
//! A follower that waits holds a place to be woken at and where it stands, and nothing else: no entries, no snapshot. So
//! ten thousand of them cost little, and one that is slow holds back nobody. It takes its place before it first looks,
//! so that nothing which is appended between two looks can be missed.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
    time::{Instant, sleep_until},
};

use super::{Leave, ReadRefused, Service};
use crate::{
    limits::{FOLLOWER_CHUNK_BYTES, HEARTBEAT_INTERVAL},
    store::{EntryRef, Order, SessionKey, SessionStatus, Snapshot, Store, StoreError, Tail},
};

/// One follower of one chain. Dropping it leaves.
pub struct Follower {
    followed: Arc<Followed>,
    /// The seq of the next entry to give.
    next: u64,
    /// Whether there may be more to read at once.
    behind: bool,
    leave: Leave,
    tail: Tail,
    draining: watch::Receiver<bool>,
    reads: Arc<Semaphore>,
}

/// What a follower hears next.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// Entries, encoded.
    Entries(Bytes),
    /// Nothing for a while.
    Silence,
    /// Everything was given, and nothing more will come.
    Finished,
    /// It must go away for now; it can go on where it stands, here or on another node.
    Interrupted,
}

struct Followed {
    store: Arc<dyn Store>,
    session: SessionKey,
    chain: u64,
    encode: Box<EncodeEntry>,
}

/// Writes one entry.
type EncodeEntry = dyn Fn(&EntryRef<'_>, &mut Vec<u8>) + Send + Sync;

/// What one look at the store found.
enum Found {
    Entries { encoded: Vec<u8>, next: u64, behind: bool },
    NothingYet,
    NothingMore,
}

impl Service {
    /// Follows the session on `chain` from `next` on, for as long as there is `leave`. `encode` writes one entry, on a blocking
    /// thread.
    pub fn follow(
        &self,
        session: &SessionKey,
        chain: u64,
        next: u64,
        leave: Leave,
        encode: impl Fn(&EntryRef<'_>, &mut Vec<u8>) + Send + Sync + 'static,
    ) -> Follower {
        let (store, session) = (Arc::clone(&self.store), session.clone());
        let tail = store.tails().follow(&session);
        Follower {
            followed: Arc::new(Followed { store, session, chain, encode: Box::new(encode) }),
            next,
            behind: true,
            leave,
            tail,
            draining: self.draining.subscribe(),
            reads: Arc::clone(&self.follower_reads),
        }
    }

    /// Waits until the session's chain has grown past `length`, has ended, or is another than `chain`; until the server
    /// drains; or until `time` is over. Gives the chain as it then stands.
    pub async fn grown(
        &self,
        session: &SessionKey,
        chain: u64,
        length: u64,
        time: Duration,
    ) -> Result<Snapshot, ReadRefused> {
        let mut tail = self.store.tails().follow(session);
        let mut draining = self.draining.subscribe();
        let deadline = Instant::now() + time;
        loop {
            let snapshot = self.snapshot(session).await?;
            if snapshot.chain != chain || snapshot.length > length || snapshot.status == SessionStatus::Ended {
                return Ok(snapshot);
            }
            tokio::select! {
                () = tail.changed() => {}
                () = drained(&mut draining) => return Ok(snapshot),
                () = sleep_until(deadline) => return Ok(snapshot),
            }
        }
    }
}

impl Follower {
    /// What comes next. Dropping the future loses nothing.
    pub async fn next(&mut self) -> News {
        let silent_at = Instant::now() + HEARTBEAT_INTERVAL;
        loop {
            if *self.draining.borrow() || self.leave.has_ended() {
                return News::Interrupted;
            }
            if !self.behind {
                tokio::select! {
                    () = self.tail.changed() => {}
                    () = drained(&mut self.draining) => return News::Interrupted,
                    () = self.leave.ended() => return News::Interrupted,
                    () = sleep_until(silent_at) => return News::Silence,
                }
                self.behind = true;
            }
            match self.look().await {
                Ok(Found::Entries { encoded, next, behind }) => {
                    (self.next, self.behind) = (next, behind);
                    return News::Entries(encoded.into());
                }
                Ok(Found::NothingYet) => self.behind = false,
                Ok(Found::NothingMore) | Err(StoreError::Purged) => return News::Finished,
                Err(error) => {
                    tracing::warn!(%error, "a follower was sent away; it can come back where it stood");
                    return News::Interrupted;
                }
            }
        }
    }

    async fn look(&mut self) -> Result<Found, StoreError> {
        let _one_of_some = self.reads.acquire().await.map_err(|_| StoreError::Closed)?;
        let (followed, next) = (Arc::clone(&self.followed), self.next);
        spawn_blocking(move || followed.look(next)).await.map_err(StoreError::engine("read for a follower"))?
    }
}

impl Followed {
    fn look(&self, mut next: u64) -> Result<Found, StoreError> {
        let found = self.store.snapshot(&self.session)?;
        let Some(snapshot) = found.filter(|found| found.chain == self.chain && found.status != SessionStatus::Deleted)
        else {
            return Ok(Found::NothingMore);
        };
        let mut encoded = Vec::new();
        self.store.visit(&snapshot, next..snapshot.length, Order::Ascending, &mut |entry| {
            (self.encode)(entry, &mut encoded);
            next = entry.seq + 1;
            if encoded.len() < FOLLOWER_CHUNK_BYTES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(match (encoded.is_empty(), snapshot.status) {
            // Nothing wakes whoever follows a session that had ended before: its end is found by another look.
            (false, status) => {
                Found::Entries { encoded, next, behind: next < snapshot.length || status == SessionStatus::Ended }
            }
            (true, SessionStatus::Ended) => Found::NothingMore,
            (true, SessionStatus::Active | SessionStatus::Paused | SessionStatus::Deleted) => Found::NothingYet,
        })
    }
}

/// Waits until the server drains.
pub(super) async fn drained(draining: &mut watch::Receiver<bool>) {
    // An error would mean that the service is gone, which is the end as well.
    let _ = draining.wait_for(|draining| *draining).await;
}
