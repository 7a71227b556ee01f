//! The keys that tokens may be signed with, each with the one algorithm it is for.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::local::KEY_ID;

/// A key that tokens may be signed with.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) decoding: DecodingKey,
    pub(super) validation: Validation,
    pub(super) print: Fingerprint,
}

/// What tells one key from another, however often both are read: the hash of its name, algorithm and material.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint([u8; 32]);

/// All keys that tokens may be signed with.
#[derive(Clone, Default)]
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
    /// The `kid` is that of the data folder's own key.
    #[error("{}: the kid `{KEY_ID}` is kept for the data folder's own key; give the key another", .0.display())]
    ReservedId(PathBuf),
    /// The `kid` is given to two keys.
    #[error("{}: the kid {id:?} is given to two keys; give each its own", path.display())]
    SameId {
        /// Where the second one is.
        path: PathBuf,
        /// The `kid`.
        id: String,
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
        self.keys.push(Key::new(id.map(str::to_owned), Algorithm::HS256, DecodingKey::from_secret(secret), secret));
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
        self.add(&file.path, Key::new(file.id.clone(), algorithm, decoding, &pem))
    }

    /// Adds a public key that was given in the file at `path`. A `kid` names one key.
    pub(super) fn add(&mut self, path: &Path, key: Key) -> Result<(), KeyError> {
        match &key.id {
            Some(id) if id == KEY_ID => return Err(KeyError::ReservedId(path.to_owned())),
            Some(id) if self.knows(id) => return Err(KeyError::SameId { path: path.to_owned(), id: id.clone() }),
            _ => self.keys.push(key),
        }
        Ok(())
    }

    /// These keys and `others`, those aside whose `kid` is that of one of these.
    pub(super) fn with(&self, others: &[Key]) -> Self {
        let others = others.iter().filter(|key| key.id.as_ref().is_none_or(|id| !self.knows(id)));
        Self { keys: self.keys.iter().chain(others).cloned().collect() }
    }

    /// Whether a key has this `kid`.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// Whether the key is one of these.
    pub(super) fn has(&self, print: Fingerprint) -> bool {
        self.keys.iter().any(|key| key.print == print)
    }

    /// Whether these are the same keys.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.keys.iter().map(|key| key.print).eq(other.keys.iter().map(|key| key.print))
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

impl Key {
    /// The algorithm is the key's own; a token whose header names another fails (RFC 8725, section 3.1).
    pub(super) fn new(id: Option<String>, algorithm: Algorithm, decoding: DecodingKey, material: &[u8]) -> Self {
        let mut hash = blake3::Hasher::new();
        let name = format!("{algorithm:?} {id:?} ");
        hash.update(name.as_bytes()).update(material);
        Self { id, decoding, validation: Validation::new(algorithm), print: Fingerprint(*hash.finalize().as_bytes()) }
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    fs::read(path).map_err(|cause| KeyError::Read { path: path.to_owned(), cause })
}

pub(super) fn malformed(path: &Path, wanted: &'static str, cause: impl fmt::Display) -> KeyError {
    KeyError::Malformed { path: path.to_owned(), wanted, cause: cause.to_string() }
}
