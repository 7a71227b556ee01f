//! Keys and rules from the configuration: EdDSA, ES256 and RS256 keys, a JWKS with `kid`s, issuer and audience.

use std::fs;

use serde_json::json;
use verbatim_tests::{
    clock::unix_seconds,
    entry::entry,
    keys::Key,
    server::{Server, Setup},
    token::{ORG, Signer, Token},
};

use super::assert_refused;

fn sound() -> Token {
    Token::session("s", ORG)
}

async fn status(server: &Server, token: &str) -> u16 {
    let answer = server.session("s").get("").bearer(token).send().await;
    if answer.status != 200 {
        assert_refused(&answer, 401, "a token that does not hold");
    }
    answer.status
}

#[tokio::test]
async fn public_keys_of_each_algorithm() {
    let keys = [Key::ed25519(), Key::p256(), Key::rsa()];
    let mut setup = Setup::default();
    for key in &keys {
        let path = setup.folder().join(format!("{}.pem", key.algorithm()));
        fs::write(&path, key.public_pem()).unwrap();
        setup = setup.arg("--trusted-key").arg(format!("{}={}", key.algorithm(), path.display()));
    }
    let publics = keys.each_ref().map(|key| key.public_pem());
    let server = setup.start().await;
    server.session("s").store(None, entry("a")).await;
    let signers = keys.map(Signer::new);
    for signer in &signers {
        let name = signer.key().algorithm();
        assert_eq!(status(&server, &signer.sign(&sound())).await, 200, "{name}");
        assert_eq!(
            status(&server, &signer.sign(&sound().claim("exp", unix_seconds() - 60))).await,
            401,
            "{name}, expired"
        );
        for other in ["HS256", "EdDSA", "ES256", "RS256", "PS256", "none"].into_iter().filter(|other| *other != name) {
            let token = signer.sign(&sound().header("alg", other));
            assert_eq!(status(&server, &token).await, 401, "signed by {name}, said to be {other}");
        }
    }
    // A public key is no secret: an HMAC with it must not hold (CVE-2015-9235).
    for pem in publics {
        for secret in [pem.clone(), pem.trim_end().to_owned()] {
            assert_eq!(status(&server, &Signer::new(Key::hmac(secret.as_bytes())).sign(&sound())).await, 401, "{pem}");
        }
    }
    for stranger in [Key::ed25519(), Key::p256(), Key::rsa()] {
        assert_eq!(status(&server, &Signer::new(stranger).sign(&sound())).await, 401);
    }
    assert_eq!(status(&server, &server.signer().sign(&sound())).await, 200, "the folder's own key holds beside them");
}

#[tokio::test]
async fn a_key_file_with_a_kid() {
    let setup = Setup::default();
    let (one, two) = (Key::p256(), Key::p256());
    let mut args = Vec::new();
    for (kid, key) in [("one", &one), ("two", &two)] {
        let path = setup.folder().join(kid);
        fs::write(&path, key.public_pem()).unwrap();
        args.push(format!("ES256:{kid}={}", path.display()));
    }
    let server = args.into_iter().fold(setup, |setup, key| setup.arg("--trusted-key").arg(key)).start().await;
    server.session("s").store(None, entry("a")).await;
    let (one, two) = (Signer::new(one), Signer::new(two));
    for (signer, kid, wanted) in [
        (&one, "one", 200),
        (&two, "two", 200),
        (&one, "two", 401),
        (&two, "one", 401),
        (&one, "three", 401),
        (&one, "", 401),
    ] {
        assert_eq!(status(&server, &signer.sign(&sound().header("kid", kid))).await, wanted, "{kid:?}");
    }
}

#[tokio::test]
async fn a_jwks_file() {
    let setup = Setup::default();
    let keys = [("ed", Key::ed25519()), ("ec", Key::p256()), ("rsa", Key::rsa())];
    let jwks = json!({"keys": keys.each_ref().map(|(kid, key)| key.public_jwk(kid))});
    let path = setup.folder().join("jwks.json");
    fs::write(&path, jwks.to_string()).unwrap();
    let server = setup.arg("--trusted-jwks").arg(&path).start().await;
    server.session("s").store(None, entry("a")).await;
    let signers = keys.map(|(kid, key)| Signer::new(key).kid(kid));
    for signer in &signers {
        assert_eq!(status(&server, &signer.sign(&sound())).await, 200, "{:?}", signer.key());
        for kid in ["ed", "ec", "rsa", "other", "local"] {
            let right =
                matches!((signer.key(), kid), (Key::Ed25519(_), "ed") | (Key::P256(_), "ec") | (Key::Rsa(_), "rsa"));
            let wanted = if right { 200 } else { 401 };
            let token = signer.sign(&sound().header("kid", kid));
            assert_eq!(status(&server, &token).await, wanted, "{:?} as {kid}", signer.key());
        }
    }
    let stranger = Signer::new(Key::ed25519()).kid("ed");
    assert_eq!(status(&server, &stranger.sign(&sound())).await, 401, "another key under a known kid");
}

#[tokio::test]
async fn issuer_and_audience() {
    let rules = [("--token-issuer", "https://issuer.example"), ("--token-audience", "verbatim")];
    let server = rules.iter().fold(Setup::default(), |setup, (flag, value)| setup.arg(*flag).arg(*value)).start().await;
    let sign = |token: Token| server.signer().sign(&token);
    let good = sound().claim("iss", "https://issuer.example").claim("aud", "verbatim");
    let session = server.session_as("s", &good);
    session.store(None, entry("a")).await;
    let rows = [
        (good.clone().claim("aud", vec!["other", "verbatim"]), 200),
        (good.clone().claim("aud", "other"), 401),
        (good.clone().claim("aud", vec!["other"]), 401),
        (good.clone().claim("aud", Vec::<String>::new()), 401),
        (good.clone().without("aud"), 401),
        (good.clone().claim("iss", "https://other.example"), 401),
        (good.clone().claim("iss", "https://issuer.example/"), 401),
        (good.clone().without("iss"), 401),
        (sound(), 401),
    ];
    for (token, wanted) in rows {
        assert_eq!(status(&server, &sign(token.clone())).await, wanted, "{token:?}");
    }
}

/// Clocks may disagree by as much as is configured, and no more.
#[tokio::test]
async fn leeway() {
    let server = Setup::default().arg("--token-leeway").arg("5m").start().await;
    server.session("s").store(None, entry("a")).await;
    let now = unix_seconds();
    for (token, wanted) in [
        (sound().claim("exp", now - 60), 200),
        (sound().claim("exp", now - 600), 401),
        (sound().claim("nbf", now + 60), 200),
        (sound().claim("nbf", now + 600), 401),
    ] {
        assert_eq!(status(&server, &server.signer().sign(&token)).await, wanted, "{token:?}");
    }
}
