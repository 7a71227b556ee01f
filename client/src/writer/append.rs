//! One append, from its first request to its receipt or its error.

use std::time::Duration;

use futures_util::TryStreamExt;
use http::StatusCode;
use verbatim_proto::{
    EntryUuid, Outcome,
    messages::{AppendReceipt, AppendStatus},
};

use super::{
    AppendError, NotStored,
    queue::{Entry, Shared},
};
use crate::{
    exchange::{Answer, Lost},
    failure::Failure,
    read::{ReadError, Reader},
    retry::Retries,
    token::{Token, TokenError},
    wire::Put,
};

pub(super) struct Append<'a> {
    shared: &'a Shared,
    entry: Entry,
    retries: Retries,
    attempts: u32,
    conflicts: u32,
    renewed: bool,
    /// Whether the server has named the entry itself as the head, and yet answered 409.
    is_head: bool,
    /// Whether a request was sent whose fate is open. Then nothing but an answer about this very uuid is a refusal.
    may_be_stored: bool,
}

/// What to do after an answer.
enum Next {
    Done(AppendReceipt),
    Again,
    Wait(Option<Duration>, Failure),
    Stop(Stop, Failure),
}

type Stop = fn(Box<NotStored>) -> AppendError;

impl<'a> Append<'a> {
    pub(super) fn new(shared: &'a Shared, entry: Entry) -> Self {
        let retries = Retries::new(&shared.reader.wire.retry);
        Self { shared, entry, retries, attempts: 0, conflicts: 0, renewed: false, is_head: false, may_be_stored: false }
    }

    pub(super) async fn run(mut self) -> Result<AppendReceipt, AppendError> {
        let Reader { wire, credentials, .. } = &self.shared.reader;
        let session = self.shared.reader.session();
        let mut token = match credentials.current().await {
            Ok(token) => token,
            Err(error) => return Err(self.stop(AppendError::NotAllowed, no_token(error, 0))),
        };
        loop {
            self.attempts += 1;
            let (entry, key) = (self.entry.body.clone(), self.entry.key.as_deref());
            let put = Put { session, entry, last: self.shared.head(), key };
            let next = match wire.put(put, &token).await {
                Ok(answer) => self.answered(&answer, &mut token).await,
                Err(lost) => self.lost(&lost),
            };
            match next {
                Next::Done(receipt) => return Ok(receipt),
                Next::Again => {}
                Next::Stop(kind, failure) => return Err(self.stop(kind, failure)),
                Next::Wait(retry_after, failure) => {
                    let Some(delay) = self.retries.after_failure(retry_after) else {
                        return Err(self.stop(AppendError::Unavailable, failure));
                    };
                    tracing::debug!(%session, attempts = self.attempts, ?delay, %failure, "append again");
                    wire.sleeper.sleep(delay).await;
                }
            }
        }
    }

    fn lost(&mut self, lost: &Lost) -> Next {
        self.may_be_stored |= lost.may_have_arrived();
        Next::Wait(None, Failure::lost(lost, self.attempts))
    }

    async fn answered(&mut self, answer: &Answer, token: &mut Token) -> Next {
        let failure = Failure::answered(answer, self.attempts);
        match answer.status.as_u16() {
            200 | 201 => self.stored(answer),
            401 => self.renew(token, failure).await,
            403 => Next::Stop(AppendError::NotAllowed, failure),
            409 => self.conflict(answer, failure).await,
            410 => Next::Stop(AppendError::SessionEnded, failure),
            400 | 413 | 415 => Next::Stop(AppendError::Rejected, failure),
            422 => {
                self.may_be_stored = false;
                Next::Stop(AppendError::Rejected, failure)
            }
            408 | 429 | 500.. => {
                let said = answer.refusal().and_then(|refusal| refusal.outcome);
                self.may_be_stored |= match said {
                    Some(Outcome::NotStored) => false,
                    Some(Outcome::Unknown) => true,
                    None => answer.status != StatusCode::TOO_MANY_REQUESTS,
                };
                Next::Wait(answer.retry_after(), failure)
            }
            _ => Next::Stop(AppendError::Misdirected, failure),
        }
    }

    fn stored(&mut self, answer: &Answer) -> Next {
        let receipt: AppendReceipt = match serde_json::from_slice(&answer.body) {
            Ok(receipt) => receipt,
            Err(_) => {
                self.may_be_stored = true;
                let what = "the receipt is damaged or cut off";
                return Next::Wait(None, Failure::damaged(answer, what, self.attempts));
            }
        };
        let own = self.entry.uuid.filter(|_| receipt.status == AppendStatus::Stored);
        if let Some(head) = answer.head().or(own) {
            self.shared.adopt(Some(head));
        }
        Next::Done(receipt)
    }

    async fn renew(&mut self, token: &mut Token, failure: Failure) -> Next {
        if std::mem::replace(&mut self.renewed, true) {
            return Next::Stop(AppendError::NotAllowed, failure);
        }
        match self.shared.reader.credentials.renewed(token).await {
            Ok(Some(new)) => {
                *token = new;
                Next::Again
            }
            Ok(None) => Next::Stop(AppendError::NotAllowed, failure),
            Err(error) => Next::Stop(AppendError::NotAllowed, no_token(error, self.attempts)),
        }
    }

    async fn conflict(&mut self, answer: &Answer, failure: Failure) -> Next {
        self.may_be_stored = false;
        self.conflicts += 1;
        if self.conflicts > self.shared.reader.wire.retry.conflicts_max {
            return Next::Stop(AppendError::Contended, failure);
        }
        let head = match answer.head() {
            Some(head) => Some(head),
            None => match self.shared.reader.head().await {
                Ok(head) => head.uuid,
                Err(ReadError::NotFound(_)) => None,
                Err(ReadError::NotAllowed(failure)) => return Next::Stop(AppendError::NotAllowed, *failure),
                Err(ReadError::Unavailable(failure)) => return Next::Stop(AppendError::Unavailable, *failure),
                Err(_) => return Next::Stop(AppendError::Misdirected, failure),
            },
        };
        match self.entry.uuid {
            Some(uuid) if head == Some(uuid) => self.found_as_head(uuid, failure).await,
            _ => {
                self.shared.adopt(head);
                Next::Again
            }
        }
    }

    /// The head is the entry itself, so it is stored. A server that keeps to the contract says so when it is sent once more;
    /// any other would append it twice if its own uuid went along as `Last-Uuid`, so its place is read from the pages.
    async fn found_as_head(&mut self, uuid: EntryUuid, failure: Failure) -> Next {
        self.may_be_stored = true;
        if !std::mem::replace(&mut self.is_head, true) {
            return Next::Again;
        }
        let mut events = self.shared.reader.events();
        let mut seq = 0;
        while let Ok(Some(event)) = events.try_next().await {
            if event.event_id == uuid.as_str() {
                self.shared.adopt(Some(uuid));
                let (status, uuid, created_at) = (AppendStatus::AlreadyStored, Some(uuid), event.created_at);
                return Next::Done(AppendReceipt { status, uuid, seq, created_at });
            }
            seq += 1;
        }
        Next::Stop(AppendError::Contended, failure)
    }

    fn stop(self, kind: Stop, failure: Failure) -> AppendError {
        match self.may_be_stored {
            true => self.entry.unknown(failure),
            false => kind(NotStored::new(self.entry.body, failure)),
        }
    }
}

fn no_token(error: TokenError, attempts: u32) -> Failure {
    Failure { attempts, ..Failure::local(None, format_args!("get a token: {error}")) }
}
