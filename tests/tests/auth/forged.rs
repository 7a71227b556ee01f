//! Tokens that must not hold: none, damaged, expired, signed by others, or signed in a way that was not asked for.

use verbatim_tests::{
    clock::unix_seconds,
    entry::entry,
    keys::Key,
    server::Server,
    token::{ORG, Signer, Token, unsigned},
};

use super::{append, assert_refused, reads};

fn sound() -> Token {
    Token::session("s", ORG)
}

/// Each of these, on every route, is a 401.
#[tokio::test]
async fn a_token_that_does_not_hold_is_a_401() {
    let server = Server::start().await;
    server.session("s").store(None, entry("a")).await;
    let local = server.signer();
    let good = local.sign(&sound());
    let now = unix_seconds();
    let swapped = {
        let other = local.sign(&Token::access(ORG).scope("admin"));
        let (head, rest) = good.split_once('.').unwrap();
        format!("{head}.{}.{}", other.split('.').nth(1).unwrap(), rest.split_once('.').unwrap().1)
    };
    let mut flipped = good.clone().into_bytes();
    let last = flipped.len() - 10;
    flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
    let rows: Vec<(&str, String)> = vec![
        ("empty", String::new()),
        ("garbage", "garbage".into()),
        ("dots", "..".into()),
        ("two parts", good.rsplit_once('.').unwrap().0.into()),
        ("four parts", format!("{good}.x")),
        ("cut short", good[..good.len() - 4].into()),
        ("a flipped bit in the signature", String::from_utf8(flipped).unwrap()),
        ("another token's claims", swapped),
        ("padding", format!("{good}=")),
        ("a space inside", good.replacen('.', " .", 1)),
        ("no signature", unsigned(&sound().header("alg", "HS256"))),
        ("alg none", unsigned(&sound().header("alg", "none"))),
        ("alg None", unsigned(&sound().header("alg", "None"))),
        ("alg none, signed", local.sign(&sound().header("alg", "none"))),
        ("alg HS512, signed by HS256", local.sign(&sound().header("alg", "HS512"))),
        ("alg RS256, signed by HS256", local.sign(&sound().header("alg", "RS256"))),
        ("alg missing", unsigned(&sound())),
        ("another secret", Signer::new(Key::hmac(&[7; 32])).sign(&sound())),
        ("an empty secret", Signer::new(Key::hmac(b"")).sign(&sound())),
        ("a key of its own, named in its header", {
            let own = Key::ed25519();
            let jwk = own.public_jwk("mine");
            Signer::new(own).kid("mine").sign(&sound().header("jwk", jwk))
        }),
        ("an unknown kid", local.sign(&sound().header("kid", "nobody"))),
        ("a kid that is a path", local.sign(&sound().header("kid", "../../dev/null"))),
        ("expired", local.sign(&sound().claim("exp", now - 3600))),
        ("expired at the epoch", local.sign(&sound().claim("exp", 0))),
        ("exp missing", local.sign(&sound().without("exp"))),
        ("exp null", local.sign(&sound().claim("exp", serde_json::Value::Null))),
        ("exp a text", local.sign(&sound().claim("exp", (now + 3600).to_string()))),
        ("exp negative", local.sign(&sound().claim("exp", -1))),
        ("not yet", local.sign(&sound().claim("nbf", now + 3600))),
        ("nbf a text", local.sign(&sound().claim("nbf", "soon"))),
        ("no organisation", local.sign(&sound().without("organization_uuid"))),
        ("an organisation that is no UUID", local.sign(&Token::session("s", "acme"))),
        ("a session that is null", local.sign(&sound().claim("session_id", serde_json::Value::Null))),
        ("a session out of form", local.sign(&sound().claim("session_id", "a/b"))),
        ("a session that is a number", local.sign(&sound().claim("session_id", 1))),
        ("a scope that is a list", local.sign(&sound().claim("scope", vec!["read"]))),
    ];
    for (what, token) in rows {
        for call in reads(&server, "s").into_iter().chain([append(&server, "s", "a", "b")]) {
            assert_refused(&call.bearer(&token).send().await, 401, what);
        }
    }
    assert_eq!(server.session("s").ids().await, ["a"]);
}

#[tokio::test]
async fn the_header_must_hold_one_bearer_token() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let token = session.token();
    let rows = [
        vec![],
        vec![token.to_owned()],
        vec!["Bearer".to_owned()],
        vec!["Bearer ".to_owned()],
        vec![format!("Basic {token}")],
        vec![format!("Bearer{token}")],
        vec![format!("Bearer {token} {token}")],
        vec![format!("Bearer {token},{token}")],
        vec![format!("Bearer {token}"), format!("Bearer {token}")],
        vec![format!("Bearer {token}"), "Bearer x".to_owned()],
        vec![format!("Bearer {}", "x".repeat(20 * 1024))],
    ];
    for headers in rows {
        let call = session.get("").without("authorization");
        let call = headers.iter().fold(call, |call, header| call.header("authorization", header));
        let what =
            format!("{} headers, {:?}…", headers.len(), headers.first().map(|header| &header[..header.len().min(12)]));
        assert_refused(&call.send().await, 401, &what);
    }
    for scheme in ["bearer", "BEARER"] {
        session.get("").with("authorization", format!("{scheme} {token}")).send().await.expect(200);
    }
}

#[tokio::test]
async fn times_are_honoured() {
    let server = Server::start().await;
    server.session("s").store(None, entry("a")).await;
    let now = unix_seconds();
    for good in [
        sound().claim("nbf", now - 3600),
        sound().claim("nbf", 0),
        sound().claim("iat", now),
        sound().claim("exp", i64::MAX),
        sound().claim("sub", "agent").claim("jti", "1").claim("iss", "anyone").claim("aud", "anything"),
        sound().claim("unknown", "claim"),
    ] {
        server.session_as("s", &good).get("").send().await.expect(200);
    }
}
