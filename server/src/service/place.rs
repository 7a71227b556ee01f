//! Which entries a read means: names, times and boundaries become places in the chain. Each is a lookup or a search by
//! halves, never a scan.

use std::{
    ops::{ControlFlow, Range},
    sync::Arc,
};

use tokio::task::spawn_blocking;
use verbatim_proto::{EventId, Timestamp};

use super::{ReadRefused, Service};
use crate::store::{EntryRef, Order, SessionKey, Snapshot, Store, StoreError};

/// Where a listing begins and ends, in chain position whatever its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The first entry.
    pub begin: Begin,
    /// Entries stored before this are left out.
    pub since: Option<Timestamp>,
    /// This entry and those after it are left out.
    pub before: Option<EventId>,
}

/// The first entry of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// The chain's first.
    Start,
    /// The one after this.
    After(EventId),
    /// The one at this place, whether it is there yet or not.
    Seq(u64),
    /// The boundary of this number, counted from 1.
    Boundary(u32),
    /// The last boundary; the chain's first entry where it has none.
    LastBoundary,
    /// So many before the end.
    Tail(u64),
}

impl Service {
    /// The range of seqs that `bounds` mean. Without a bound at its end it reaches past every chain. It may be empty, and
    /// may begin past the snapshot's end.
    pub async fn locate(&self, snapshot: &Snapshot, bounds: Bounds) -> Result<Range<u64>, ReadRefused> {
        if bounds.need_no_lookup() {
            return locate(&*self.store, snapshot, bounds);
        }
        let (store, snapshot) = (Arc::clone(&self.store), snapshot.clone());
        spawn_blocking(move || locate(&*store, &snapshot, bounds))
            .await
            .map_err(StoreError::engine("locate entries"))?
    }

    /// The session's chain as it stands, and what `read` makes of its entry of this name.
    pub async fn entry<T: Send + 'static>(
        &self,
        session: &SessionKey,
        id: EventId,
        read: impl FnOnce(&EntryRef<'_>) -> T + Send + 'static,
    ) -> Result<(Snapshot, T), ReadRefused> {
        let snapshot = self.snapshot(session).await?;
        let store = Arc::clone(&self.store);
        let found = spawn_blocking(move || {
            let seq = seq_of(&*store, &snapshot, id)?.ok_or(ReadRefused::NoSuchEntry)?;
            let read = entry_at(&*store, &snapshot, seq, read)?;
            Ok((snapshot, read))
        });
        found.await.map_err(StoreError::engine("read an entry"))?
    }
}

impl Bounds {
    fn need_no_lookup(&self) -> bool {
        let begin = !matches!(self.begin, Begin::After(_) | Begin::Boundary(_));
        begin && self.since.is_none() && self.before.is_none()
    }
}

fn locate(store: &dyn Store, snapshot: &Snapshot, bounds: Bounds) -> Result<Range<u64>, ReadRefused> {
    let bound = |parameter, id| seq_of(store, snapshot, id)?.ok_or(ReadRefused::NoSuchBound { parameter });
    let end = bounds.before.map(|id| bound("before", id)).transpose()?;
    let begin = match bounds.begin {
        Begin::Start => 0,
        Begin::After(id) => bound("after", id)? + 1,
        Begin::Seq(seq) => seq,
        Begin::Boundary(number) => boundary(store, snapshot, number)?,
        Begin::LastBoundary => snapshot.last_boundary.unwrap_or(0),
        Begin::Tail(count) => end.unwrap_or(snapshot.length).saturating_sub(count),
    };
    let since = match bounds.since {
        None => 0,
        Some(time) => first_where(store, snapshot, |entry| entry.created_at >= time)?,
    };
    Ok(begin.max(since)..end.unwrap_or(u64::MAX))
}

fn boundary(store: &dyn Store, snapshot: &Snapshot, number: u32) -> Result<u64, ReadRefused> {
    if !(1..=snapshot.boundary_count).contains(&number) {
        return Err(ReadRefused::NoSuchBoundary { count: snapshot.boundary_count });
    }
    Ok(first_where(store, snapshot, |entry| entry.boundary_count >= number)?)
}

pub(super) fn seq_of(store: &dyn Store, snapshot: &Snapshot, id: EventId) -> Result<Option<u64>, StoreError> {
    match id {
        EventId::Uuid(uuid) => store.seq_of(snapshot, &uuid),
        EventId::Seq(seq) => Ok(Some(seq).filter(|seq| *seq < snapshot.length)),
    }
}

/// What `read` makes of one entry that must be there.
pub(super) fn entry_at<T>(
    store: &dyn Store,
    snapshot: &Snapshot,
    seq: u64,
    read: impl FnOnce(&EntryRef<'_>) -> T,
) -> Result<T, StoreError> {
    let (mut read, mut result) = (Some(read), None);
    store.visit(snapshot, seq..seq + 1, Order::Ascending, &mut |entry| {
        result = read.take().map(|read| read(entry));
        ControlFlow::Break(())
    })?;
    result.ok_or_else(|| StoreError::Damaged(format!("entry {seq} of chain {} is missing", snapshot.chain)))
}

/// The seq of the first entry that is as `wanted` says, the chain's length where none is. From the first such entry on
/// all must be.
fn first_where(
    store: &dyn Store,
    snapshot: &Snapshot,
    wanted: impl Fn(&EntryRef<'_>) -> bool,
) -> Result<u64, StoreError> {
    let (mut low, mut high) = (0, snapshot.length);
    while low < high {
        let middle = low + (high - low) / 2;
        if entry_at(store, snapshot, middle, &wanted)? {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}
