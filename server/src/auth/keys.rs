//! The keys that tokens may be signed with, each with the one algorithm it is for.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use jsonwebtoken::{
    Algorithm, DecodingKey, Validation,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet},
};
use serde::Deserialize;

/// A key that tokens may be signed with.
pub(super) struct Key {
    id: Option<String>,
    pub(super) decoding: DecodingKey,
    pub(super) validation: Validation,
}

/// All keys that tokens may be signed with.
#[derive(Default)]
pub struct KeyRing {
    keys: Vec<Key>,
}

/// Why a key cannot be used. It never holds key material.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file does not hold what it should.
    #[error("{} does not hold {wanted}: {cause}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// What was wrong.
        cause: String,
    },
}

/// A public key in a PEM file, as the configuration names it: `ALGORITHM[:KID]=FILE`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct KeyFile {
    /// What the key signs with.
    pub algorithm: PublicAlgorithm,
    /// The `kid` of the tokens it signs; without one it is tried on every token.
    pub id: Option<String>,
    /// A PEM file.
    pub path: PathBuf,
}

/// The algorithms that public keys may be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicAlgorithm {
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// ECDSA with P-256 and SHA-256 (RFC 7518, section 3.4).
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, section 3.3).
    Rs256,
}

impl FromStr for KeyFile {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wanted =
            "a trusted key is EdDSA=FILE, ES256=FILE or RS256=FILE, with :KID after the algorithm where it has one";
        let (key, path) = text.split_once('=').ok_or(wanted)?;
        let (algorithm, id) =
            key.split_once(':').map_or((key, None), |(algorithm, id)| (algorithm, Some(id.to_owned())));
        let algorithm = match algorithm {
            "EdDSA" => PublicAlgorithm::EdDsa,
            "ES256" => PublicAlgorithm::Es256,
            "RS256" => PublicAlgorithm::Rs256,
            _ => return Err(wanted.to_owned()),
        };
        Ok(Self { algorithm, id, path: path.into() })
    }
}

impl TryFrom<String> for KeyFile {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl KeyRing {
    /// Adds an HMAC key for HS256.
    pub fn add_secret(&mut self, id: Option<&str>, secret: &[u8]) {
        self.add(id.map(str::to_owned), Algorithm::HS256, DecodingKey::from_secret(secret));
    }

    /// Adds a public key from a PEM file.
    pub fn add_file(&mut self, file: &KeyFile) -> Result<(), KeyError> {
        let pem = read(&file.path)?;
        let (algorithm, decoding, wanted) = match file.algorithm {
            PublicAlgorithm::EdDsa => {
                (Algorithm::EdDSA, DecodingKey::from_ed_pem(&pem), "an Ed25519 public key in PEM")
            }
            PublicAlgorithm::Es256 => (Algorithm::ES256, DecodingKey::from_ec_pem(&pem), "a P-256 public key in PEM"),
            PublicAlgorithm::Rs256 => (Algorithm::RS256, DecodingKey::from_rsa_pem(&pem), "an RSA public key in PEM"),
        };
        let decoding = decoding.map_err(|cause| malformed(&file.path, wanted, cause))?;
        self.add(file.id.clone(), algorithm, decoding);
        Ok(())
    }

    /// Adds every key of a JWKS file (RFC 7517). A key that is not for one of the three algorithms is an error.
    pub fn add_jwks(&mut self, path: &Path) -> Result<(), KeyError> {
        let wanted = "a JWKS of Ed25519, P-256 and RSA keys";
        let set: JwkSet = serde_json::from_slice(&read(path)?).map_err(|cause| malformed(path, wanted, cause))?;
        if set.keys.is_empty() {
            return Err(malformed(path, wanted, "it holds no key"));
        }
        for jwk in &set.keys {
            let algorithm = algorithm_of(jwk).ok_or_else(|| malformed(path, wanted, "a key of another kind"))?;
            let decoding = DecodingKey::from_jwk(jwk).map_err(|cause| malformed(path, wanted, cause))?;
            self.add(jwk.common.key_id.clone(), algorithm, decoding);
        }
        Ok(())
    }

    /// The algorithm is the key's own; a token whose header names another fails (RFC 8725, section 3.1).
    fn add(&mut self, id: Option<String>, algorithm: Algorithm, decoding: DecodingKey) {
        self.keys.push(Key { id, decoding, validation: Validation::new(algorithm) });
    }

    /// Lets `set` say what the tokens of each key must say.
    pub(super) fn set_rules(&mut self, set: impl Fn(&mut Validation)) {
        self.keys.iter_mut().for_each(|key| set(&mut key.validation));
    }

    /// The keys that may have signed a token whose header names `kid`: those of that id and those of none.
    pub(super) fn candidates<'a>(&'a self, kid: Option<&'a str>) -> impl Iterator<Item = &'a Key> {
        self.keys.iter().filter(move |key| match (kid, key.id.as_deref()) {
            (Some(kid), Some(id)) => kid == id,
            _ => true,
        })
    }
}

fn algorithm_of(jwk: &Jwk) -> Option<Algorithm> {
    match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => Some(Algorithm::EdDSA),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => Some(Algorithm::ES256),
        AlgorithmParameters::RSA(_) => Some(Algorithm::RS256),
        _ => None,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    fs::read(path).map_err(|cause| KeyError::Read { path: path.to_owned(), cause })
}

fn malformed(path: &Path, wanted: &'static str, cause: impl fmt::Display) -> KeyError {
    KeyError::Malformed { path: path.to_owned(), wanted, cause: cause.to_string() }
}
