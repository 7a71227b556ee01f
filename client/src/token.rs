//! Tokens: where they come from, and the one that a session's requests go out with until the server refuses it.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::BoxFuture;
use http::HeaderValue;
use verbatim_proto::{SessionId, limits::TOKEN_BYTES_MAX};

/// A bearer token. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(HeaderValue);

/// Why there is no token. It never holds one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TokenError(String);

impl Token {
    /// Takes the text of a token, without the word `Bearer`. Error: it is empty, or holds what a header cannot.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.is_empty() || text.len() > TOKEN_BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::new("a token is one word of visible ASCII characters; give it without `Bearer`"));
        }
        let mut value = HeaderValue::try_from(format!("Bearer {text}")).map_err(TokenError::new)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl TokenError {
    /// Says why there is no token; the text goes to errors and logs, so it must not hold a secret.
    pub fn new(why: impl fmt::Display) -> Self {
        Self(why.to_string())
    }
}

/// Gives the token for a session's requests.
///
/// It is asked before the first request of a [`SessionWriter`](crate::SessionWriter) or [`Reader`](crate::Reader), and
/// once more when the server answers 401; in between its answer is kept. Functions from a session id to a future are
/// providers, and so is a [`Token`] itself.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = verbatim_fake::Server::start().await;
/// # let url = server.url();
/// use verbatim_client::{Client, SessionId, Token, TokenError};
///
/// async fn fetch_token(session: SessionId) -> Result<Token, TokenError> {
///     Token::new(&format!("token-of-{session}"))
/// }
///
/// let client = Client::builder(&url).token_provider(fetch_token).build()?;
/// client.session(&SessionId::new("s1")?).append(r#"{"type":"user"}"#).await?;
/// assert_eq!(server.requests()[0].header("authorization"), Some("Bearer token-of-s1"));
/// # Ok(())
/// # }
/// ```
pub trait TokenProvider: Send + Sync + 'static {
    /// A token that holds now. An error stops the append or read that asked; retry inside where it may help.
    fn token<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<Token, TokenError>>;

    /// An access token that holds now, for what [`Sessions`](crate::Sessions) asks. Providers of session tokens alone
    /// leave it as it is, and have none.
    fn access_token(&self) -> BoxFuture<'_, Result<Token, TokenError>> {
        let none = "this takes an access token, and the token provider gives session tokens alone";
        Box::pin(std::future::ready(Err(TokenError::new(none))))
    }
}

impl TokenProvider for Token {
    fn token<'a>(&'a self, _session: &'a SessionId) -> BoxFuture<'a, Result<Token, TokenError>> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }

    fn access_token(&self) -> BoxFuture<'_, Result<Token, TokenError>> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

impl<F, Answer> TokenProvider for F
where
    F: Fn(SessionId) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<Token, TokenError>> + Send + 'static,
{
    fn token<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<Token, TokenError>> {
        Box::pin(self(session.clone()))
    }
}

/// What a token is for.
#[derive(Debug, Clone)]
pub(crate) enum Subject {
    Session(SessionId),
    /// All sessions of the organisation.
    Organization,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(session) => session.fmt(f),
            Self::Organization => f.write_str("organization"),
        }
    }
}

/// The token of the requests about one subject.
pub(crate) struct Credentials {
    pub(crate) subject: Subject,
    provider: Arc<dyn TokenProvider>,
    held: Mutex<Option<Token>>,
}

impl Credentials {
    pub(crate) fn new(subject: Subject, provider: Arc<dyn TokenProvider>) -> Self {
        Self { subject, provider, held: Mutex::new(None) }
    }

    pub(crate) async fn current(&self) -> Result<Token, TokenError> {
        let held = self.held().clone();
        match held {
            Some(token) => Ok(token),
            None => self.ask().await,
        }
    }

    /// A token other than `refused`; none where the provider has no other.
    pub(crate) async fn renewed(&self, refused: &Token) -> Result<Option<Token>, TokenError> {
        let held = self.held().clone();
        if let Some(token) = held.filter(|held| held != refused) {
            return Ok(Some(token));
        }
        Ok(Some(self.ask().await?).filter(|token| token != refused))
    }

    async fn ask(&self) -> Result<Token, TokenError> {
        let token = match &self.subject {
            Subject::Session(session) => self.provider.token(session).await?,
            Subject::Organization => self.provider.access_token().await?,
        };
        *self.held() = Some(token.clone());
        Ok(token)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Token>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
