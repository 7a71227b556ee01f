//! Appends: check the entries, let the store decide, and where some stand in the chain already tell whether they are the
//! same ones.

use std::{ops::ControlFlow, sync::Arc};

use bytes::Bytes;
use tokio::task::spawn_blocking;
use verbatim_proto::{
    EntryView, IdempotencyKey, Timestamp,
    digest::payload_hash,
    json,
    limits::ENTRY_DEPTH_MAX,
    messages::{AppendReceipt, AppendStatus},
};

use super::{AppendRefused, Service};
use crate::{
    limits::INLINE_PARSE_BYTES_MAX,
    store::{
        Append, Appended, EntryRef, Expected, NewEntry, Order, Permit, Refusal, SessionKey, Snapshot, Standing, Store,
        StoreError, Subject,
    },
};

/// What an append is about, besides its entries.
#[derive(Debug)]
pub struct AppendRequest {
    /// To which session.
    pub session: SessionKey,
    /// The head the caller believes in.
    pub expected: Expected,
    /// What makes the retry of entries without a uuid recognisable.
    pub key: Option<IdempotencyKey>,
    /// The entries, as they came.
    pub body: Bytes,
    /// Who asks for it.
    pub subject: Subject,
    /// The share of the budget that the body was admitted with.
    pub permit: Permit,
}

/// Where the entries of an append stand, some of them perhaps since before it.
#[derive(Debug)]
pub(super) struct Landed {
    /// One for each entry.
    pub(super) seqs: Vec<u64>,
    /// How many of them, from the first, stood in the chain already.
    pub(super) already: usize,
    /// When the newest of them was stored.
    pub(super) created_at: Timestamp,
    /// Where the chain stands now.
    pub(super) standing: Standing,
}

impl Service {
    /// Appends one entry (PROTOCOL.md, append). Gives a receipt, and where the chain stands, only once the entry would
    /// survive loss of power.
    pub async fn append(&self, request: AppendRequest) -> Result<(AppendReceipt, Standing), AppendRefused> {
        let answer = self.append_one(request).await;
        self.appends.count(match &answer {
            Ok((receipt, _)) => receipt.status.into(),
            Err(refused) => refused.into(),
        });
        answer
    }

    async fn append_one(&self, request: AppendRequest) -> Result<(AppendReceipt, Standing), AppendRefused> {
        let AppendRequest { session, expected, key, body, subject, permit } = request;
        let entry = check(body, key).await?;
        let uuid = entry.uuid;
        let landed = self.land(session, expected, vec![entry], subject, permit).await?;
        let status = if landed.already == 0 { AppendStatus::Stored } else { AppendStatus::AlreadyStored };
        let seq = landed.seqs.first().copied().unwrap_or_default();
        Ok((AppendReceipt { status, uuid, seq, created_at: landed.created_at }, landed.standing))
    }

    /// Sees to it that the entries stand in the chain, all of them or no new one. Those that stand there already must
    /// come first and be the same; what is found of them stays true, so that the rest can be asked for again.
    pub(super) async fn land(
        &self,
        session: SessionKey,
        expected: Expected,
        entries: Vec<NewEntry>,
        subject: Subject,
        permit: Permit,
    ) -> Result<Landed, AppendRefused> {
        let (entries, permit) = (Arc::new(entries), Arc::new(permit));
        let mut compared = 0;
        loop {
            let append = Append {
                session: session.clone(),
                expected,
                entries: Arc::clone(&entries),
                compared,
                subject: subject.clone(),
                permit: Arc::clone(&permit),
            };
            match self.store.append(append).await? {
                Appended::Stored { seqs, created_at, standing } => {
                    return Ok(Landed { seqs, already: compared, created_at, standing });
                }
                Appended::Present { seqs, snapshot } => {
                    let standing = Standing::from(&snapshot);
                    let created_at = self.compare(snapshot, &seqs, &entries).await?;
                    compared = seqs.len();
                    if compared == entries.len() {
                        return Ok(Landed { seqs, already: compared, created_at, standing });
                    }
                }
                Appended::Refused { refusal, standing } => {
                    return Err(match refusal {
                        Refusal::Conflict => AppendRefused::Conflict(standing),
                        Refusal::Ended => AppendRefused::Ended(standing),
                        Refusal::Deleted => AppendRefused::Deleted(standing),
                    });
                }
            }
        }
    }

    /// Checks that what stands at `seqs` is the same as the entries, by PROTOCOL.md's "the same content"; gives when the
    /// last of it was stored.
    async fn compare(
        &self,
        snapshot: Snapshot,
        seqs: &[u64],
        entries: &Arc<Vec<NewEntry>>,
    ) -> Result<Timestamp, AppendRefused> {
        let _one_of_few = self.comparisons.acquire().await.map_err(|_| StoreError::Closed)?;
        let (store, seqs, entries) = (Arc::clone(&self.store), seqs.to_vec(), Arc::clone(entries));
        let compared = spawn_blocking(move || -> Result<Timestamp, AppendRefused> {
            let mut created_at = Timestamp::default();
            for (seq, entry) in seqs.into_iter().zip(entries.iter()) {
                match same_at(store.as_ref(), &snapshot, seq, entry)? {
                    Some(at) => created_at = at,
                    None => return Err(AppendRefused::Reused(Standing::from(&snapshot))),
                }
            }
            Ok(created_at)
        });
        compared.await.map_err(StoreError::engine("compare entries"))?
    }
}

/// When the entry at `seq` was stored, if it is the same as `entry`.
fn same_at(
    store: &dyn Store,
    snapshot: &Snapshot,
    seq: u64,
    entry: &NewEntry,
) -> Result<Option<Timestamp>, StoreError> {
    let mut found = None;
    let mut compare = |stored: &EntryRef<'_>| {
        // Of a redacted entry the hash alone is left to compare.
        let same = *stored.payload_hash == entry.payload_hash
            || !stored.is_redacted && json::equal(stored.payload, &entry.payload, ENTRY_DEPTH_MAX);
        found = Some(same.then_some(stored.created_at));
        ControlFlow::Break(())
    };
    store.visit(snapshot, seq..seq + 1, Order::Ascending, &mut compare)?;
    found.ok_or_else(|| StoreError::Damaged(format!("entry {seq} of chain {} is missing", snapshot.chain)))
}

/// Checks an entry and hashes it.
async fn check(body: Bytes, key: Option<IdempotencyKey>) -> Result<NewEntry, AppendRefused> {
    let bytes = body.len();
    off_runtime(bytes, move || Ok(new_entry(&body, &EntryView::parse(&body)?, key))).await
}

/// Runs what takes time in proportion to a body: here where the body is small, else on a blocking thread.
pub(super) async fn off_runtime<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> Result<T, AppendRefused> + Send + 'static,
) -> Result<T, AppendRefused> {
    if bytes <= INLINE_PARSE_BYTES_MAX {
        return work();
    }
    spawn_blocking(work).await.map_err(StoreError::engine("check entries"))?
}

/// What the store is to keep of an entry that was read from `body`.
pub(super) fn new_entry(body: &Bytes, view: &EntryView<'_>, key: Option<IdempotencyKey>) -> NewEntry {
    NewEntry {
        payload: body.slice_ref(view.payload),
        payload_hash: payload_hash(view.payload),
        uuid: view.uuid,
        key,
        event_type: view.event_type().into(),
        is_boundary: view.is_boundary,
    }
}
