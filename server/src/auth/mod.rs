//! Who is calling, and what they may do. Nothing here knows routes or storage.

mod cache;
mod caller;
mod keys;
pub mod local;

use cache::Verified;
pub use caller::{Caller, Forbidden};
pub use keys::{KeyError, KeyFile, KeyRing};

use std::{sync::Arc, time::Duration};

use jsonwebtoken::{Validation, decode, decode_header};
use verbatim_proto::{Claims, limits::TOKEN_BYTES_MAX};

use crate::clock::{Clock, unix_seconds};

/// Turns an `Authorization` header into a [`Caller`].
pub struct Authenticator {
    keys: KeyRing,
    verified: Verified,
    leeway_seconds: u64,
    clock: Arc<dyn Clock>,
}

/// What a token must say besides being signed by a known key and in its time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenRules {
    /// `iss` must be this.
    pub issuer: Option<String>,
    /// `aud` must be or hold this.
    pub audience: Option<String>,
    /// How far clocks may disagree on `exp` and `nbf`, in seconds.
    pub leeway_seconds: u64,
}

impl TokenRules {
    /// Issuer and audience; times are checked by our own clock afterwards.
    fn apply_to(&self, validation: &mut Validation) {
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.required_spec_claims.clear();
        validation.validate_aud = self.audience.is_some();
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            validation.required_spec_claims.insert("iss".to_owned());
        }
        if let Some(audience) = &self.audience {
            validation.set_audience(&[audience]);
            validation.required_spec_claims.insert("aud".to_owned());
        }
    }
}

/// Why a token does not hold. It never holds the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// There is no `Authorization` header.
    #[error(
        "no token was sent; send the header `Authorization: Bearer TOKEN`, with a token from `verbatim token` or your issuer"
    )]
    Missing,
    /// The header does not hold one bearer token of at most 16 KiB.
    #[error(
        "the Authorization header is out of form; send `Authorization: Bearer TOKEN` once, with one JWT of at most 16 KiB"
    )]
    Malformed,
    /// No configured key verifies the token, or it is not what a configured issuer or audience asks for.
    #[error(
        "the token is not valid here; get one that is signed by a key this server trusts, for its issuer and audience"
    )]
    Untrusted,
    /// The claims are not those of a session or access token.
    #[error(
        "the token's claims are out of form; organization_uuid (a UUID) and exp are required, session_id and scope are texts"
    )]
    Claims,
    /// `exp` has passed.
    #[error("the token has expired; get a new one")]
    Expired,
    /// `nbf` is still to come.
    #[error("the token is not valid yet; wait, or check the clocks")]
    Early,
}

impl Authenticator {
    /// Trusts `keys`, under `rules`.
    pub fn new(mut keys: KeyRing, rules: &TokenRules, clock: Arc<dyn Clock>) -> Self {
        keys.set_rules(|validation| rules.apply_to(validation));
        Self { keys, verified: Verified::new(), leeway_seconds: rules.leeway_seconds, clock }
    }

    /// Who sent these `Authorization` headers.
    pub fn authenticate<'a>(&self, mut headers: impl Iterator<Item = &'a [u8]>) -> Result<Caller, Unauthenticated> {
        let header = headers.next().ok_or(Unauthenticated::Missing)?;
        if headers.next().is_some() || header.len() > TOKEN_BYTES_MAX {
            return Err(Unauthenticated::Malformed);
        }
        let token = bearer(header).ok_or(Unauthenticated::Malformed)?;
        let claims = self.verified.get_or(token, || self.verify(token))?;
        self.check_times(&claims)?;
        Ok(Caller::new(claims))
    }

    /// How long the caller's token still holds.
    pub fn time_left(&self, caller: &Caller) -> Duration {
        let end = caller.expires_at().saturating_add(self.leeway_seconds);
        Duration::from_secs(end.saturating_sub(unix_seconds(self.clock.now())))
    }

    fn verify(&self, token: &str) -> Result<Claims, Unauthenticated> {
        let header = decode_header(token).map_err(|_| Unauthenticated::Untrusted)?;
        let mut found = Unauthenticated::Untrusted;
        for key in self.keys.candidates(header.kid.as_deref()) {
            match decode::<Claims>(token, &key.decoding, &key.validation) {
                Ok(token) => return Ok(token.claims),
                Err(error) if matches!(error.kind(), jsonwebtoken::errors::ErrorKind::Json(_)) => {
                    found = Unauthenticated::Claims;
                }
                Err(_) => {}
            }
        }
        Err(found)
    }

    fn check_times(&self, claims: &Claims) -> Result<(), Unauthenticated> {
        let now = unix_seconds(self.clock.now());
        let leeway = self.leeway_seconds;
        if claims.exp.saturating_add(leeway) <= now {
            return Err(Unauthenticated::Expired);
        }
        if claims.nbf.is_some_and(|nbf| nbf > now.saturating_add(leeway)) {
            return Err(Unauthenticated::Early);
        }
        Ok(())
    }
}

/// The token of `Bearer TOKEN` (RFC 6750, section 2.1; the scheme in any case, RFC 9110, section 11.1).
fn bearer(header: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ')).then_some(token)
}

#[cfg(test)]
mod tests;
