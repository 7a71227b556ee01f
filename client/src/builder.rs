//! The client's settings, checked once when it is built.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use url::{Host, Url};
use verbatim_proto::{OrganizationId, limits::PAGE_ENTRIES_MAX};

use crate::{
    client::Client,
    retry::{RetryPolicy, Sleeper, TokioSleeper},
    tls,
    token::{Token, TokenError, TokenProvider},
    wire::Wire,
};

/// Time to make a connection, within the time of an append.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Entries that wait in one session's queue before callers wait for room.
const QUEUE_ENTRIES_DEFAULT: usize = 64;

/// Settings of a [`Client`]; each has a default but the token.
pub struct ClientBuilder {
    url: String,
    provider: Option<Result<Arc<dyn TokenProvider>, TokenError>>,
    organization: Option<OrganizationId>,
    append_timeout: Duration,
    read_idle_timeout: Duration,
    retry: RetryPolicy,
    sleeper: Arc<dyn Sleeper>,
    limits: Limits,
    trusted: Option<Vec<u8>>,
    certificate: Option<Vec<u8>>,
}

/// The bounds that sessions and readers of a client keep to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) queue_entries: NonZeroUsize,
    pub(crate) page_entries: NonZeroUsize,
    pub(crate) pages_max: Option<u64>,
}

/// Why a client cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Not the URL of a server.
    #[error("a server's URL is http://HOST:PORT or https://HOST:PORT, with a path before /v1 if need be: {0}")]
    Url(String),
    /// No token, or one out of form.
    #[error("no token to send: {0}")]
    Token(TokenError),
    /// What was given to [`ClientBuilder::trusted_ca`] holds no certificates.
    #[error("the authority to trust is not given as certificates in PEM: {0}")]
    TrustedCa(String),
    /// What was given to [`ClientBuilder::client_certificate`] is no certificate with its key.
    #[error("the client certificate is not given as a certificate and its private key, both in PEM: {0}")]
    ClientCertificate(String),
    /// The HTTP client cannot start, for example because the system has no trusted certificates.
    #[error("set up the HTTP client: {0}")]
    Http(#[source] reqwest::Error),
}

