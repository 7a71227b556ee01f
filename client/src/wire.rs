//! The requests of the contract, as they go out: URL, headers, time-outs. One connection pool for the whole client.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, header};
use reqwest::RequestBuilder;
use url::Url;
use uuid::Uuid;
use verbatim_proto::{
    EntryUuid, IdempotencyKey, OrganizationId, SessionId,
    names::{self, IDEMPOTENCY_KEY, LAST_UUID, X_ORGANIZATION_UUID, X_REQUEST_ID},
};

use crate::{
    exchange::{Answer, Lost, Patience, exchange},
    retry::{RetryPolicy, Sleeper},
    token::Token,
};

/// What every request of a client shares.
pub(crate) struct Wire {
    pub(crate) http: reqwest::Client,
    /// Ends without a slash.
    pub(crate) base: Url,
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) append_timeout: Duration,
    pub(crate) read_idle_timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) sleeper: Arc<dyn Sleeper>,
}

/// What one append sends.
pub(crate) struct Put<'a> {
    pub(crate) session: &'a SessionId,
    pub(crate) entry: Bytes,
    pub(crate) last: Option<EntryUuid>,
    pub(crate) key: Option<&'a IdempotencyKey>,
}

impl Wire {
    /// Appends an entry (PROTOCOL.md, append).
    pub(crate) async fn put(&self, put: Put<'_>, token: &Token) -> Result<Answer, Lost> {
        let mut request = self.request(Method::PUT, self.url(&names::session_ingress_path(put.session)), token);
        request = request.header(header::CONTENT_TYPE, "application/json").body(put.entry);
        if let Some(last) = put.last {
            request = request.header(LAST_UUID, last.as_str());
        }
        if let Some(key) = put.key {
            request = request.header(IDEMPOTENCY_KEY, key.as_str());
        }
        exchange(request, Patience::Whole(self.append_timeout)).await
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }

    /// Sends what another file has put together, and waits for its answer as for an append's.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Answer, Lost> {
        exchange(request, Patience::Whole(self.append_timeout)).await
    }

    /// A request with what all of them carry.
    pub(crate) fn request(&self, method: Method, url: Url, token: &Token) -> RequestBuilder {
        let mut request = self.http.request(method, url).header(header::AUTHORIZATION, token.header());
        if let Some(organization) = self.organization {
            request = request.header(X_ORGANIZATION_UUID, organization.to_string());
        }
        request.header(X_REQUEST_ID, Uuid::new_v4().to_string())
    }
}
