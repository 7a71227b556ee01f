//! Reading a session: its head, its transcript whole, its entries page by page, or as they come.

pub(crate) mod entries;
mod error;
mod follow;
mod pages;
pub(crate) mod request;
mod teleport;
mod transcript;

use std::sync::Arc;

use futures_util::stream::BoxStream;
use http::Method;
use url::Url;
use verbatim_proto::{
    EntryUuid, SessionId,
    messages::{Event, EventsPage, Transcript},
    names::{X_ENTRY_COUNT, session_ingress_path},
};

pub use entries::{Begin, EntriesQuery, EntryPages};
pub use error::ReadError;
pub use follow::{Followed, Following};
use request::Fetch;
pub use teleport::{Completeness, Teleport};

use crate::{
    builder::Limits,
    exchange::Answer,
    paged::List,
    token::{Credentials, Token},
    wire::Wire,
};

/// Pages, and then at most one error, with which the stream ends.
pub type Pages = BoxStream<'static, Result<EventsPage, ReadError>>;
/// Events, and then at most one error, with which the stream ends.
pub type Events = BoxStream<'static, Result<Event, ReadError>>;

/// Where a chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The uuid of the newest entry that has one.
    pub uuid: Option<EntryUuid>,
    /// Entries in the chain.
    pub entries: u64,
}

/// Reads one session. Every request is retried as the client's [`RetryPolicy`](crate::RetryPolicy) says.
///
/// Payloads are the bytes that were appended, outer white space aside, whatever a JSON library would make of them.
#[derive(Clone)]
pub struct Reader {
    pub(crate) wire: Arc<Wire>,
    session: SessionId,
    pub(crate) credentials: Arc<Credentials>,
    limits: Limits,
}

impl Reader {
    pub(crate) fn new(wire: Arc<Wire>, session: SessionId, credentials: Credentials, limits: Limits) -> Self {
        Self { wire, session, credentials: Arc::new(credentials), limits }
    }

    /// The session that is read.
    pub fn session(&self) -> &SessionId {
        &self.session
    }

    /// Where the chain stands, without reading it.
    pub async fn head(&self) -> Result<Head, ReadError> {
        let parse = |answer: &Answer| {
            let entries = answer.header(X_ENTRY_COUNT).and_then(|count| count.parse().ok());
            let entries = entries.ok_or("the answer does not say how many entries there are")?;
            Ok::<_, &str>(Head { uuid: answer.head(), entries })
        };
        let url = self.wire.url(&session_ingress_path(self.session()));
        let request = |token: &Token| self.wire.request(Method::HEAD, url.clone(), token);
        self.fetch().run(request, self.wire.read_idle_timeout, parse).await
    }

    /// The whole transcript, from one snapshot, in memory. It is known to be complete: `count` and `last_uuid` are checked
    /// against the entries, and a body that was cut off is read again. For chains too long for memory see
    /// [`events`](Self::events).
    pub async fn read_all(&self) -> Result<Transcript, ReadError> {
        self.transcript(transcript::Part::Whole).await
    }

    /// The transcript from its last compaction boundary on, that entry included; all of it where there is none.
    pub async fn after_last_compact(&self) -> Result<Transcript, ReadError> {
        self.transcript(transcript::Part::AfterLastCompact).await
    }

    /// The transcript page by page, in constant memory.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = verbatim_fake::Server::start().await;
    /// # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// # let session = verbatim_client::SessionId::new("s1")?;
    /// # client.session(&session).append(r#"{"uuid":"u1","type":"user"}"#).await?;
    /// use futures_util::TryStreamExt;
    ///
    /// let mut pages = client.reader(&session).pages();
    /// while let Some(page) = pages.try_next().await? {
    ///     for event in page.data {
    ///         println!("{} {}", event.event_id, event.payload.get());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn pages(&self) -> Pages {
        pages::pages(self, None)
    }

    /// The pages from a `next_cursor` on, for example one that a [`Teleport`] was cut off at.
    pub fn pages_from(&self, cursor: impl Into<String>) -> Pages {
        pages::pages(self, Some(cursor.into()))
    }

    /// The transcript event by event, over pages, in the memory of one page.
    pub fn events(&self) -> Events {
        pages::events(self.pages())
    }

    /// The transcript over pages, in memory. What was read before an error is kept and marked partial; an error before
    /// the first page is returned as such, so that an unknown session is told apart from one that vanished midway.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = verbatim_fake::Server::start().await;
    /// # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// # let session = verbatim_client::SessionId::new("s1")?;
    /// # client.session(&session).append(r#"{"uuid":"u1","type":"user"}"#).await?;
    /// use verbatim_client::{Completeness, ReadError};
    ///
    /// match client.reader(&session).teleport().await {
    ///     Ok(read) => match read.completeness {
    ///         Completeness::Complete => assert_eq!(read.events.len(), 1),
    ///         Completeness::Partial { cause, .. } => println!("kept {} events: {cause}", read.events.len()),
    ///     },
    ///     Err(ReadError::NotFound(_)) => println!("there is no such session"),
    ///     Err(error) => return Err(error.into()),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn teleport(&self) -> Result<Teleport, ReadError> {
        teleport::collect(self.pages()).await
    }

    async fn transcript(&self, part: transcript::Part) -> Result<Transcript, ReadError> {
        let mut url = self.wire.url(&session_ingress_path(self.session()));
        part.ask(&mut url);
        self.fetch().get(url, |answer| part.check(&answer.body)).await
    }

    fn list(&self, url: Url, cursor: Option<String>, may_be_empty: bool) -> List {
        let Self { wire, credentials, limits, .. } = self.clone();
        List { wire, credentials, url, cursor, pages_max: limits.pages_max, may_be_empty }
    }

    fn fetch(&self) -> Fetch<'_> {
        Fetch { wire: &self.wire, credentials: &self.credentials }
    }
}
