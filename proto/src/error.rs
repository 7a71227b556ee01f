//! Error codes: what went wrong, which status says so, whether a retry helps, and whether anything was stored.
//!
//! Every mapping is an exhaustive match, so that a new code cannot be forgotten in one of them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The `type` of an error answer (PROTOCOL.md, Errors).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ErrorCode {
    /// The request is out of form.
    #[serde(rename = "invalid_request_error")]
    InvalidRequest,
    /// The body is over the entry limit.
    #[serde(rename = "request_too_large")]
    RequestTooLarge,
    /// The body is not declared as the type the route takes.
    #[serde(rename = "unsupported_media_type")]
    UnsupportedMediaType,
    /// The uuid or idempotency key stands in the chain already, with other content.
    #[serde(rename = "uuid_reused_error")]
    UuidReused,
    /// No token, or one that does not hold.
    #[serde(rename = "authentication_error")]
    Authentication,
    /// The token holds and may not do this.
    #[serde(rename = "permission_error")]
    Permission,
    /// No such session, or no such route.
    #[serde(rename = "not_found_error")]
    NotFound,
    /// The path is there, the method is not.
    #[serde(rename = "method_not_allowed")]
    MethodNotAllowed,
    /// The request took too long to arrive.
    #[serde(rename = "request_timeout")]
    RequestTimeout,
    /// `Last-Uuid` is not the head.
    #[serde(rename = "conflict_error")]
    Conflict,
    /// A session of this id exists with other properties.
    #[serde(rename = "session_exists_error")]
    SessionExists,
    /// `If-Match` names a revision that has passed.
    #[serde(rename = "precondition_failed_error")]
    PreconditionFailed,
    /// The session has ended or is deleted.
    #[serde(rename = "session_ended_error")]
    SessionEnded,
    /// The chain that the cursor meant is gone.
    #[serde(rename = "cursor_gone_error")]
    CursorGone,
    /// Too many requests for now.
    #[serde(rename = "rate_limit_error")]
    RateLimit,
    /// The server has as much to do as it takes on.
    #[serde(rename = "overloaded_error")]
    Overloaded,
    /// The disk is full.
    #[serde(rename = "storage_full_error")]
    StorageFull,
    /// The server is draining.
    #[serde(rename = "shutting_down")]
    ShuttingDown,
    /// The server failed.
    #[serde(rename = "api_error")]
    Api,
}

/// What a client does next (PROTOCOL.md, Errors).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same request will be refused again.
    Never,
    /// The same request may succeed, after a wait.
    Later,
    /// Adopt the head that the answer names, then send again at once.
    WithNewHead,
    /// Get a new token, then send again.
    WithNewToken,
}

/// Whether a refused append was stored (PROTOCOL.md, Errors).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing was stored.
    NotStored,
    /// The server cannot know; a retry with the same uuid settles it.
    Unknown,
}

impl ErrorCode {
    /// Every code, in the order of PROTOCOL.md.
    pub const ALL: [Self; 19] = [
        Self::InvalidRequest,
        Self::RequestTooLarge,
        Self::UnsupportedMediaType,
        Self::UuidReused,
        Self::Authentication,
        Self::Permission,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::Conflict,
        Self::SessionExists,
        Self::PreconditionFailed,
        Self::SessionEnded,
        Self::CursorGone,
        Self::RateLimit,
        Self::Overloaded,
        Self::StorageFull,
        Self::ShuttingDown,
        Self::Api,
    ];

    /// The HTTP status that carries the code.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::Authentication => 401,
            Self::Permission => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::Conflict | Self::SessionExists => 409,
            Self::SessionEnded | Self::CursorGone => 410,
            Self::PreconditionFailed => 412,
            Self::RequestTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::UuidReused => 422,
            Self::RateLimit => 429,
            Self::Api => 500,
            Self::Overloaded | Self::StorageFull | Self::ShuttingDown => 503,
        }
    }

    /// What a client should do next.
    pub const fn retry(self) -> Retry {
        match self {
            Self::InvalidRequest
            | Self::RequestTooLarge
            | Self::UnsupportedMediaType
            | Self::UuidReused
            | Self::Permission
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::SessionExists
            | Self::PreconditionFailed
            | Self::SessionEnded
            | Self::CursorGone => Retry::Never,
            Self::Authentication => Retry::WithNewToken,
            Self::Conflict => Retry::WithNewHead,
            Self::RequestTimeout
            | Self::RateLimit
            | Self::Overloaded
            | Self::StorageFull
            | Self::ShuttingDown
            | Self::Api => Retry::Later,
        }
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request_error",
            Self::RequestTooLarge => "request_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::UuidReused => "uuid_reused_error",
            Self::Authentication => "authentication_error",
            Self::Permission => "permission_error",
            Self::NotFound => "not_found_error",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::RequestTimeout => "request_timeout",
            Self::Conflict => "conflict_error",
            Self::SessionExists => "session_exists_error",
            Self::PreconditionFailed => "precondition_failed_error",
            Self::SessionEnded => "session_ended_error",
            Self::CursorGone => "cursor_gone_error",
            Self::RateLimit => "rate_limit_error",
            Self::Overloaded => "overloaded_error",
            Self::StorageFull => "storage_full_error",
            Self::ShuttingDown => "shutting_down",
            Self::Api => "api_error",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Outcome {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotStored => "not_stored",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_under_the_names_of_the_protocol() {
        for code in ErrorCode::ALL {
            let json = serde_json::to_string(&code).expect("encode");
            assert_eq!(json, format!("\"{code}\""));
            assert_eq!(serde_json::from_str::<ErrorCode>(&json).expect("decode"), code);
        }
    }

    #[test]
    fn what_may_be_retried_is_what_the_status_says() {
        for code in ErrorCode::ALL {
            let later = matches!(code.status(), 408 | 429 | 500 | 503);
            assert_eq!(code.retry() == Retry::Later, later, "{code}");
        }
    }
}
