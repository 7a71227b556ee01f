//! Batches: entries that are stored together or not at all.

use bytes::Bytes;
use http::{Method, header};
use uuid::Uuid;
use verbatim_proto::{
    EntryError, EntryUuid, EntryView, IdempotencyKey, SessionId,
    limits::BATCH_ENTRIES_MAX,
    messages::BatchReceipt,
    names::{IDEMPOTENCY_KEY, LAST_UUID, session_entries_path},
};

use super::{BatchError, Sessions};
use crate::{call::Call, exchange::Answer, failure::Failure, token::Token};

/// Entries to append together. Appended again, it is recognised: by the entries' uuids, and where one has none by an
/// idempotency key that the batch keeps.
#[derive(Debug, Clone)]
pub struct Batch {
    body: Bytes,
    entries: usize,
    key: IdempotencyKey,
}

/// Why entries are no batch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchFormError {
    /// None at all.
    #[error("a batch has at least one entry")]
    Empty,
    /// More than a server takes at once.
    #[error("a batch has at most {BATCH_ENTRIES_MAX} entries; send the rest in another")]
    TooMany,
    /// One of them is no entry.
    #[error("entry {number} of the batch: {error}")]
    Entry {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        error: EntryError,
    },
    /// No key could be made up.
    #[error("make up an idempotency key")]
    Key,
}

impl Batch {
    /// Checks the entries and puts them together, each byte for byte.
    pub fn new<E: AsRef<[u8]>>(entries: impl IntoIterator<Item = E>) -> Result<Self, BatchFormError> {
        let mut body = vec![b'['];
        let mut count = 0;
        for entry in entries {
            if count == BATCH_ENTRIES_MAX {
                return Err(BatchFormError::TooMany);
            }
            if count > 0 {
                body.push(b',');
            }
            count += 1;
            let parsed = EntryView::parse(entry.as_ref());
            body.extend_from_slice(parsed.map_err(|error| BatchFormError::Entry { number: count, error })?.payload);
        }
        if count == 0 {
            return Err(BatchFormError::Empty);
        }
        body.push(b']');
        let key = IdempotencyKey::new(Uuid::new_v4().hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        Ok(Self { body: body.into(), entries: count, key: key.map_err(|_| BatchFormError::Key)? })
    }

    /// With this key in place of one that is made up: the n-th entry without uuid is recognised by the key and n.
    #[must_use]
    pub fn with_key(mut self, key: IdempotencyKey) -> Self {
        self.key = key;
        self
    }

    /// The key by which its entries without uuid are recognised.
    pub fn key(&self) -> &IdempotencyKey {
        &self.key
    }

    /// How many entries it has.
    pub fn entries(&self) -> usize {
        self.entries
    }
}

impl Sessions {
    /// Appends a batch behind whatever the head is, and returns once the server has all of it on disk. The session is
    /// created where it is new. Network errors, 408, 429 and 5xx are retried; a conflict is answered by adopting the head
    /// that there is. However often it is sent, each entry is stored once.
    ///
    /// It does not wait for the entries queued in a [`SessionWriter`](crate::SessionWriter) of the session.
    ///
    /// ```no_run
    /// # async fn append(client: verbatim_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use verbatim_client::{Batch, SessionId};
    ///
    /// let batch = Batch::new([r#"{"uuid":"u1","type":"user"}"#, r#"{"type":"summary"}"#])?;
    /// let receipt = client.sessions().append_batch(&SessionId::new("s1")?, &batch).await?;
    /// assert_eq!(receipt.results.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn append_batch(&self, session: &SessionId, batch: &Batch) -> Result<BatchReceipt, BatchError> {
        let mut call = Call::new(&self.wire, &self.credentials);
        let mut last: Option<EntryUuid> = None;
        let mut conflicts = 0;
        loop {
            let request = |token: &Token| {
                let url = self.wire.url(&session_entries_path(session));
                let request = self.wire.request(Method::POST, url, token).body(batch.body.clone());
                let request = request.header(header::CONTENT_TYPE, "application/json");
                let request = request.header(IDEMPOTENCY_KEY, batch.key.as_str());
                match &last {
                    Some(last) => request.header(LAST_UUID, last.as_str()),
                    None => request,
                }
            };
            let answer = call.answer(request).await;
            let answer = answer.map_err(|stopped| BatchError::stopped(stopped, call.may_be_done))?;
            let failure = Box::new(Failure::answered(&answer, call.attempts));
            match answer.status.as_u16() {
                200 | 201 => match receipt(&answer, batch) {
                    Some(receipt) => return Ok(receipt),
                    None => {
                        let again = call.damaged(&answer, "the receipt").await;
                        again.map_err(|stopped| BatchError::stopped(stopped, call.may_be_done))?;
                    }
                },
                409 => {
                    // All of it would be "already stored" if an earlier attempt had been carried out.
                    call.may_be_done = false;
                    conflicts += 1;
                    if conflicts > self.wire.retry.conflicts_max || answer.head() == last {
                        return Err(BatchError::Contended(failure));
                    }
                    last = answer.head();
                }
                410 | 404 | 405 | 300..=399 if call.may_be_done => return Err(BatchError::OutcomeUnknown(failure)),
                410 => return Err(BatchError::SessionEnded(failure)),
                400 | 413 | 415 | 422 => return Err(BatchError::Rejected(failure)),
                _ => return Err(BatchError::Misdirected(failure)),
            }
        }
    }
}

fn receipt(answer: &Answer, batch: &Batch) -> Option<BatchReceipt> {
    let receipt: BatchReceipt = serde_json::from_slice(&answer.body).ok()?;
    Some(receipt).filter(|receipt| receipt.results.len() == batch.entries)
}
