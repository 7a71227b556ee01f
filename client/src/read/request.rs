//! One read request: token, retry, and what each status means for it.

use std::{fmt, time::Duration};

use http::{Method, StatusCode};
use reqwest::RequestBuilder;
use url::Url;

use super::ReadError;
use crate::{
    exchange::{Answer, Patience, exchange},
    failure::Failure,
    retry::Retries,
    token::{Credentials, Token, TokenError},
    wire::Wire,
};

/// A read that is sent until it succeeds, is refused, or has been tried often enough.
pub(crate) struct Fetch<'a> {
    pub(crate) wire: &'a Wire,
    pub(crate) credentials: &'a Credentials,
}

impl Fetch<'_> {
    /// A GET; see [`run`](Self::run).
    pub(crate) async fn get<T, E: fmt::Display>(
        &self,
        url: Url,
        parse: impl Fn(&Answer) -> Result<T, E>,
    ) -> Result<T, ReadError> {
        let request = |token: &Token| self.wire.request(Method::GET, url.clone(), token);
        self.run(request, self.wire.read_idle_timeout, parse).await
    }

    /// Each attempt may be `idle` for so long. `parse` says why an answer with status 200 cannot be whole; it is then read
    /// again.
    pub(crate) async fn run<T, E: fmt::Display>(
        &self,
        request: impl Fn(&Token) -> RequestBuilder,
        idle: Duration,
        parse: impl Fn(&Answer) -> Result<T, E>,
    ) -> Result<T, ReadError> {
        let mut retries = Retries::new(&self.wire.retry);
        let mut token = self.credentials.current().await.map_err(no_token)?;
        let mut attempts = 0;
        let mut renewed = false;
        loop {
            attempts += 1;
            let (retry_after, failure) = match exchange(request(&token), Patience::Idle(idle)).await {
                Err(lost) => (None, Failure::lost(&lost, attempts)),
                Ok(answer) if answer.status == StatusCode::OK => match parse(&answer) {
                    Ok(value) => return Ok(value),
                    Err(why) => (None, Failure::damaged(&answer, why, attempts)),
                },
                Ok(answer) => {
                    let failure = Failure::answered(&answer, attempts);
                    match answer.status.as_u16() {
                        401 if !renewed => {
                            renewed = true;
                            match self.credentials.renewed(&token).await.map_err(no_token)? {
                                Some(new) => token = new,
                                None => return Err(ReadError::NotAllowed(failure.into())),
                            }
                            continue;
                        }
                        401 | 403 => return Err(ReadError::NotAllowed(failure.into())),
                        404 => return Err(ReadError::NotFound(failure.into())),
                        408 | 429 | 500.. => (answer.retry_after(), failure),
                        _ => return Err(ReadError::Rejected(failure.into())),
                    }
                }
            };
            let subject = &self.credentials.subject;
            let Some(delay) = retries.after_failure(retry_after) else {
                return Err(ReadError::Unavailable(failure.into()));
            };
            tracing::debug!(%subject, attempts, ?delay, %failure, "read again");
            self.wire.sleeper.sleep(delay).await;
        }
    }
}

pub(crate) fn no_token(error: TokenError) -> ReadError {
    ReadError::NotAllowed(Failure::local(None, format_args!("get a token: {error}")).into())
}
