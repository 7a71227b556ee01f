//! A refused request, and its answer. One place turns codes into responses.

use std::{borrow::Cow, time::Duration};

use http::{HeaderValue, Response, StatusCode, header};
use verbatim_proto::{
    EntryUuid, ErrorCode, Outcome,
    messages::{ConflictDetail, ErrorAnswer, ErrorDetail},
};

use super::{Body, json_body, set_head};
use crate::{
    auth::{Forbidden, Unauthenticated},
    service::{AppendRefused, ReadRefused, SessionRefused},
    store::{AppendError, Overloaded, StoreError},
};

/// Why a request is refused, and what its answer says.
#[derive(Debug)]
pub(super) struct Problem {
    code: ErrorCode,
    message: Cow<'static, str>,
    outcome: Option<Outcome>,
    conflict: Option<ConflictDetail>,
    head: Option<EntryUuid>,
    allow: Option<HeaderValue>,
    close: bool,
}

/// What `Retry-After` says, in seconds: long enough for a queue to drain, short enough for an agent to wait.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

impl Problem {
    fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), outcome: None, conflict: None, head: None, allow: None, close: false }
    }

    pub(super) fn no_route() -> Self {
        Self::new(ErrorCode::NotFound, "there is no such route; the routes are in docs/PROTOCOL.md")
    }

    pub(super) fn method_not_allowed(allow: &str) -> Self {
        let message = format!("this route does not take the method; it takes {allow}");
        Self { allow: HeaderValue::from_str(allow).ok(), ..Self::new(ErrorCode::MethodNotAllowed, message) }
    }

    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::InvalidRequest, message)
    }

    pub(super) fn media_type(wanted: &str) -> Self {
        let message = format!("the body is not declared as a type this route takes; send `Content-Type: {wanted}`");
        Self::new(ErrorCode::UnsupportedMediaType, message)
    }

    pub(super) fn too_large(bytes_max: usize) -> Self {
        let message = format!(
            "the body is over the limit of {bytes_max} bytes; send less at once, or for entries ask the operator to raise --entry-bytes-max"
        );
        Self::new(ErrorCode::RequestTooLarge, message)
    }

    /// The rest of the body is not waited for, so the connection cannot go on.
    pub(super) fn timeout(time: Duration) -> Self {
        let message = format!("the body did not arrive within {} seconds; send it again", time.as_secs());
        Self { close: true, ..Self::new(ErrorCode::RequestTimeout, message) }
    }

    /// Marks the refusal of an append that stored nothing.
    pub(super) fn not_stored(mut self) -> Self {
        self.outcome.get_or_insert(Outcome::NotStored);
        self
    }

    /// Names the head of the session that the request was about.
    pub(super) fn with_head(mut self, head: Option<EntryUuid>) -> Self {
        self.head = self.head.or(head);
        self
    }

    /// Whether the answer should name a head and does not yet: it is about a session, and its caller may know it.
    pub(super) fn lacks_head(&self) -> bool {
        let told = !matches!(self.code, ErrorCode::Authentication | ErrorCode::Permission | ErrorCode::Conflict);
        self.head.is_none() && told && self.outcome != Some(Outcome::Unknown)
    }

    pub(super) fn of_append(refused: &AppendRefused, expected: Option<String>) -> Self {
        let standing = refused.standing();
        let mut problem = match refused {
            AppendRefused::Store(AppendError::NotStored(cause)) => Self::of_store(cause),
            AppendRefused::Store(AppendError::Unknown(cause)) => {
                let problem = Self::of_store(cause);
                let message = format!(
                    "{}; whether the entry was stored is not known: a retry with the same uuid or Idempotency-Key settles it",
                    problem.message
                );
                Self { message: message.into(), ..problem }
            }
            refused => Self::new(refused.code(), refused.to_string()),
        };
        problem.outcome = Some(refused.outcome());
        problem.head = standing.and_then(|standing| standing.head);
        if let (AppendRefused::Conflict(_), Some(standing)) = (refused, standing) {
            problem.conflict = Some(ConflictDetail { expected, head: standing.head, length: standing.length });
        }
        problem
    }

    /// A refused reset. A conflict says where the chain stands, as that of an append does.
    pub(super) fn of_reset(refused: SessionRefused, expected: Option<String>) -> Self {
        match &refused {
            SessionRefused::Conflict(standing) => {
                let conflict = ConflictDetail { expected, head: standing.head, length: standing.length };
                let problem = Self::new(refused.code(), refused.to_string());
                Self { conflict: Some(conflict), head: standing.head, ..problem }
            }
            _ => refused.into(),
        }
    }

    /// What a store could not do. Inner detail goes to the log and never to the caller.
    fn of_store(error: &StoreError) -> Self {
        let code = crate::service::store_code(error);
        let message = match error {
            StoreError::Overloaded => "more appends wait than the server takes on; wait and send again",
            StoreError::Full => "the server's disk is full; wait and send again, or tell the operator to free space",
            StoreError::Failing(_) => "the store is recovering from a failed write; wait and send again",
            StoreError::Reopening => "the store is being reopened; wait and send again",
            StoreError::Closed => "the server is shutting down; wait and send again",
            StoreError::Purged => "the session was purged while it was read; there is nothing left of it",
            StoreError::Damaged(_) | StoreError::Engine { .. } | StoreError::InUse => {
                tracing::error!(%error, "a request failed");
                "the server failed; send again, and tell the operator the request-id if it goes on"
            }
        };
        Self::new(code, message)
    }

    /// The answer.
    pub(super) fn into_response(self) -> Response<Body> {
        let Self { code, message, outcome, conflict, head, allow, close } = self;
        let answer = ErrorAnswer { error: ErrorDetail { code, message: message.into_owned() }, outcome, conflict };
        let body = serde_json::to_vec(&answer).unwrap_or_default();
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json_body(status, Body::whole(body));
        let headers = response.headers_mut();
        match code {
            ErrorCode::Authentication => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"verbatim\""));
            }
            ErrorCode::RateLimit | ErrorCode::Overloaded | ErrorCode::StorageFull | ErrorCode::ShuttingDown => {
                headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS);
            }
            _ => {}
        }
        if let Some(allow) = allow {
            headers.insert(header::ALLOW, allow);
        }
        if close {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        set_head(headers, head.as_ref());
        response
    }
}

impl From<Unauthenticated> for Problem {
    fn from(error: Unauthenticated) -> Self {
        Self::new(ErrorCode::Authentication, error.to_string())
    }
}

impl From<Forbidden> for Problem {
    fn from(error: Forbidden) -> Self {
        Self::new(ErrorCode::Permission, error.to_string())
    }
}

impl From<Overloaded> for Problem {
    fn from(_: Overloaded) -> Self {
        Self::of_store(&StoreError::Overloaded)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::of_store(&error)
    }
}

impl From<SessionRefused> for Problem {
    fn from(refused: SessionRefused) -> Self {
        match &refused {
            SessionRefused::Store(AppendError::NotStored(cause) | AppendError::Unknown(cause)) => Self::of_store(cause),
            _ => Self::new(refused.code(), refused.to_string()),
        }
    }
}

impl From<ReadRefused> for Problem {
    fn from(refused: ReadRefused) -> Self {
        match &refused {
            ReadRefused::Store(cause)
            | ReadRefused::Change(AppendError::NotStored(cause) | AppendError::Unknown(cause)) => Self::of_store(cause),
            refused => Self::new(refused.code(), refused.to_string()),
        }
    }
}
