//! Sets of public keys as JSON (RFC 7517): a file of the operator's own, or what an issuer publishes.

use std::path::Path;

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

use super::keys::{Key, KeyError, KeyRing, malformed, read};

const WANTED: &str = "a JWKS of Ed25519, P-256 and RSA keys";

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// Why a key of a set is of no use here.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    #[error("a key is out of form: {0}")]
    Malformed(String),
    #[error("a key is for another algorithm than EdDSA, ES256 or RS256")]
    Algorithm,
    #[error("a key is not for signatures")]
    Use,
}

impl KeyRing {
    /// Adds every key of a JWKS file. One that is of no use is an error: the file is the operator's own.
    pub fn add_jwks(&mut self, path: &Path) -> Result<(), KeyError> {
        let set = parse(&read(path)?).map_err(|cause| malformed(path, WANTED, cause))?;
        for key in set {
            let key = usable(key).map_err(|cause| malformed(path, WANTED, cause))?;
            self.add(path, key)?;
        }
        Ok(())
    }
}

/// The keys of a set that its issuer publishes for others too: what is of no use here is passed over, but not all may be.
pub(super) fn published(text: &[u8]) -> Result<Vec<Key>, String> {
    let keys: Vec<_> = parse(text)?.into_iter().filter_map(|key| usable(key).ok()).collect();
    if keys.is_empty() {
        return Err(format!("it is not {WANTED}: none of its keys can be used"));
    }
    Ok(keys)
}

fn parse(text: &[u8]) -> Result<Vec<Value>, String> {
    let set: Set = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if set.keys.is_empty() { Err("it holds no key".to_owned()) } else { Ok(set.keys) }
}

fn usable(key: Value) -> Result<Key, Unusable> {
    let named = key.get("alg").and_then(Value::as_str).map(str::to_owned);
    let jwk: Jwk = serde_json::from_value(key).map_err(|error| Unusable::Malformed(error.to_string()))?;
    if jwk.common.public_key_use.as_ref().is_some_and(|named| *named != PublicKeyUse::Signature) {
        return Err(Unusable::Use);
    }
    // RFC 9864 has a second name for the same.
    let (algorithm, names) = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, &["EdDSA", "Ed25519"][..])
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, &["ES256"][..])
        }
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, &["RS256"][..]),
        _ => return Err(Unusable::Algorithm),
    };
    if named.is_some_and(|named| !names.contains(&named.as_str())) {
        return Err(Unusable::Algorithm);
    }
    let out_of_form = |error: &dyn std::fmt::Display| Unusable::Malformed(error.to_string());
    let decoding = DecodingKey::from_jwk(&jwk).map_err(|error| out_of_form(&error))?;
    let material = serde_json::to_vec(&jwk.algorithm).map_err(|error| out_of_form(&error))?;
    Ok(Key::new(jwk.common.key_id, algorithm, decoding, &material))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    fn outcome(members: &str) -> Result<Algorithm, Unusable> {
        let key = serde_json::from_str(&format!("{{{members}}}")).expect("JSON");
        usable(key).map(|key| key.validation.algorithms[0])
    }

    #[test]
    fn a_key_is_for_the_algorithm_and_use_that_it_names() {
        assert_eq!(outcome(ED25519), Ok(Algorithm::EdDSA));
        for right in [r#""alg":"EdDSA","use":"sig""#, r#""alg":"Ed25519""#] {
            assert_eq!(outcome(&format!("{ED25519},{right}")), Ok(Algorithm::EdDSA), "{right}");
        }
        for wrong in [r#""alg":"ES256""#, r#""alg":"RSA-OAEP""#, r#""alg":"of its own""#] {
            assert_eq!(outcome(&format!("{ED25519},{wrong}")), Err(Unusable::Algorithm), "{wrong}");
        }
        assert_eq!(outcome(&format!(r#"{ED25519},"use":"enc""#)), Err(Unusable::Use));
        for other in [r#""kty":"oct","k":"AAAA""#, r#""kty":"new""#, r#""kty":"EC","crv":"P-384","x":"AA","y":"AA""#] {
            assert_eq!(outcome(other), Err(Unusable::Algorithm), "{other}");
        }
        assert!(matches!(outcome(r#""kty":"OKP","crv":"Ed25519","x":"***""#), Err(Unusable::Malformed(_))));
    }

    #[test]
    fn of_a_published_set_the_usable_keys_are_taken() {
        let set = format!(r#"{{"keys":[{{"kty":"oct","k":"AAAA"}},{{{ED25519},"kid":"a"}},7]}}"#);
        let keys = published(set.as_bytes()).expect("keys");
        assert_eq!(keys.iter().map(|key| key.id.as_deref()).collect::<Vec<_>>(), [Some("a")]);
        for none in [r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#, "{}", "[]", "<html>", ""] {
            assert!(published(none.as_bytes()).is_err(), "{none}");
        }
    }
}
