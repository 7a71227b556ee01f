//! A caller whose token holds, and what it may do.

use std::sync::Arc;

use verbatim_proto::{Claims, OrganizationId, Scope, SessionId};

use super::Vouched;
use crate::store::{SessionKey, Subject};

/// Who is calling.
#[derive(Debug, Clone)]
pub struct Caller {
    token: Arc<Vouched>,
}

/// Why a caller may not do what it asks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// `x-organization-uuid` is not the token's organisation.
    #[error(
        "x-organization-uuid is not the token's organisation; leave the header out or send the organisation the token is for"
    )]
    Organization,
    /// A session token, used on another session.
    #[error("the token is for another session; use this session's own token, or an access token")]
    Session,
    /// The token lacks a scope.
    #[error("the token lacks the scope `{}`; get a token with it", .0.as_str())]
    Scope(Scope),
    /// A session token, where only an access token will do.
    #[error("this route takes access tokens; a session token may only append to and read its own session")]
    AccessTokenNeeded,
}

impl Caller {
    pub(super) fn new(token: Arc<Vouched>) -> Self {
        Self { token }
    }

    pub(super) fn vouched(&self) -> &Vouched {
        &self.token
    }

    pub(super) fn claims(&self) -> &Claims {
        &self.token.claims
    }

    /// Whose sessions the caller reaches.
    pub fn organization(&self) -> OrganizationId {
        self.claims().organization_uuid
    }

    /// Whom the token was made for, for the audit trail.
    pub fn subject(&self) -> Subject {
        self.claims().sub.as_deref().map(Into::into)
    }

    /// Checks the organisation that the request itself names, where it names one.
    pub fn in_organization(&self, named: Option<&[u8]>) -> Result<(), Forbidden> {
        let Some(named) = named else { return Ok(()) };
        let named = std::str::from_utf8(named).ok().and_then(|named| named.parse::<OrganizationId>().ok());
        if named == Some(self.organization()) { Ok(()) } else { Err(Forbidden::Organization) }
    }

    /// Checks that the caller may do `scope` to the session of this name, well-formed or not. Whether there is such a
    /// session makes no difference.
    pub fn may(&self, scope: Scope, session: &str) -> Result<(), Forbidden> {
        if self.claims().session_id.as_ref().is_some_and(|own| own.as_str() != session) {
            return Err(Forbidden::Session);
        }
        if self.claims().scopes().allows(scope) { Ok(()) } else { Err(Forbidden::Scope(scope)) }
    }

    /// Checks that the caller has `scope`, whatever for.
    pub fn may_somewhere(&self, scope: Scope) -> Result<(), Forbidden> {
        if self.claims().scopes().allows(scope) { Ok(()) } else { Err(Forbidden::Scope(scope)) }
    }

    /// Checks that the caller has an access token.
    pub fn with_access_token(&self) -> Result<(), Forbidden> {
        if self.claims().session_id.is_none() { Ok(()) } else { Err(Forbidden::AccessTokenNeeded) }
    }

    /// The session of this id in the caller's organisation.
    pub fn session(&self, session: SessionId) -> SessionKey {
        SessionKey { organization: self.organization(), session }
    }
}
