//! The queue of one session, and the one task that empties it.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;
use verbatim_proto::{EntryUuid, IdempotencyKey, SessionId, messages::AppendReceipt};

use super::{
    AppendError, Behind, NotSent, OutcomeUnknown,
    append::Append,
    gate::{Closed, Gate, Pass},
};
use crate::{
    failure::Failure,
    read::{Head, ReadError, Reader},
};

/// An entry on its way: checked, and recognisable when it is sent again.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) body: Bytes,
    pub(super) uuid: Option<EntryUuid>,
    /// None where there is a uuid.
    pub(super) key: Option<Box<IdempotencyKey>>,
}

impl Entry {
    pub(super) fn new(body: Bytes, uuid: Option<EntryUuid>, key: Option<IdempotencyKey>) -> Self {
        let made_up = || IdempotencyKey::new(Uuid::new_v4().hyphenated().encode_lower(&mut Uuid::encode_buffer())).ok();
        let key = if uuid.is_some() { None } else { key.or_else(made_up).map(Box::new) };
        Self { body, uuid, key }
    }

    pub(super) fn unknown(self, failure: Failure) -> AppendError {
        AppendError::OutcomeUnknown(Box::new(OutcomeUnknown {
            entry: self.body,
            key: self.key.map(|key| *key),
            failure,
        }))
    }

    fn not_sent(self, behind: Arc<Behind>) -> AppendError {
        AppendError::NotSent(Box::new(NotSent { entry: self.body, key: self.key.map(|key| *key), behind }))
    }
}

/// What callers and the task share.
pub(super) struct Shared {
    pub(super) reader: Reader,
    head: Mutex<Option<EntryUuid>>,
    gate: Gate,
}

pub(super) struct Queue {
    shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
    /// Until the first call, which knows the runtime to start the task on.
    unstarted: Mutex<Option<mpsc::Receiver<Job>>>,
}

enum Job {
    Append { entry: Entry, pass: Pass, reply: oneshot::Sender<Reply> },
    Hydrate { reply: oneshot::Sender<Result<Head, ReadError>> },
}

/// A failure travels with the guard that keeps the gate closed until the caller has it.
type Reply = Result<AppendReceipt, (AppendError, Option<Closed>)>;

impl Queue {
    pub(super) fn new(reader: Reader, entries: NonZeroUsize) -> Self {
        let (jobs, unstarted) = mpsc::channel(entries.get());
        let shared = Shared { reader, head: Mutex::default(), gate: Gate::default() };
        Self { shared: Arc::new(shared), jobs, unstarted: Mutex::new(Some(unstarted)) }
    }

    pub(super) fn session(&self) -> &SessionId {
        self.shared.reader.session()
    }

    pub(super) fn head(&self) -> Option<EntryUuid> {
        self.shared.head()
    }

    pub(super) fn clear(&self) {
        self.shared.gate.clear();
    }

    pub(super) async fn append(&self, entry: Entry) -> Result<AppendReceipt, AppendError> {
        let pass = match self.shared.gate.enter() {
            Ok(pass) => pass,
            Err(behind) => return Err(entry.not_sent(behind)),
        };
        self.start();
        let (reply, answer) = oneshot::channel();
        if self.jobs.send(Job::Append { entry: entry.clone(), pass, reply }).await.is_err() {
            return Err(entry.not_sent(Arc::new(Behind::RuntimeEnded)));
        }
        match answer.await {
            Ok(Ok(receipt)) => Ok(receipt),
            Ok(Err((error, _closed))) => Err(error),
            Err(_) => Err(entry.unknown(Failure::local(None, "the runtime ended before the answer came"))),
        }
    }

    pub(super) async fn hydrate(&self) -> Result<Head, ReadError> {
        self.start();
        let ended = |_| ReadError::Unavailable(Failure::local(None, Behind::RuntimeEnded).into());
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Hydrate { reply }).await.map_err(|_| ()).map_err(ended)?;
        answer.await.map_err(|_| ()).map_err(ended)?
    }

    fn start(&self) {
        let jobs = self.unstarted.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(jobs) = jobs {
            tokio::spawn(run(self.shared.clone(), jobs));
        }
    }
}

async fn run(shared: Arc<Shared>, mut jobs: mpsc::Receiver<Job>) {
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Hydrate { reply } => drop(reply.send(shared.hydrate().await)),
            Job::Append { entry, pass, reply } => {
                let result = match shared.gate.check(pass) {
                    Ok(()) => shared.append(entry).await,
                    Err(behind) => Err((entry.not_sent(behind), None)),
                };
                drop(reply.send(result));
            }
        }
    }
}

impl Shared {
    pub(super) fn head(&self) -> Option<EntryUuid> {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn adopt(&self, head: Option<EntryUuid>) {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = head;
    }

    async fn append(&self, entry: Entry) -> Reply {
        let uuid = entry.uuid;
        let error = match Append::new(self, entry).run().await {
            Ok(receipt) => return Ok(receipt),
            Err(error) => error,
        };
        let failure = match (&error, error.failure()) {
            (AppendError::Rejected(_), _) | (_, None) => return Err((error, None)),
            (_, Some(failure)) => failure.clone(),
        };
        tracing::debug!(session = %self.reader.session(), %failure, "append stopped; what is queued behind it is given back");
        let closed = self.gate.close(Behind::Failed { uuid, may_be_stored: error.may_be_stored(), failure });
        Err((error, Some(closed)))
    }

    async fn hydrate(&self) -> Result<Head, ReadError> {
        let head = match self.reader.head().await {
            Err(ReadError::NotFound(_)) => Head { uuid: None, entries: 0 },
            other => other?,
        };
        self.adopt(head.uuid);
        Ok(head)
    }
}
