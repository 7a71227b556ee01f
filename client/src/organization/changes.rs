//! What happens to the organisation's sessions, as it happens: a stream that resumes by itself, and page by page.

use std::{num::NonZeroUsize, time::Duration};

use futures_util::stream::BoxStream;
use http::Method;
use url::Url;
use verbatim_proto::{
    names::CHANGES_PATH,
    organization::{Change, ChangesPage},
};

use super::Organization;
use crate::{
    decode::{place, whole},
    feed::{Begun, Feed, Follow},
    read::ReadError,
    token::Token,
};

/// Changes as they happen, and then at most one error.
pub type Changes = BoxStream<'static, Result<Changed, ReadError>>;

/// A change of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The change.
    pub change: Change,
    /// Where to go on behind it: [`Since::Cursor`].
    pub cursor: String,
}

/// Where changes begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Since {
    /// With the first that is kept.
    #[default]
    Start,
    /// With the first from now on, which is when a stream is first polled.
    Now,
    /// Behind the place that this names: the cursor of a change or the `next_cursor` of a page.
    Cursor(String),
}

impl Organization {
    /// Follows the changes of the organisation's sessions: those that are kept, then each further one as it is stored. A
    /// connection that breaks, or that the server ends, is made again where the last change left off, as for
    /// [`Reader::follow`](crate::Reader::follow), so that none is missed. An `appended` may come again with the same length.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = verbatim_fake::Server::start().await;
    /// # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// # let session = verbatim_client::SessionId::new("s1")?;
    /// # client.session(&session).append(r#"{"uuid":"u1","type":"user"}"#).await?;
    /// use futures_util::TryStreamExt;
    /// use verbatim_client::{ChangeKind, organization::Since};
    ///
    /// let mut changes = client.organization().changes(Since::Start);
    /// while let Some(changed) = changes.try_next().await? {
    ///     println!("{} {}", changed.change.at, changed.change.session_id);
    ///     if let ChangeKind::Appended { length } = changed.change.what {
    ///         println!("it has {length} entries now");
    ///         break;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn changes(&self, from: Since) -> Changes {
        let feed = ChangeFeed { organization: self.clone(), from };
        Follow::new(self.wire.clone(), self.credentials.clone(), feed).stream()
    }

    /// The next changes behind `from`: as soon as there is one, or none after `wait`, of which the server grants 60 s at most.
    /// Without a wait this reads what is kept page by page, until a page is empty. The page's `next_cursor` leads on in
    /// either case. `limit` is how many a page holds at most; the server gives 500 unless told otherwise, and never more
    /// than 1,000.
    pub async fn changes_page(
        &self,
        from: &Since,
        wait: Duration,
        limit: Option<NonZeroUsize>,
    ) -> Result<ChangesPage, ReadError> {
        let mut url = self.wire.url(CHANGES_PATH);
        url.query_pairs_mut().append_pair("live", "long-poll").append_pair("wait", &wait.as_secs().to_string());
        if let Some(limit) = limit {
            url.query_pairs_mut().append_pair("limit", &limit.to_string());
        }
        match from {
            Since::Start => {}
            Since::Now => drop(url.query_pairs_mut().append_pair("from", "now")),
            Since::Cursor(cursor) => drop(url.query_pairs_mut().append_pair("cursor", cursor)),
        }
        let request = |token: &Token| self.wire.request(Method::GET, url.clone(), token);
        let idle = self.wire.read_idle_timeout.saturating_add(wait);
        self.fetch().run(request, idle, |answer| whole(answer, "the page")).await
    }
}

struct ChangeFeed {
    organization: Organization,
    from: Since,
}

impl Feed for ChangeFeed {
    type Item = Changed;
    const EVENT: &'static str = "change";
    const MAY_GO: bool = false;

    async fn begin(&mut self) -> Result<Begun<Changed>, ReadError> {
        match &self.from {
            Since::Start => Ok(Begun { first: None, cursor: None }),
            Since::Cursor(cursor) => Ok(Begun { first: None, cursor: Some(cursor.clone()) }),
            // Now moves on: where it is now is where the stream begins, however often it has to be asked for.
            Since::Now => {
                let page = self.organization.changes_page(&Since::Now, Duration::ZERO, Some(NonZeroUsize::MIN)).await?;
                let cursor = page.next_cursor;
                let first = page.data.into_iter().next().map(|change| Changed { change, cursor: cursor.clone() });
                Ok(Begun { first, cursor: Some(cursor) })
            }
        }
    }

    fn url(&self, _is_resumed: bool) -> Url {
        self.organization.wire.url(CHANGES_PATH)
    }

    fn take(&mut self, data: &[u8], cursor: &str) -> Result<Option<Changed>, String> {
        let change = serde_json::from_slice(data).map_err(|error| place(&error))?;
        Ok(Some(Changed { change, cursor: cursor.to_owned() }))
    }
}
