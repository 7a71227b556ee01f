//! Reads: a snapshot first, then its entries, a chunk at a time, so that one of any length takes constant memory.

use std::{
    ops::{ControlFlow, Range},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::task::spawn_blocking;

use super::{ReadRefused, Service};
use crate::{
    limits::CHUNK_BYTES,
    store::{EntryRef, Order, SessionKey, SessionStatus, Snapshot, Store, StoreError},
};

/// How entries become the bytes of an answer. Called on a blocking thread.
pub trait Encode: Send + 'static {
    /// Writes what stands before the first entry.
    fn begin(&mut self, out: &mut Vec<u8>);
    /// Writes one entry; breaks once it is to be the last.
    fn entry(&mut self, entry: &EntryRef<'_>, out: &mut Vec<u8>) -> ControlFlow<()>;
    /// Writes what stands after the last entry. `rest` is what of the range was not shown.
    fn end(&mut self, rest: &Range<u64>, out: &mut Vec<u8>);
}

/// An answer: whole where it is small, else in chunks. A chunk that fails must cut the answer off visibly.
pub enum Streamed<S> {
    /// All of it.
    Whole(Bytes),
    /// Its chunks.
    Chunks(S),
}

impl Service {
    /// The session's chain as it stands. A deleted session is not found.
    pub async fn snapshot(&self, session: &SessionKey) -> Result<Snapshot, ReadRefused> {
        let (store, session) = (Arc::clone(&self.store), session.clone());
        let found = spawn_blocking(move || store.snapshot(&session)).await;
        let found = found.map_err(StoreError::engine("read a session"))??;
        found.filter(|snapshot| snapshot.status != SessionStatus::Deleted).ok_or(ReadRefused::NotFound)
    }

    /// Encodes the snapshot's entries in `range`, which may reach past its length. An error after the first chunk ends
    /// the stream with it.
    pub async fn read<E: Encode>(
        &self,
        snapshot: &Snapshot,
        range: Range<u64>,
        order: Order,
        encode: E,
    ) -> Result<Streamed<impl Stream<Item = Result<Bytes, StoreError>> + use<E>>, ReadRefused> {
        let (store, snapshot) = (Arc::clone(&self.store), snapshot.clone());
        let reading = Reading { store, snapshot, rest: range, order, encode, state: State::Begin };
        let (first, reading) = reading.next_chunk().await?;
        if reading.state == State::Done {
            return Ok(Streamed::Whole(first));
        }
        let rest = stream::try_unfold(reading, |reading| async move {
            if reading.state == State::Done { Ok(None) } else { reading.next_chunk().await.map(Some) }
        });
        Ok(Streamed::Chunks(stream::StreamExt::chain(stream::iter([Ok(first)]), rest)))
    }
}

struct Reading<E> {
    store: Arc<dyn Store>,
    snapshot: Snapshot,
    rest: Range<u64>,
    order: Order,
    encode: E,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Begin,
    Middle,
    Done,
}

impl<E: Encode> Reading<E> {
    async fn next_chunk(self) -> Result<(Bytes, Self), StoreError> {
        spawn_blocking(|| self.next_chunk_now()).await.map_err(StoreError::engine("read entries"))?
    }

    fn next_chunk_now(mut self) -> Result<(Bytes, Self), StoreError> {
        let mut out = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 4);
        let Self { store, snapshot, rest, order, encode, state } = &mut self;
        if *state == State::Begin {
            encode.begin(&mut out);
            *state = State::Middle;
        }
        let mut last = false;
        store.visit(snapshot, rest.clone(), *order, &mut |entry| {
            last = encode.entry(entry, &mut out).is_break();
            match order {
                Order::Ascending => rest.start = entry.seq + 1,
                Order::Descending => rest.end = entry.seq,
            }
            if last || out.len() >= CHUNK_BYTES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if last || rest.start >= rest.end.min(snapshot.length) {
            encode.end(rest, &mut out);
            *state = State::Done;
        }
        Ok((out.into(), self))
    }
}
