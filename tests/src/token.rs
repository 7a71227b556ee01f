//! Tokens, sound and forged: every header and claim can be set at will, and any key can sign them.

use std::{fs, path::Path};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::{clock::unix_seconds, keys::Key};

/// The organisation that tests act for.
pub const ORG: &str = "0190d3a5-7c1e-7000-8000-0000000000aa";
/// Another one.
pub const OTHER_ORG: &str = "0190d3a5-7c1e-7000-8000-0000000000bb";

/// What a token will say.
#[derive(Debug, Clone)]
pub struct Token {
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Token {
    /// Only a header's `typ`.
    pub fn empty() -> Self {
        let header = Map::from_iter([("typ".to_owned(), json!("JWT"))]);
        Self { header, claims: Map::new() }
    }

    /// A session token for an hour, without `scope`.
    pub fn session(id: &str, org: &str) -> Self {
        Self::access(org).claim("session_id", id)
    }

    /// An access token for an hour, without `scope`.
    pub fn access(org: &str) -> Self {
        Self::empty().claim("organization_uuid", org).claim("exp", unix_seconds() + 3600)
    }

    /// An access token that may do everything, for an hour.
    pub fn full(org: &str) -> Self {
        Self::access(org).scope("read append admin")
    }

    /// Sets `scope`.
    #[must_use]
    pub fn scope(self, words: &str) -> Self {
        self.claim("scope", words)
    }

    /// Sets a claim.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a claim out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a member of the header, in place of what the signer would write there.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }
}

/// Signs tokens with one key.
#[derive(Debug)]
pub struct Signer {
    key: Key,
    kid: Option<String>,
}

impl Signer {
    /// Signs with this key and names none.
    pub fn new(key: Key) -> Self {
        Self { key, kid: None }
    }

    /// Names the key in the header.
    #[must_use]
    pub fn kid(mut self, kid: &str) -> Self {
        self.kid = Some(kid.to_owned());
        self
    }

    /// Signs with the key in a data folder.
    pub fn local(data_dir: &Path) -> Result<Self, String> {
        Ok(Self::new(Key::hmac(&local_secret(data_dir)?)))
    }

    /// The key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The token, in its compact form (RFC 7515, section 7.1).
    pub fn sign(&self, token: &Token) -> String {
        let mut header = token.header.clone();
        header.entry("alg").or_insert_with(|| self.key.algorithm().into());
        if let Some(kid) = &self.kid {
            header.entry("kid").or_insert_with(|| kid.as_str().into());
        }
        let signed = format!("{}.{}", part(&header), part(&token.claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// A token with no signature at all.
pub fn unsigned(token: &Token) -> String {
    format!("{}.{}.", part(&token.header), part(&token.claims))
}

/// The claims that a token carries, unverified.
pub fn claims_of(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("a token of three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("claims")
}

fn part(members: &Map<String, Value>) -> String {
    URL_SAFE_NO_PAD.encode(Value::Object(members.clone()).to_string())
}

/// The data folder's own secret: 64 hex digits in `signing.key`.
fn local_secret(data_dir: &Path) -> Result<Vec<u8>, String> {
    let path = data_dir.join("signing.key");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let text = text.trim();
    let digit = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let secret: Option<Vec<u8>> = (0..text.len()).step_by(2).map(digit).collect();
    secret.filter(|secret| secret.len() == 32).ok_or(format!("{} does not hold 64 hex digits", path.display()))
}
