//! Sessions as resources: create, list, show, patch, fork, reset, delete, restore, purge; batches of entries, redaction,
//! previews.

mod batch;
mod error;
mod filter;
mod gone;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use http::{Method, header};
use url::Url;
use uuid::Uuid;
use verbatim_proto::{
    SessionId,
    names::{PREVIEWS_PATH, SESSIONS_PATH, session_fork_path, session_path, session_restore_path},
    sessions::{CreateSession, ForkSession, PatchSession, Preview, PreviewSessions, Previews, Session, SessionsPage},
};

pub use batch::{Batch, BatchFormError};
pub use error::{BatchError, ChangeError};
pub use filter::SessionFilter;
pub use gone::Reset;

use crate::{
    builder::Limits,
    change::{Change, body},
    decode::whole,
    exchange::Answer,
    failure::Failure,
    paged::List,
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
        self.fetch().get(self.wire.url(&session_path(session)), described).await
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

    /// The last items of up to 64 sessions at once, in the order of the request; a session that is missing says so in its
    /// place.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = verbatim_fake::Server::start().await;
    /// # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// # let session = verbatim_client::SessionId::new("s1")?;
    /// # client.session(&session).append(r#"{"uuid":"u1","type":"user","message":{"content":"Hello"}}"#).await?;
    /// use verbatim_client::{Preview, PreviewSessions, SessionId};
    ///
    /// let ids = vec![session, SessionId::new("nowhere")?];
    /// let previews = client.sessions().previews(&PreviewSessions { ids, ..PreviewSessions::default() }).await?;
    /// assert!(matches!(&previews[0], Preview::Found(found) if found.items[0].text == "Hello"));
    /// assert!(matches!(&previews[1], Preview::Missing { .. }));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn previews(&self, of: &PreviewSessions) -> Result<Vec<Preview>, ReadError> {
        let failed = |error| ReadError::Rejected(Failure::local(None, error).into());
        let body = Bytes::from(serde_json::to_vec(of).map_err(failed)?);
        let request = |token: &Token| {
            let request = self.wire.request(Method::POST, self.wire.url(PREVIEWS_PATH), token);
            request.header(header::CONTENT_TYPE, "application/json").body(body.clone())
        };
        let parse = |answer: &Answer| match whole(answer, "the previews") {
            Ok(Previews { data }) if data.len() == of.ids.len() => Ok(data),
            Ok(_) => Err("there is not one preview for each session".to_owned()),
            Err(why) => Err(why),
        };
        self.fetch().run(request, self.wire.read_idle_timeout, parse).await
    }

    async fn change(
        &self,
        method: Method,
        url: Url,
        body: Vec<u8>,
        if_match: Option<&str>,
    ) -> Result<Described, ChangeError> {
        let header = if_match.map(|etag| (header::IF_MATCH.as_str(), etag.to_owned()));
        let change = Change { header, ..self.changing(method, url, body) };
        change.make("the session in the answer", described).await
    }

    fn changing(&self, method: Method, url: Url, body: Vec<u8>) -> Change<'_> {
        Change { wire: &self.wire, credentials: &self.credentials, method, url, body, header: None }
    }

    fn fetch(&self) -> Fetch<'_> {
        Fetch { wire: &self.wire, credentials: &self.credentials }
    }
}

fn described(answer: &Answer) -> Result<Described, String> {
    let session = whole(answer, "the session in the answer")?;
    let etag = answer.header(header::ETAG.as_str()).ok_or("the answer names no revision")?.to_owned();
    Ok(Described { session, etag })
}

/// Made here, so that a creation is the same one however often it is sent.
fn new_id() -> Option<SessionId> {
    SessionId::new(&Uuid::new_v4().to_string()).ok()
}
