//! Appending to a session: one queue, one task, one append in flight.

mod append;
mod error;
mod gate;
mod queue;

use std::{num::NonZeroUsize, sync::Arc};

use bytes::Bytes;
use verbatim_proto::{EntryError, EntryUuid, EntryView, ErrorCode, IdempotencyKey, SessionId, messages::AppendReceipt};

pub use error::{AppendError, Behind, NotSent, NotStored, OutcomeUnknown};
use queue::{Entry, Queue};

use crate::{
    failure::Failure,
    read::{Head, ReadError, Reader},
};

/// Appends to one session, in the order of the calls. Cheap to clone; clones share the queue.
#[derive(Clone)]
pub struct SessionWriter(Arc<Queue>);

impl SessionWriter {
    pub(crate) fn new(reader: Reader, queue_entries: NonZeroUsize) -> Self {
        Self(Arc::new(Queue::new(reader, queue_entries)))
    }

    /// The session that is written.
    pub fn session(&self) -> &SessionId {
        self.0.session()
    }

    /// The head as this writer knows it: what it last stored, or was told by the server.
    pub fn head(&self) -> Option<EntryUuid> {
        self.0.head()
    }

    /// Appends an entry behind those that are queued, and returns once the server has it on disk.
    ///
    /// Waits for room while the queue is full. Network errors, 408, 429 and 5xx are retried; a conflict is answered by
    /// adopting the head that there is. However often an entry is sent, it is stored once: it is recognised by its
    /// `uuid`, or, where it has none, by an idempotency key that is made up here.
    ///
    /// A call that is dropped before it was given room sends nothing; one that is dropped later is carried out.
    pub async fn append(&self, entry: impl Into<Bytes>) -> Result<AppendReceipt, AppendError> {
        self.enqueue(entry.into(), None).await
    }

    /// As [`append`](Self::append), with the idempotency key by which an entry without `uuid` is recognised, for example
    /// the one of an [`OutcomeUnknown`]. An entry that has a `uuid` is recognised by that alone: the key is not sent.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = verbatim_fake::Server::start().await;
    /// # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// use verbatim_client::{AppendStatus, IdempotencyKey, SessionId};
    ///
    /// let writer = client.session(&SessionId::new("s1")?);
    /// let key = IdempotencyKey::new("line-1")?;
    /// let first = writer.append_with_key(r#"{"type":"summary"}"#, key).await?;
    /// let again = writer.append_with_key(r#"{"type":"summary"}"#, key).await?;
    /// assert_eq!((again.status, again.seq), (AppendStatus::AlreadyStored, first.seq));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn append_with_key(
        &self,
        entry: impl Into<Bytes>,
        key: IdempotencyKey,
    ) -> Result<AppendReceipt, AppendError> {
        self.enqueue(entry.into(), Some(key)).await
    }

    /// Asks the server for the head and adopts it, so that the first append to a long session meets no conflict.
    /// Queued like an append. A session that does not exist has no head and no entries.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = verbatim_fake::Server::start().await;
    /// # let session = verbatim_client::SessionId::new("s1")?;
    /// # let earlier = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// # earlier.session(&session).append(r#"{"uuid":"u1"}"#).await?;
    /// # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// let writer = client.session(&session);
    /// let head = writer.hydrate().await?;
    /// assert_eq!((head.entries, head.uuid), (1, writer.head()));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn hydrate(&self) -> Result<Head, ReadError> {
        self.0.hydrate().await
    }

    pub(crate) fn clear(&self) {
        self.0.clear();
    }

    async fn enqueue(&self, entry: Bytes, key: Option<IdempotencyKey>) -> Result<AppendReceipt, AppendError> {
        let uuid = match EntryView::parse(&entry) {
            Ok(view) => view.uuid,
            Err(error) => return Err(refused_here(entry, error)),
        };
        self.0.append(Entry::new(entry, uuid, key)).await
    }
}

fn refused_here(entry: Bytes, error: EntryError) -> AppendError {
    AppendError::Rejected(NotStored::new(entry, Failure::local(Some(ErrorCode::InvalidRequest), error)))
}
