//! One append: check the entry, let the store decide, and where the entry stands in the chain already tell whether it is
//! the same one.

use std::ops::ControlFlow;

use bytes::Bytes;
use tokio::task::spawn_blocking;
use verbatim_proto::{
    EntryError, EntryUuid, EntryView, IdempotencyKey, Timestamp,
    digest::{PayloadHash, payload_hash},
    json,
    limits::ENTRY_DEPTH_MAX,
    messages::AppendStatus,
};

use super::{AppendRefused, Service};
use crate::{
    limits::INLINE_PARSE_BYTES_MAX,
    store::{Append, Appended, Expected, NewEntry, Order, Permit, Refusal, SessionKey, Snapshot, Standing, StoreError},
};

/// One entry to append.
#[derive(Debug)]
pub struct AppendRequest {
    /// To which session.
    pub session: SessionKey,
    /// The head the caller believes in.
    pub expected: Expected,
    /// What makes the retry of an entry without a uuid recognisable.
    pub key: Option<IdempotencyKey>,
    /// The entry, as it came.
    pub body: Bytes,
    /// The share of the budget that the body was admitted with.
    pub permit: Permit,
}

/// What became of an append that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendReceipt {
    /// Whether this append stored it.
    pub status: AppendStatus,
    /// The entry's uuid.
    pub uuid: Option<EntryUuid>,
    /// Its place in the chain.
    pub seq: u64,
    /// When it was stored.
    pub created_at: Timestamp,
    /// The head now.
    pub head: Option<EntryUuid>,
}

impl Service {
    /// Appends one entry (PROTOCOL.md, append). Gives a receipt only once the entry would survive loss of power.
    pub async fn append(&self, request: AppendRequest) -> Result<AppendReceipt, AppendRefused> {
        let AppendRequest { session, expected, key, body, permit } = request;
        let entry = check(body, key).await?;
        let (uuid, hash, payload) = (entry.uuid, entry.payload_hash, entry.payload.clone());
        let append = Append { session, expected, entries: vec![entry], compared: 0, permit };
        match self.store.append(append).await? {
            Appended::Stored { seqs, created_at, standing } => {
                let seq = seqs.first().copied().unwrap_or_default();
                Ok(AppendReceipt { status: AppendStatus::Stored, uuid, seq, created_at, head: standing.head })
            }
            Appended::Present { seqs, snapshot } => {
                let seq = seqs.first().copied().unwrap_or_default();
                let created_at = self.compare(&snapshot, seq, hash, payload).await?;
                Ok(AppendReceipt { status: AppendStatus::AlreadyStored, uuid, seq, created_at, head: snapshot.head })
            }
            Appended::Refused { refusal, standing } => Err(match refusal {
                Refusal::Conflict => AppendRefused::Conflict(standing),
                Refusal::Ended => AppendRefused::Ended(standing),
                Refusal::Deleted => AppendRefused::Deleted(standing),
            }),
        }
    }

    /// Whether the entry at `seq` is the same as `payload`, by PROTOCOL.md's "the same content"; if so, when it was stored.
    async fn compare(
        &self,
        snapshot: &Snapshot,
        seq: u64,
        hash: PayloadHash,
        payload: Bytes,
    ) -> Result<Timestamp, AppendRefused> {
        let _one_of_few = self.comparisons.acquire().await.map_err(|_| StoreError::Closed)?;
        let (store, chain) = (self.store.clone(), snapshot.clone());
        let compared = spawn_blocking(move || {
            let mut same = None;
            store.visit(&chain, seq..seq + 1, Order::Ascending, &mut |stored| {
                let is_same = *stored.payload_hash == hash || json::equal(stored.payload, &payload, ENTRY_DEPTH_MAX);
                same = Some((is_same, stored.created_at));
                ControlFlow::Break(())
            })?;
            same.ok_or_else(|| StoreError::Damaged(format!("entry {seq} of chain {} is missing", chain.chain)))
        });
        match compared.await.map_err(StoreError::engine("compare an entry"))?? {
            (true, created_at) => Ok(created_at),
            (false, _) => Err(AppendRefused::Reused(Standing::from(snapshot))),
        }
    }
}

/// Checks an entry and hashes it; a large one on a blocking thread.
async fn check(body: Bytes, key: Option<IdempotencyKey>) -> Result<NewEntry, AppendRefused> {
    if body.len() <= INLINE_PARSE_BYTES_MAX {
        return Ok(check_now(&body, key)?);
    }
    let checked = spawn_blocking(move || check_now(&body, key)).await;
    Ok(checked.map_err(StoreError::engine("check an entry"))??)
}

fn check_now(body: &Bytes, key: Option<IdempotencyKey>) -> Result<NewEntry, EntryError> {
    let view = EntryView::parse(body)?;
    Ok(NewEntry {
        payload: body.slice_ref(view.payload),
        payload_hash: payload_hash(view.payload),
        uuid: view.uuid,
        key,
        event_type: view.event_type().into(),
        is_boundary: view.is_boundary,
    })
}
