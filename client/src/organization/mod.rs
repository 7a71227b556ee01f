//! The organisation as a whole: what happens to its sessions, how much there is, how long it is kept, what will go.

mod changes;

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use http::Method;
use verbatim_proto::{
    Timestamp,
    limits::SESSIONS_PAGE_MAX,
    names::{EXPIRING_PATH, SETTINGS_PATH, USAGE_PATH},
    organization::{Expiring, ExpiringPage, PatchSettings, Settings, Usage},
};

pub use changes::{Changed, Changes, Since};

use crate::{
    builder::Limits,
    change::{Change, body},
    decode::whole,
    paged::List,
    read::{ReadError, request::Fetch},
    sessions::ChangeError,
    token::Credentials,
    wire::Wire,
};

/// An organisation: that of the client's access tokens. Cheap to clone. Every request is retried as the client's
/// [`RetryPolicy`](crate::RetryPolicy) says.
#[derive(Clone)]
pub struct Organization {
    wire: Arc<Wire>,
    credentials: Arc<Credentials>,
    limits: Limits,
}

impl Organization {
    pub(crate) fn new(wire: Arc<Wire>, credentials: Arc<Credentials>, limits: Limits) -> Self {
        Self { wire, credentials, limits }
    }

    /// How much is kept, and how much of it came today.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = verbatim_fake::Server::start().await;
    /// # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// # let session = verbatim_client::SessionId::new("s1")?;
    /// client.session(&session).append(r#"{"uuid":"u1","type":"user"}"#).await?;
    /// assert_eq!(client.organization().usage().await?.total.entries, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn usage(&self) -> Result<Usage, ReadError> {
        self.fetch().get(self.wire.url(USAGE_PATH), |answer| whole(answer, "the usage")).await
    }

    /// What is set.
    pub async fn settings(&self) -> Result<Settings, ReadError> {
        self.fetch().get(self.wire.url(SETTINGS_PATH), |answer| whole(answer, "the settings")).await
    }

    /// Changes what is set, and gives all of it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = verbatim_fake::Server::start().await;
    /// # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// use verbatim_client::PatchSettings;
    ///
    /// let keep_a_year = PatchSettings { retention_days: Some(Some(365)) };
    /// let settings = client.organization().patch_settings(&keep_a_year).await?;
    /// assert_eq!(settings.retention_days, Some(365));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn patch_settings(&self, patch: &PatchSettings) -> Result<Settings, ChangeError> {
        let (wire, credentials) = (&*self.wire, &*self.credentials);
        let url = wire.url(SETTINGS_PATH);
        let change = Change { wire, credentials, method: Method::PATCH, url, body: body(patch)?, header: None };
        change.make("the settings", |answer| whole(answer, "the settings")).await
    }

    /// What will go by itself, the next first, in the memory of one page; with `before`, only what goes before that time.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = verbatim_fake::Server::start().await;
    /// # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
    /// use futures_util::TryStreamExt;
    ///
    /// let mut expiring = client.organization().expiring(None);
    /// while let Some(next) = expiring.try_next().await? {
    ///     println!("{} {}", next.at, next.session_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn expiring(&self, before: Option<Timestamp>) -> BoxStream<'static, Result<Expiring, ReadError>> {
        let mut url = self.wire.url(EXPIRING_PATH);
        url.query_pairs_mut().append_pair("limit", &SESSIONS_PAGE_MAX.to_string());
        if let Some(before) = before {
            url.query_pairs_mut().append_pair("before", &before.to_string());
        }
        let Self { wire, credentials, limits } = self.clone();
        let list = List { wire, credentials, url, cursor: None, pages_max: limits.pages_max, may_be_empty: true };
        list.pages().map_ok(|page: ExpiringPage| stream::iter(page.data).map(Ok)).try_flatten().boxed()
    }

    fn fetch(&self) -> Fetch<'_> {
        Fetch { wire: &self.wire, credentials: &self.credentials }
    }
}
