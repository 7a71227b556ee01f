//! Key pairs of every algorithm that a server may be told to trust, with their public halves as PEM and as JWK.

use std::fmt;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    hmac,
    rand::SystemRandom,
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};

/// A key that signs.
pub enum Key {
    /// HS256.
    Hmac(Box<hmac::Key>),
    /// EdDSA over Ed25519 (RFC 8037).
    Ed25519(Ed25519KeyPair),
    /// ES256.
    P256(EcdsaKeyPair),
    /// RS256.
    Rsa(rsa::KeyPair),
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.algorithm())
    }
}

impl Key {
    /// HS256 with this secret.
    pub fn hmac(secret: &[u8]) -> Self {
        Self::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// A new Ed25519 pair.
    pub fn ed25519() -> Self {
        Self::Ed25519(Ed25519KeyPair::generate().expect("an Ed25519 pair"))
    }

    /// A new P-256 pair.
    pub fn p256() -> Self {
        Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a P-256 pair"))
    }

    /// A new RSA pair of 2048 bits.
    pub fn rsa() -> Self {
        Self::Rsa(rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("an RSA pair"))
    }

    /// Its name in a token's header (RFC 7518, section 3.1).
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Hmac(_) => "HS256",
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    /// The signature over `message`, as a token carries it.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Hmac(key) => hmac::sign(key, message).as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::P256(pair) => pair.sign(&random, message).expect("sign").as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("sign");
                signature
            }
        }
    }

    /// The public half as PEM (RFC 7468, section 13).
    pub fn public_pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Hmac(_) => panic!("a shared secret has no public half"),
            Self::Ed25519(pair) => pair.public_key().as_der(),
            Self::P256(pair) => pair.public_key().as_der(),
            Self::Rsa(pair) => pair.public_key().as_der(),
        }
        .expect("the public half");
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    /// The public half as a JWK with this `kid` (RFC 7517).
    pub fn public_jwk(&self, kid: &str) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut jwk = match self {
            Self::Hmac(_) => panic!("a shared secret has no public half"),
            Self::Ed25519(pair) => json!({"kty":"OKP","crv":"Ed25519","x":encode(pair.public_key().as_ref())}),
            Self::P256(pair) => {
                let point = pair.public_key().as_ref();
                json!({"kty":"EC","crv":"P-256","x":encode(&point[1..33]),"y":encode(&point[33..])})
            }
            Self::Rsa(pair) => {
                let (modulus, exponent) = rsa_numbers(pair.public_key().as_ref());
                json!({"kty":"RSA","n":encode(&modulus),"e":encode(&exponent)})
            }
        };
        jwk["kid"] = kid.into();
        jwk["alg"] = self.algorithm().into();
        jwk["use"] = "sig".into();
        jwk
    }
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017, appendix A.1.1), without the zero that keeps them positive.
fn rsa_numbers(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (sequence, _) = der_value(der);
    let (modulus, rest) = der_value(sequence);
    let (exponent, _) = der_value(rest);
    let positive = |number: &[u8]| number.iter().copied().skip_while(|&byte| byte == 0).collect();
    (positive(modulus), positive(exponent))
}

/// The value of the first DER element, and what follows it.
fn der_value(der: &[u8]) -> (&[u8], &[u8]) {
    let (length, at) = match der[1] {
        short @ ..0x80 => (usize::from(short), 2),
        long => {
            let bytes = usize::from(long & 0x7f);
            (der[2..2 + bytes].iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), 2 + bytes)
        }
    };
    der[at..].split_at(length)
}
