//! What takes content out of sight or away: purge, redaction, reset.

use http::Method;
use verbatim_proto::{
    EntryUuid, EventId, SessionId,
    messages::Entry,
    names::{LAST_UUID, session_path, session_reset_path},
    sessions::{PurgedSession, ResetSession},
};

use super::{ChangeError, Described, Sessions, described};
use crate::{
    change::{Change, Made},
    decode::whole,
    exchange::Answer,
    read::entries::entry_url,
};

/// A session that began a new chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Reset {
    /// The session, and the revision in which it was shown.
    pub described: Described,
    /// The session that holds the old chain; none where there was none to keep.
    pub archived_session_id: Option<SessionId>,
}

impl Sessions {
    /// Purges a session for good, whether it is in the bin or not; with `cascade`, the sessions of its sub-agents too.
    ///
    /// Gives none where the session is gone and the answer that said so was lost: an attempt whose outcome is unknown was
    /// followed by one that found nothing.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = verbatim_fake::Server::start().await;
    /// # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// # let session = verbatim_client::SessionId::new("s1")?;
    /// # client.session(&session).append(r#"{"uuid":"u1","type":"user"}"#).await?;
    /// use verbatim_client::ChangeError;
    ///
    /// if let Some(purged) = client.sessions().purge(&session, true).await? {
    ///     println!("{} may be used again from {} on", purged.id, purged.id_free_at);
    /// }
    /// let again = client.sessions().purge(&session, true).await;
    /// assert!(matches!(again, Err(ChangeError::NotFound(_))));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn purge(&self, session: &SessionId, cascade: bool) -> Result<Option<PurgedSession>, ChangeError> {
        let mut url = self.wire.url(&session_path(session));
        url.set_query(Some(if cascade { "purge=true&cascade=true" } else { "purge=true&cascade=false" }));
        let change = self.changing(Method::DELETE, url, Vec::new());
        let purged = change.make_or_gone("the receipt", |answer| whole(answer, "the receipt")).await?;
        Ok(match purged {
            Made::Answered(purged) => Some(purged),
            Made::Gone(_) => None,
        })
    }

    /// Begins a new, empty chain under the same id, and keeps the old one in a session of its own. `last` is the head that
    /// the caller believes in: where it is another one, this is [`ChangeError::Conflict`], which names it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = verbatim_fake::Server::start().await;
    /// # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// # let session = verbatim_client::SessionId::new("s1")?;
    /// client.session(&session).append(r#"{"uuid":"u1","type":"user"}"#).await?;
    /// use verbatim_client::{ChangeError, EntryUuid};
    ///
    /// let Err(ChangeError::Conflict { head, .. }) = client.sessions().reset(&session, None).await else {
    ///     panic!("the session has a head");
    /// };
    /// assert_eq!(head, EntryUuid::new("u1").ok());
    /// let reset = client.sessions().reset(&session, head.as_ref()).await?;
    /// assert_eq!(reset.described.session.length, 0);
    /// let archived = reset.archived_session_id.ok_or("there was a chain to keep")?;
    /// assert_eq!(client.reader(&archived).read_all().await?.count, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reset(&self, session: &SessionId, last: Option<&EntryUuid>) -> Result<Reset, ChangeError> {
        let url = self.wire.url(&session_reset_path(session));
        let header = last.map(|last| (LAST_UUID, last.to_string()));
        let change = Change { header, ..self.changing(Method::POST, url, Vec::new()) };
        let parse = |answer: &Answer| {
            let reset: ResetSession = whole(answer, "the session in the answer")?;
            Ok(Reset { described: described(answer)?, archived_session_id: reset.archived_session_id })
        };
        change.make("the session in the answer", parse).await
    }

    /// Takes an entry's content away for good, in every session that shares it, and gives what stays; also where that was
    /// done before.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = verbatim_fake::Server::start().await;
    /// # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// # let session = verbatim_client::SessionId::new("s1")?;
    /// client.session(&session).append(r#"{"uuid":"u1","type":"user","secret":"s"}"#).await?;
    /// let stub = client.sessions().redact(&session, &"u1".parse()?).await?;
    /// assert!(stub.is_redacted());
    /// let teleport = client.reader(&session).teleport().await?;
    /// assert!(teleport.events[0].is_redacted());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn redact(&self, session: &SessionId, entry: &EventId) -> Result<Entry, ChangeError> {
        let url = entry_url(&self.wire, session, entry).map_err(|failure| ChangeError::Rejected(failure.into()))?;
        self.changing(Method::DELETE, url, Vec::new()).make("the stub", |answer| whole(answer, "the stub")).await
    }
}
