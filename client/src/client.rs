//! The client: one connection pool, and which sessions it has a queue for.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use verbatim_proto::SessionId;

use crate::{
    builder::{ClientBuilder, Limits},
    organization::Organization,
    read::Reader,
    sessions::Sessions,
    token::{Credentials, Subject, TokenProvider},
    wire::Wire,
    writer::SessionWriter,
};

/// A server, and the sessions that this process writes to it. Cheap to clone; clones share queues and connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    wire: Arc<Wire>,
    provider: Arc<dyn TokenProvider>,
    access: Arc<Credentials>,
    limits: Limits,
    writers: Mutex<HashMap<SessionId, SessionWriter>>,
}

impl Client {
    /// Settings for the client of the server at `url`, such as `http://127.0.0.1:4280`.
    pub fn builder(url: &str) -> ClientBuilder {
        ClientBuilder::new(url)
    }

    pub(crate) fn new(wire: Wire, provider: Arc<dyn TokenProvider>, limits: Limits) -> Self {
        let access = Arc::new(Credentials::new(Subject::Organization, provider.clone()));
        Self(Arc::new(Inner { wire: Arc::new(wire), provider, access, limits, writers: Mutex::default() }))
    }

    /// The writer of a session. The same session gives the same queue, until it is cleared.
    ///
    /// It keeps the session's head (and a sleeping task) until [`clear_session`](Self::clear_session): a process that
    /// writes to sessions without end clears those it is done with.
    pub fn session(&self, session: &SessionId) -> SessionWriter {
        let new = || SessionWriter::new(self.reader(session), self.0.limits.queue_entries);
        self.writers().entry(session.clone()).or_insert_with(new).clone()
    }

    /// Reads a session.
    pub fn reader(&self, session: &SessionId) -> Reader {
        let credentials = Credentials::new(Subject::Session(session.clone()), self.0.provider.clone());
        Reader::new(self.0.wire.clone(), session.clone(), credentials, self.0.limits)
    }

    /// The organisation's sessions as resources. Takes access tokens: [`TokenProvider::access_token`].
    pub fn sessions(&self) -> Sessions {
        Sessions::new(self.0.wire.clone(), self.0.access.clone(), self.0.limits)
    }

    /// The organisation as a whole. Takes access tokens, as [`sessions`](Self::sessions) does.
    pub fn organization(&self) -> Organization {
        Organization::new(self.0.wire.clone(), self.0.access.clone(), self.0.limits)
    }

    /// Forgets a session's head and queue. An append in flight ends as it will; those queued behind it are given back as
    /// [`AppendError::NotSent`](crate::AppendError::NotSent), and so is whatever is given to a writer taken before.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = verbatim_fake::Server::start().await;
    /// # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// # let session = verbatim_client::SessionId::new("s1")?;
    /// let writer = client.session(&session);
    /// writer.append(r#"{"uuid":"u1"}"#).await?;
    /// client.clear_session(&session);
    /// assert!(writer.append(r#"{"uuid":"u2"}"#).await.is_err());
    /// client.session(&session).append(r#"{"uuid":"u2"}"#).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear_session(&self, session: &SessionId) {
        let writer = self.writers().remove(session);
        if let Some(writer) = writer {
            writer.clear();
        }
    }

    /// Forgets every session, each as [`clear_session`](Self::clear_session) does.
    pub fn clear_all_sessions(&self) {
        let writers = std::mem::take(&mut *self.writers());
        writers.values().for_each(SessionWriter::clear);
    }

    fn writers(&self) -> MutexGuard<'_, HashMap<SessionId, SessionWriter>> {
        self.0.writers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.0.wire.base.as_str()).finish_non_exhaustive()
    }
}
