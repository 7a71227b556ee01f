//! Who is calling, and what they may do. Nothing here knows routes or storage.

mod cache;
mod caller;
mod fetch;
mod jwks;
mod keys;
pub mod local;
mod revoked;
mod trust;

pub use caller::{Caller, Forbidden};
pub use fetch::{FetchError, Fetcher, JwksUrl};
pub use keys::{KeyError, KeyFile, KeyRing};
pub use revoked::{Revoked, RevokedError};

use std::{sync::Arc, time::Duration};

use jsonwebtoken::{Validation, decode_header};
use verbatim_proto::{Claims, limits::TOKEN_BYTES_MAX};

use self::{cache::Vouched, fetch::Asking, trust::Trust};
use crate::clock::{Clock, unix_seconds};

/// Turns an `Authorization` header into a [`Caller`].
pub struct Authenticator {
    trust: Trust,
    /// Where keys are asked for that nobody knows, if anywhere.
    asking: Option<Asking>,
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
    /// The token, or whom it is for, is on the revocation list.
    #[error("the token was revoked; get a new one")]
    Revoked,
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
    pub fn new(keys: KeyRing, rules: &TokenRules, clock: Arc<dyn Clock>) -> Self {
        Self { trust: Trust::new(keys, rules.clone()), asking: None, leeway_seconds: rules.leeway_seconds, clock }
    }

    /// Trusts these keys of the configuration in place of those before. Gives whether that made a difference.
    pub fn trust(&self, keys: KeyRing) -> bool {
        self.trust.configure(keys)
    }

    /// Revokes these in place of those before. Gives whether that made a difference.
    pub fn revoke(&self, revoked: Revoked) -> bool {
        self.trust.revoke(revoked)
    }

    /// Who sent these `Authorization` headers.
    pub fn authenticate<'a>(&self, headers: impl Iterator<Item = &'a [u8]>) -> Result<Caller, Unauthenticated> {
        let vouched = self.trust.vouch(token_of(headers)?)?;
        self.check_times(&vouched.claims)?;
        Ok(Caller::new(vouched))
    }

    /// Where these headers have a token whose `kid` nobody knows, and keys are published somewhere: waits until they
    /// were fetched once more, or until that takes too long. Anyone can send such a token, so that this is not always tried.
    pub async fn look_for_key<'a>(&self, headers: impl Iterator<Item = &'a [u8]>) {
        let Some(asking) = &self.asking else { return };
        let kid = token_of(headers).ok().and_then(|token| decode_header(token).ok()?.kid);
        if kid.is_some_and(|kid| !self.trust.knows(&kid)) {
            asking.ask().await;
        }
    }

    /// Checks that the caller's token still holds.
    pub fn check(&self, caller: &Caller) -> Result<(), Unauthenticated> {
        self.trust.check(caller.vouched())?;
        self.check_times(caller.claims())
    }

    /// Waits until the caller's token holds no longer: it has expired, was revoked, or its key has gone. Gives which.
    pub fn refused(self: &Arc<Self>, caller: &Caller) -> impl Future<Output = Unauthenticated> + Send + use<> {
        let (auth, caller) = (Arc::clone(self), caller.clone());
        // Before the first look, so that no change falls between the two.
        let mut changes = auth.trust.changes();
        async move {
            loop {
                if let Err(refused) = auth.check(&caller) {
                    return refused;
                }
                tokio::select! {
                    () = tokio::time::sleep(auth.time_left(&caller)) => {}
                    _ = changes.changed() => {}
                }
            }
        }
    }

    /// How long until the caller's token expires.
    fn time_left(&self, caller: &Caller) -> Duration {
        let end = caller.claims().exp.saturating_add(self.leeway_seconds);
        Duration::from_secs(end.saturating_sub(unix_seconds(self.clock.now())))
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

/// The one token of these `Authorization` headers.
fn token_of<'a>(mut headers: impl Iterator<Item = &'a [u8]>) -> Result<&'a str, Unauthenticated> {
    let header = headers.next().ok_or(Unauthenticated::Missing)?;
    if headers.next().is_some() || header.len() > TOKEN_BYTES_MAX {
        return Err(Unauthenticated::Malformed);
    }
    bearer(header).ok_or(Unauthenticated::Malformed)
}

/// The token of `Bearer TOKEN` (RFC 6750, section 2.1; the scheme in any case, RFC 9110, section 11.1).
fn bearer(header: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && !token.contains(' ')).then_some(token)
}

#[cfg(test)]
mod tests;
