//! What went wrong with a request, as a log or a person needs it. The error types say what to do about it.

use std::fmt;

use verbatim_proto::ErrorCode;

use crate::exchange::{Answer, Lost};

/// The last thing that went wrong, and how often it was tried. It holds no entry content and no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The server's error code; none where no answer came, or one that is not of the contract.
    pub code: Option<ErrorCode>,
    /// The HTTP status; none where no answer came or nothing was sent.
    pub status: Option<u16>,
    /// What was wrong and what would be right.
    pub message: String,
    /// The name under which the server logged the request.
    pub request_id: Option<String>,
    /// How many requests were sent for it; 0 where it was refused before sending.
    pub attempts: u32,
}

impl Failure {
    pub(crate) fn local(code: Option<ErrorCode>, message: impl fmt::Display) -> Self {
        Self { code, status: None, message: message.to_string(), request_id: None, attempts: 0 }
    }

    pub(crate) fn answered(answer: &Answer, attempts: u32) -> Self {
        let refusal = answer.refusal();
        Self {
            code: refusal.as_ref().map(|refusal| refusal.error.code),
            status: Some(answer.status.as_u16()),
            message: refusal.map_or_else(|| no_contract(answer), |refusal| refusal.error.message),
            request_id: answer.request_id(),
            attempts,
        }
    }

    /// An answer that succeeded in its status and yet cannot be what the server meant to say.
    pub(crate) fn damaged(answer: &Answer, message: impl fmt::Display, attempts: u32) -> Self {
        Self {
            code: None,
            status: Some(answer.status.as_u16()),
            message: message.to_string(),
            request_id: answer.request_id(),
            attempts,
        }
    }

    pub(crate) fn lost(lost: &Lost, attempts: u32) -> Self {
        let (Lost::Unsent(message) | Lost::Unanswered(message)) = lost;
        Self { code: None, status: None, message: message.clone(), request_id: None, attempts }
    }
}

fn no_contract(answer: &Answer) -> String {
    let status = answer.status;
    match ErrorCode::ALL.iter().any(|code| code.status() == status.as_u16()) {
        true => format!("the server says {status} and no more"),
        false => "this is no answer of a Verbatim server; check the URL, and any proxy before it".to_owned(),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut facts = Vec::new();
        facts.extend(self.code.map(|code| code.to_string()));
        facts.extend(self.status.map(|status| format!("HTTP {status}")));
        facts.extend(self.request_id.as_ref().map(|id| format!("request {id}")));
        if self.attempts > 1 {
            facts.push(format!("{} attempts", self.attempts));
        }
        if facts.is_empty() { Ok(()) } else { write!(f, " ({})", facts.join(", ")) }
    }
}

impl std::error::Error for Failure {}
