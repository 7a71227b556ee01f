//! A request that changes something: sent until it is answered for good, with a record of whether it may have arrived.

use std::time::Duration;

use http::StatusCode;
use reqwest::RequestBuilder;
use verbatim_proto::Outcome;

use crate::{
    exchange::Answer,
    failure::Failure,
    retry::Retries,
    token::{Credentials, Token, TokenError},
    wire::Wire,
};

/// The attempts of one change. Whatever it sends must be safe to send twice.
pub(crate) struct Call<'a> {
    pub(crate) wire: &'a Wire,
    credentials: &'a Credentials,
    retries: Retries,
    token: Option<Token>,
    is_renewed: bool,
    pub(crate) attempts: u32,
    /// Whether a request was sent whose fate is open.
    pub(crate) may_be_done: bool,
}

/// Why there is no answer for good.
pub(crate) enum Stopped {
    NotAllowed(Failure),
    Unavailable(Failure),
}

impl<'a> Call<'a> {
    pub(crate) fn new(wire: &'a Wire, credentials: &'a Credentials) -> Self {
        let retries = Retries::new(&wire.retry);
        Self { wire, credentials, retries, token: None, is_renewed: false, attempts: 0, may_be_done: false }
    }

    /// An answer other than 401, 403, 408, 429 and 5xx.
    pub(crate) async fn answer(&mut self, request: impl Fn(&Token) -> RequestBuilder) -> Result<Answer, Stopped> {
        loop {
            let token = match &self.token {
                Some(token) => token.clone(),
                None => self.credentials.current().await.map_err(|error| self.no_token(&error))?,
            };
            self.token = Some(token.clone());
            self.attempts += 1;
            let answer = match self.wire.send(request(&token)).await {
                Ok(answer) => answer,
                Err(lost) => {
                    self.may_be_done |= lost.may_have_arrived();
                    self.again(None, Failure::lost(&lost, self.attempts)).await?;
                    continue;
                }
            };
            let failure = Failure::answered(&answer, self.attempts);
            match answer.status.as_u16() {
                401 => self.renew(&token, failure).await?,
                403 => return Err(Stopped::NotAllowed(failure)),
                408 | 429 | 500.. => {
                    self.may_be_done |= match answer.refusal().and_then(|refusal| refusal.outcome) {
                        Some(Outcome::NotStored) => false,
                        Some(Outcome::Unknown) => true,
                        None => answer.status != StatusCode::TOO_MANY_REQUESTS,
                    };
                    self.again(answer.retry_after(), failure).await?;
                }
                _ => return Ok(answer),
            }
        }
    }

    /// Waits before another attempt, after a success whose body cannot be what the server meant to say.
    pub(crate) async fn damaged(&mut self, answer: &Answer, what: &str) -> Result<(), Stopped> {
        self.may_be_done = true;
        self.again(None, Failure::damaged(answer, format_args!("{what} is damaged or cut off"), self.attempts)).await
    }

    async fn renew(&mut self, refused: &Token, failure: Failure) -> Result<(), Stopped> {
        if std::mem::replace(&mut self.is_renewed, true) {
            return Err(Stopped::NotAllowed(failure));
        }
        let renewed = self.credentials.renewed(refused).await.map_err(|error| self.no_token(&error))?;
        self.token = Some(renewed.ok_or(Stopped::NotAllowed(failure))?);
        Ok(())
    }

    async fn again(&mut self, retry_after: Option<Duration>, failure: Failure) -> Result<(), Stopped> {
        let Some(delay) = self.retries.after_failure(retry_after) else { return Err(Stopped::Unavailable(failure)) };
        tracing::debug!(subject = %self.credentials.subject, attempts = self.attempts, ?delay, %failure, "send again");
        self.wire.sleeper.sleep(delay).await;
        Ok(())
    }

    fn no_token(&self, error: &TokenError) -> Stopped {
        let failure = Failure::local(None, format_args!("get a token: {error}"));
        Stopped::NotAllowed(Failure { attempts: self.attempts, ..failure })
    }
}