impl ClientBuilder {
    pub(crate) fn new(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            provider: None,
            organization: None,
            append_timeout: Duration::from_secs(30),
            read_idle_timeout: Duration::from_secs(20),
            retry: RetryPolicy::default(),
            sleeper: Arc::new(TokioSleeper),
            limits: Limits {
                queue_entries: NonZeroUsize::MIN.saturating_add(QUEUE_ENTRIES_DEFAULT - 1),
                page_entries: NonZeroUsize::MIN.saturating_add(PAGE_ENTRIES_MAX - 1),
                pages_max: None,
            },
            trusted: None,
            certificate: None,
        }
    }

    /// One token for everything, as text without the word `Bearer`.
    #[must_use]
    pub fn token(mut self, text: &str) -> Self {
        self.provider = Some(Token::new(text).map(|token| Arc::new(token) as _));
        self
    }

    /// Tokens that are fetched or made when they are needed.
    #[must_use]
    pub fn token_provider(mut self, provider: impl TokenProvider) -> Self {
        self.provider = Some(Ok(Arc::new(provider)));
        self
    }

    /// The organisation that the tokens must be of; the server refuses others with 403. Default: not checked.
    #[must_use]
    pub fn organization(mut self, organization: OrganizationId) -> Self {
        self.organization = Some(organization);
        self
    }

    /// How long one attempt of an append may take in all. Default: 30 s.
    #[must_use]
    pub fn append_timeout(mut self, timeout: Duration) -> Self {
        self.append_timeout = timeout;
        self
    }

    /// How long a read may wait for the next bytes. Default: 20 s.
    #[must_use]
    pub fn read_idle_timeout(mut self, timeout: Duration) -> Self {
        self.read_idle_timeout = timeout;
        self
    }

    /// When to send again. Default: [`RetryPolicy::default`].
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Where delays before another attempt are spent. Default: [`TokioSleeper`].
    #[must_use]
    pub fn sleeper(mut self, sleeper: impl Sleeper) -> Self {
        self.sleeper = Arc::new(sleeper);
        self
    }

    /// How many entries may wait in a session's queue; past it callers wait for room. Default: 64.
    #[must_use]
    pub fn queue_entries(mut self, entries: NonZeroUsize) -> Self {
        self.limits.queue_entries = entries;
        self
    }

    /// How many entries a page asks for; the server gives at most 1,000. Default: 1,000.
    #[must_use]
    pub fn page_entries(mut self, entries: NonZeroUsize) -> Self {
        self.limits.page_entries = entries;
        self
    }

    /// How many pages one stream reads before it ends with [`ReadError::PagesMax`](crate::ReadError::PagesMax).
    /// Default: no bound.
    #[must_use]
    pub fn pages_max(mut self, pages: u64) -> Self {
        self.limits.pages_max = Some(pages);
        self
    }

    /// Authorities to trust, as certificates in PEM, in place of the system's: for a server whose certificate is signed by
    /// an authority of your own. Default: those of the system.
    #[must_use]
    pub fn trusted_ca(mut self, pem: &[u8]) -> Self {
        self.trusted = Some(pem.to_owned());
        self
    }

    /// The certificate to show to a server that wants one, those between it and its authority, and its private key, all
    /// in one PEM text. Default: none.
    #[must_use]
    pub fn client_certificate(mut self, pem: &[u8]) -> Self {
        self.certificate = Some(pem.to_owned());
        self
    }

    /// Checks the settings. No connection is made yet.
    pub fn build(self) -> Result<Client, BuildError> {
        let missing = || TokenError::new("call token() or token_provider() before build()");
        let provider = self.provider.unwrap_or_else(|| Err(missing())).map_err(BuildError::Token)?;
        let base = parse_url(&self.url)?;
        let mut http = reqwest::Client::builder()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT.min(self.append_timeout))
            .user_agent(concat!("verbatim-client/", env!("CARGO_PKG_VERSION")));
        if is_this_machine(&base) {
            http = http.no_proxy();
        }
        if let Some(pem) = &self.trusted {
            http = http.tls_certs_only(tls::authorities(pem).map_err(BuildError::TrustedCa)?);
        }
        if let Some(pem) = &self.certificate {
            http = http.identity(tls::identity(pem).map_err(BuildError::ClientCertificate)?);
        }
        let wire = Wire {
            http: http.build().map_err(BuildError::Http)?,
            base,
            organization: self.organization,
            append_timeout: self.append_timeout,
            read_idle_timeout: self.read_idle_timeout,
            retry: self.retry,
            sleeper: self.sleeper,
        };
        Ok(Client::new(wire, provider, self.limits))
    }
}

fn parse_url(text: &str) -> Result<Url, BuildError> {
    let url = Url::parse(text).map_err(|error| BuildError::Url(error.to_string()))?;
    let wrong = |why: &str| Err(BuildError::Url(why.to_owned()));
    match url.scheme() {
        _ if !url.username().is_empty() || url.password().is_some() => wrong("it must hold no user name or password"),
        _ if url.query().is_some() || url.fragment().is_some() => wrong("it must end before any ? or #"),
        "http" | "https" => Ok(url),
        _ => wrong("its scheme is neither http nor https"),
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_server_url_is_named() {
        for bad in ["127.0.0.1:4280", "ftp://host", "http://user:secret@host", "http://host/?a=1", "http://host/#a", ""]
        {
            let error = Client::builder(bad).token("t").build().expect_err("refused");
            assert!(matches!(error, BuildError::Url(_)), "{bad}");
            assert!(!error.to_string().contains("secret"));
        }
        for good in ["http://127.0.0.1:4280", "https://host/", "http://host/behind/a/proxy/"] {
            assert!(Client::builder(good).token("t").build().is_ok(), "{good}");
        }
    }

    #[test]
    fn certificates_out_of_form_are_said_to_be() {
        let builder = || Client::builder("https://host").token("t");
        for bad in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let error = builder().trusted_ca(bad.as_bytes()).build().expect_err("refused");
            assert!(matches!(error, BuildError::TrustedCa(_)), "{bad}: {error}");
            let error = builder().client_certificate(bad.as_bytes()).build().expect_err("refused");
            assert!(matches!(error, BuildError::ClientCertificate(_)), "{bad}: {error}");
        }
    }

    #[test]
    fn a_client_without_a_good_token_is_not_built() {
        let refused = |builder: ClientBuilder| matches!(builder.build(), Err(BuildError::Token(_)));
        assert!(refused(Client::builder("http://host")));
        assert!(refused(Client::builder("http://host").token("")));
        assert!(refused(Client::builder("http://host").token("two words")));
    }
}
