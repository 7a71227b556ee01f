//! Who may call: the two kinds of token, and which an operation takes.

use serde_json::{Value, json};
use verbatim_proto::Scope;

/// Who may call.
#[derive(Debug, Clone, Copy)]
pub(super) enum Access {
    /// Anybody, without a token.
    Open,
    /// Access tokens of this scope.
    Organization(Scope),
    /// These, and the session's own token, of this scope.
    Session(Scope),
}

const ACCESS_TOKEN: &str = "access_token";
const SESSION_TOKEN: &str = "session_token";

impl Access {
    pub(super) const fn is_needed(self) -> bool {
        !matches!(self, Self::Open)
    }

    /// Roles are the words of a token's `scope` (OpenAPI 3.1, Security Requirement Object).
    pub(super) fn document(self) -> Value {
        match self {
            Self::Open => json!([]),
            Self::Organization(scope) => json!([{ ACCESS_TOKEN: [scope.as_str()] }]),
            Self::Session(scope) => json!([{ ACCESS_TOKEN: [scope.as_str()] }, { SESSION_TOKEN: [scope.as_str()] }]),
        }
    }
}

/// The two kinds of token.
pub(super) fn security_schemes() -> Value {
    let scheme = |description: &str| json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description });
    json!({
        ACCESS_TOKEN: scheme("Claims organization_uuid, exp and scope, and no session_id: acts on every session of the organisation. Without scope it may read."),
        SESSION_TOKEN: scheme("Claims organization_uuid, session_id, exp and scope: acts on that one session. Without scope it may append and read."),
    })
}
