//! Tokens for the requests: given ones, or made with the key in the server's data folder.

use std::{fmt, fs, path::Path, sync::Arc};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use verbatim_proto::{Claims, OrganizationId, Scope, Scopes, SessionId};

use crate::error::{LoadError, While};

/// How long a token made here holds: longer than any soak.
const LIFETIME_S: i64 = 14 * 24 * 3600;

/// Where tokens come from. Cheap to clone.
#[derive(Clone)]
pub enum Tokens {
    /// One token for everything.
    Given(Arc<str>),
    /// Made as needed, a session token for each session.
    Made(Arc<Key>),
    /// None is sent.
    None,
}

/// A server's own signing key, and the organisation that tokens are made for.
pub struct Key {
    key: EncodingKey,
    organization: OrganizationId,
}

impl Tokens {
    /// Reads the signing key and the organisation of a data folder.
    pub fn from_data_dir(folder: &Path) -> Result<Self, LoadError> {
        let read = |name: &str| {
            let path = folder.join(name);
            let doing = format!("read {}; start the server once, so that it makes it", path.display());
            fs::read_to_string(path).while_doing(doing)
        };
        let bad = |name: &str, form: &str| LoadError::Usage(format!("{} holds no {form}", folder.join(name).display()));
        let secret = hex(read("signing.key")?.trim()).ok_or_else(|| bad("signing.key", "key of 64 hex digits"))?;
        let organization = read("organization")?.trim().parse().map_err(|_| bad("organization", "UUID"))?;
        Ok(Self::Made(Arc::new(Key { key: EncodingKey::from_secret(&secret), organization })))
    }

    /// The token to reach a session with.
    pub fn for_session(&self, session: &SessionId) -> Result<Arc<str>, LoadError> {
        self.make(Some(session), &[Scope::Append, Scope::Read])
    }

    /// The token to reach every session with.
    pub fn for_organization(&self) -> Result<Arc<str>, LoadError> {
        self.make(None, &[Scope::Append, Scope::Read])
    }

    fn make(&self, session: Option<&SessionId>, scopes: &[Scope]) -> Result<Arc<str>, LoadError> {
        let key = match self {
            Self::Given(token) => return Ok(Arc::clone(token)),
            Self::None => return Ok("".into()),
            Self::Made(key) => key,
        };
        let now = jiff::Timestamp::now().as_second();
        let claims = Claims {
            organization_uuid: key.organization,
            session_id: session.cloned(),
            scope: Some(Scopes::of(scopes)),
            exp: (now + LIFETIME_S).unsigned_abs(),
            nbf: None,
            iat: Some(now.unsigned_abs()),
            sub: Some("verbatim-load".to_owned()),
            jti: None,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key.key);
        token.map(Into::into).map_err(|cause| LoadError::Target(format!("sign a token: {cause}")))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given(_) => "Given",
            Self::Made(_) => "Made",
            Self::None => "None",
        })
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let whole = text.is_ascii() && text.len() == 64;
    whole.then(|| (0..32).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_64_hex_digits() {
        assert_eq!(hex(&"0a".repeat(32)), Some(vec![10; 32]));
        assert_eq!(hex(&"0g".repeat(32)), None);
        assert_eq!(hex(&"0a".repeat(31)), None);
    }

    #[test]
    fn a_token_names_its_session_and_is_never_shown() {
        let folder = tempfile::tempdir().expect("folder");
        fs::write(folder.path().join("signing.key"), "0a".repeat(32)).expect("key");
        fs::write(folder.path().join("organization"), "0190d3a5-7c1e-7000-8000-000000000000\n").expect("organization");
        let tokens = Tokens::from_data_dir(folder.path()).expect("tokens");
        let session = SessionId::new("s").expect("id");
        let token = tokens.for_session(&session).expect("token");
        let claims = jsonwebtoken::dangerous::insecure_decode::<Claims>(&*token).expect("claims").claims;
        assert_eq!(claims.session_id, Some(session));
        assert!(claims.scopes().allows(Scope::Append));
        assert_eq!(format!("{tokens:?}"), "Made");
    }
}
