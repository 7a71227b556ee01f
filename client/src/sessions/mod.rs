//! Sessions as resources: create, list, show, patch, fork, delete, restore, and batches of entries.

mod batch;
mod error;
mod filter;

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use http::{Method, header};
use serde::Serialize;
use url::Url;
use uuid::Uuid;
use verbatim_proto::{
    SessionId,
    names::{SESSIONS_PATH, session_fork_path, session_path, session_restore_path},
    sessions::{CreateSession, ForkSession, PatchSession, Session, SessionsPage},
};

pub use batch::{Batch, BatchFormError};
pub use error::{BatchError, ChangeError};
pub use filter::SessionFilter;

use crate::{
    builder::Limits,
    call::Call,
    exchange::Answer,
    failure::Failure,
    paged::{List, place},
    read::{ReadError, request::Fetch},
    token::{Credentials, Token},
    wire::Wire,
};

/// Pages of sessions, and then at most one error, with which the stream ends.
pub type SessionPages = BoxStream<'static, Result<SessionsPage, ReadError>>;

/// A session, and the revision in which it was shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// The session.
    pub session: Session,
    /// Its `ETag`: what [`Sessions::patch`] takes to change this revision and no other.
    pub etag: String,
}

/// The organisation's sessions. Cheap to clone. Every request is retried as the client's
/// [`RetryPolicy`](crate::RetryPolicy) says, and none is carried out twice.
#[derive(Clone)]
pub struct Sessions {
    wire: Arc<Wire>,
    credentials: Arc<Credentials>,
    limits: Limits,
}

impl Sessions {
    pub(crate) fn new(wire: Arc<Wire>, credentials: Arc<Credentials>, limits: Limits) -> Self {
        Self { wire, credentials, limits }
    }

    /// Creates a session; the same body again gives the same session. An id is made up where there is none.
    pub async fn create(&self, mut session: CreateSession) -> Result<Described, ChangeError> {
        session.id = session.id.or_else(new_id);
        self.change(Method::POST, self.wire.url(SESSIONS_PATH), body(&session)?, None).await
    }

    /// One session.
    pub async fn show(&self, session: &SessionId) -> Result<Described, ReadError> {
        let fetch = Fetch { wire: &self.wire, credentials: &self.credentials, method: Method::GET };
        fetch.run(self.wire.url(&session_path(session)), described).await
    }

    /// The sessions that pass the filter, those that grew last first, in the memory of one page.
    ///
    /// ```no_run
    /// # async fn list(client: verbatim_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use futures_util::TryStreamExt;
    /// use verbatim_client::SessionFilter;
    ///
    /// let filter = SessionFilter { project: Some("blue".to_owned()), ..SessionFilter::default() };
    /// let mut sessions = client.sessions().list(&filter);
    /// while let Some(session) = sessions.try_next().await? {
    ///     println!("{} {}", session.id, session.length);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self, filter: &SessionFilter) -> BoxStream<'static, Result<Session, ReadError>> {
        self.pages(filter).map_ok(|page| stream::iter(page.data).map(Ok)).try_flatten().boxed()
    }

    /// The same in pages.
    pub fn pages(&self, filter: &SessionFilter) -> SessionPages {
        let mut url = self.wire.url(SESSIONS_PATH);
        filter.ask(&mut url);
        let Self { wire, credentials, limits } = self.clone();
        let cursor = filter.cursor.clone();
        List { wire, credentials, url, cursor, pages_max: limits.pages_max, may_be_empty: true }.pages()
    }

    /// Changes what is said of a session. With `if_match`, the [`Described::etag`] of a revision, that one and no later
    /// one: else it is [`ChangeError::Changed`]. Appends do not move the revision.
    pub async fn patch(
        &self,
        session: &SessionId,
        patch: &PatchSession,
        if_match: Option<&str>,
    ) -> Result<Described, ChangeError> {
        self.change(Method::PATCH, self.wire.url(&session_path(session)), body(patch)?, if_match).await
    }

    /// Makes a session that shares the chain up to an entry. An id is made up where there is none.
    pub async fn fork(&self, session: &SessionId, mut fork: ForkSession) -> Result<Described, ChangeError> {
        fork.id = fork.id.or_else(new_id);
        self.change(Method::POST, self.wire.url(&session_fork_path(session)), body(&fork)?, None).await
    }

    /// Puts a session into the bin; with `cascade`, the sessions of its sub-agents too.
    pub async fn delete(&self, session: &SessionId, cascade: bool) -> Result<Described, ChangeError> {
        let mut url = self.wire.url(&session_path(session));
        url.set_query(Some(if cascade { "cascade=true" } else { "cascade=false" }));
        self.change(Method::DELETE, url, Vec::new(), None).await
    }

    /// Takes a session out of the bin.
    pub async fn restore(&self, session: &SessionId) -> Result<Described, ChangeError> {
        self.change(Method::POST, self.wire.url(&session_restore_path(session)), Vec::new(), None).await
    }

    async fn change(
        &self,
        method: Method,
        url: Url,
        body: Vec<u8>,
        if_match: Option<&str>,
    ) -> Result<Described, ChangeError> {
        let mut call = Call::new(&self.wire, &self.credentials);
        let request = |token: &Token| {
            let mut request = self.wire.request(method.clone(), url.clone(), token);
            if !body.is_empty() {
                request = request.header(header::CONTENT_TYPE, "application/json").body(body.clone());
            }
            match if_match {
                Some(etag) => request.header(header::IF_MATCH, etag),
                None => request,
            }
        };
        loop {
            let answer = call.answer(request).await;
            let answer = answer.map_err(|stopped| ChangeError::stopped(stopped, call.may_be_done))?;
            let failure = Box::new(Failure::answered(&answer, call.attempts));
            match answer.status.as_u16() {
                200 | 201 => match described(&answer) {
                    Ok(described) => return Ok(described),
                    Err(_) => {
                        let again = call.damaged(&answer, "the session in the answer").await;
                        again.map_err(|stopped| ChangeError::stopped(stopped, call.may_be_done))?;
                    }
                },
                // The revision may have been moved by an attempt of this very change.
                412 if call.may_be_done => return Err(ChangeError::OutcomeUnknown(failure)),
                404 => return Err(ChangeError::NotFound(failure)),
                409 => return Err(ChangeError::Exists(failure)),
                410 => return Err(ChangeError::Ended(failure)),
                412 => return Err(ChangeError::Changed(failure)),
                _ => return Err(ChangeError::Rejected(failure)),
            }
        }
    }
}

fn described(answer: &Answer) -> Result<Described, String> {
    let session = serde_json::from_slice(&answer.body)
        .map_err(|error| format!("the session in the answer is damaged or cut off: {}", place(&error)))?;
    let etag = answer.header(header::ETAG.as_str()).ok_or("the answer names no revision")?.to_owned();
    Ok(Described { session, etag })
}

fn body(value: &impl Serialize) -> Result<Vec<u8>, ChangeError> {
    serde_json::to_vec(value).map_err(|error| ChangeError::Rejected(Failure::local(None, error).into()))
}

/// Made here, so that a creation is the same one however often it is sent.
fn new_id() -> Option<SessionId> {
    SessionId::new(&Uuid::new_v4().to_string()).ok()
}
