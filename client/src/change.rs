//! A change of a session or of what is set: sent until it is answered for good, and safe to send twice.

use http::{Method, header};
use reqwest::RequestBuilder;
use serde::Serialize;
use url::Url;
use verbatim_proto::ErrorCode;

use crate::{
    call::Call,
    exchange::Answer,
    failure::Failure,
    sessions::ChangeError,
    token::{Credentials, Token},
    wire::Wire,
};

/// A change to send.
pub(crate) struct Change<'a> {
    pub(crate) wire: &'a Wire,
    pub(crate) credentials: &'a Credentials,
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// One JSON document, or nothing.
    pub(crate) body: Vec<u8>,
    pub(crate) header: Option<(&'static str, String)>,
}

/// What became of a change.
pub(crate) enum Made<T> {
    /// It was answered.
    Answered(T),
    /// It was sent before, the answer to that was lost, and what it was about is not there now.
    Gone(Box<Failure>),
}

impl Change<'_> {
    /// `parse` says why an answer that succeeded cannot be whole; `what` is what it has. The change is then sent again.
    pub(crate) async fn make<T>(
        &self,
        what: &str,
        parse: impl Fn(&Answer) -> Result<T, String>,
    ) -> Result<T, ChangeError> {
        match self.make_or_gone(what, parse).await? {
            Made::Answered(value) => Ok(value),
            Made::Gone(failure) => Err(ChangeError::NotFound(failure)),
        }
    }

    /// The same, with a 404 that may come of the change itself told apart.
    pub(crate) async fn make_or_gone<T>(
        &self,
        what: &str,
        parse: impl Fn(&Answer) -> Result<T, String>,
    ) -> Result<Made<T>, ChangeError> {
        let mut call = Call::new(self.wire, self.credentials);
        loop {
            let answer = call.answer(|token| self.request(token)).await;
            let answer = answer.map_err(|stopped| ChangeError::stopped(stopped, call.may_be_done))?;
            let failure = Box::new(Failure::answered(&answer, call.attempts));
            match answer.status.as_u16() {
                200 | 201 => match parse(&answer) {
                    Ok(value) => return Ok(Made::Answered(value)),
                    Err(_) => {
                        let again = call.damaged(&answer, what).await;
                        again.map_err(|stopped| ChangeError::stopped(stopped, call.may_be_done))?;
                    }
                },
                404 if call.may_be_done => return Ok(Made::Gone(failure)),
                404 => return Err(ChangeError::NotFound(failure)),
                409 if failure.code != Some(ErrorCode::Conflict) => return Err(ChangeError::Exists(failure)),
                // Revision or head may have been moved by an attempt of this very change.
                409 | 412 if call.may_be_done => return Err(ChangeError::OutcomeUnknown(failure)),
                409 => return Err(ChangeError::Conflict { head: answer.head(), failure }),
                410 => return Err(ChangeError::Ended(failure)),
                412 => return Err(ChangeError::Changed(failure)),
                _ => return Err(ChangeError::Rejected(failure)),
            }
        }
    }

    fn request(&self, token: &Token) -> RequestBuilder {
        let mut request = self.wire.request(self.method.clone(), self.url.clone(), token);
        if !self.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json").body(self.body.clone());
        }
        match &self.header {
            Some((name, value)) => request.header(*name, value),
            None => request,
        }
    }
}

/// A change's body.
pub(crate) fn body(value: &impl Serialize) -> Result<Vec<u8>, ChangeError> {
    serde_json::to_vec(value).map_err(|error| ChangeError::Rejected(Failure::local(None, error).into()))
}
