//! Keys that change while the server runs: files, a JWKS file, and what an issuer publishes at a URL.

use rustix::process::Signal;
use serde_json::json;
use verbatim_tests::{
    binary,
    certificates::replace,
    entry::entry,
    events::Events,
    issuer::Issuer,
    keys::Key,
    server::{Server, Setup},
    token::{ORG, Signer, Token},
    wait::until,
};

use super::answers;

fn jwks(signers: &[(&str, &Signer)]) -> String {
    json!({"keys": signers.iter().map(|(kid, signer)| signer.key().public_jwk(kid)).collect::<Vec<_>>()}).to_string()
}

fn signer(kid: &str) -> Signer {
    Signer::new(Key::ed25519()).kid(kid)
}

fn token(signer: &Signer) -> String {
    signer.sign(&Token::session("s", ORG))
}

/// A server with the session `s`, of one entry.
async fn start(setup: Setup) -> Server {
    let server = setup.start().await;
    server.session("s").store(None, entry("a")).await;
    server
}

async fn logs(server: &Server, text: &str) {
    until(text, async || if server.log().contains(text) { Ok(()) } else { Err(server.log()) }).await;
}

#[tokio::test]
async fn a_key_file_is_replaced() {
    let (old, new, third) = (Signer::new(Key::p256()), Signer::new(Key::p256()), Signer::new(Key::p256()));
    let setup = Setup::default();
    let path = replace(&setup.folder().join("issuer.pem"), &old.key().public_pem());
    let server = start(setup.arg("--trusted-key").arg(format!("ES256={}", path.display()))).await;
    // Twice, so that it is known from the first time when its key goes.
    for _ in 0..2 {
        answers(&server, &token(&old), 200).await;
    }
    answers(&server, &token(&new), 401).await;
    replace(&path, &new.key().public_pem());
    answers(&server, &token(&old), 401).await;
    answers(&server, &token(&new), 200).await;
    replace(&path, "no key");
    logs(&server, "issuer.pem does not hold a P-256 public key").await;
    answers(&server, &token(&new), 200).await;
    replace(&path, &third.key().public_pem());
    server.signal(Signal::HUP);
    answers(&server, &token(&third), 200).await;
    answers(&server, &token(&new), 401).await;
    server.session("s").get("").send().await.expect(200);
}

/// A rotation as issuers do it: the new key beside the old one, then the old one goes. Streams go with their key.
#[tokio::test]
async fn a_jwks_file_rotates() {
    let (old, new) = (signer("old"), signer("new"));
    let setup = Setup::default();
    let path = replace(&setup.folder().join("jwks.json"), &jwks(&[("old", &old)]));
    let server = start(setup.arg("--trusted-jwks").arg(&path)).await;
    answers(&server, &token(&old), 200).await;
    let mut with_old = Events::open(&server.session_by("s", &token(&old)).read("/stream")).await;
    assert_eq!(with_old.ids(1).await, ["a"]);
    replace(&path, &jwks(&[("old", &old), ("new", &new)]));
    answers(&server, &token(&new), 200).await;
    answers(&server, &token(&old), 200).await;
    let mut with_new = Events::open(&server.session_by("s", &token(&new)).read("/stream")).await;
    assert_eq!(with_new.ids(1).await, ["a"]);
    server.session("s").store(Some("a"), entry("b")).await;
    assert_eq!((with_old.ids(1).await, with_new.ids(1).await), (vec!["b".to_owned()], vec!["b".to_owned()]));
    replace(&path, &jwks(&[("new", &new)]));
    answers(&server, &token(&old), 401).await;
    assert_eq!(with_old.next().await, None, "the stream ends with its key");
    server.session("s").store(Some("b"), entry("c")).await;
    assert_eq!(with_new.ids(1).await, ["c"]);
    for (bad, said) in [
        (jwks(&[("new", &new), ("new", &old)]), "given to two keys"),
        (jwks(&[("local", &old)]), "is kept for"),
        (json!({"keys": []}).to_string(), "it holds no key"),
    ] {
        replace(&path, &bad);
        logs(&server, said).await;
        answers(&server, &token(&new), 200).await;
    }
}

fn at(issuer: &Issuer, interval: &str) -> Setup {
    Setup::default().arg("--trusted-jwks-url").arg(issuer.url()).arg("--trusted-jwks-interval").arg(interval)
}

#[tokio::test]
async fn published_keys_are_fetched_again_and_again() {
    let (old, new) = (signer("old"), signer("new"));
    let issuer = Issuer::start(&jwks(&[("old", &old)])).await;
    let server = start(at(&issuer, "100ms")).await;
    answers(&server, &token(&old), 200).await;
    issuer.publish(&jwks(&[("old", &old), ("new", &new)]));
    answers(&server, &token(&new), 200).await;
    let mut stream = Events::open(&server.session_by("s", &token(&old)).read("/stream")).await;
    assert_eq!(stream.ids(1).await, ["a"]);
    issuer.publish(&jwks(&[("new", &new)]));
    answers(&server, &token(&old), 401).await;
    assert_eq!(stream.next().await, None);
    answers(&server, &token(&new), 200).await;
}

/// What was fetched last stays trusted, whatever the issuer answers, until it answers well again.
#[tokio::test]
async fn the_last_good_keys_stay_while_fetches_fail() {
    let (old, new) = (signer("old"), signer("new"));
    let issuer = Issuer::start(&jwks(&[("old", &old)])).await;
    let server = start(at(&issuer, "50ms")).await;
    for (status, body) in [
        ("500 Internal Server Error", jwks(&[("new", &new)])),
        ("302 Found\r\nlocation: /other", jwks(&[("new", &new)])),
        ("200 OK", "<html>".to_owned()),
        ("200 OK", r#"{"keys":[]}"#.to_owned()),
        ("200 OK", r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#.to_owned()),
        ("200 OK", " ".repeat((1 << 20) + 1)),
    ] {
        issuer.answer_with(status, &body);
        // One that began before may end after; the one behind it got this answer.
        issuer.asked_more_than(issuer.asked() + 1).await;
        answers(&server, &token(&old), 200).await;
        answers(&server, &token(&new), 401).await;
    }
    logs(&server, "the keys that were fetched last stay trusted").await;
    issuer.publish(&jwks(&[("new", &new)]));
    answers(&server, &token(&old), 401).await;
    answers(&server, &token(&new), 200).await;
}

/// A token with a new key is not refused for coming before the next fetch is due; but not everyone can have a fetch.
#[tokio::test]
async fn an_unknown_kid_is_looked_for_at_once_and_not_too_often() {
    let (old, new, newer) = (signer("old"), signer("new"), signer("newer"));
    let issuer = Issuer::start(&jwks(&[("old", &old)])).await;
    let server = start(at(&issuer, "1h")).await;
    answers(&server, &token(&old), 200).await;
    assert_eq!(issuer.asked(), 1);
    issuer.publish(&jwks(&[("new", &new)]));
    let with_new = server.session_by("s", &token(&new));
    let read = with_new.get("");
    let (first, second) = tokio::join!(read.send(), with_new.append(Some("a"), entry("b")));
    assert_eq!((first.status, second.status), (200, 201), "the very first requests hold");
    let asked = issuer.asked();
    for stranger in 0..20 {
        let stranger = token(&signer(&format!("stranger-{stranger}")));
        assert_eq!(server.session_by("s", &stranger).get("").send().await.status, 401);
    }
    assert_eq!(issuer.asked(), asked);
    // The operator can always have one.
    issuer.publish(&jwks(&[("newer", &newer)]));
    server.signal(Signal::HUP);
    answers(&server, &token(&newer), 200).await;
    answers(&server, &token(&new), 401).await;
}

/// What the operator gave by hand stands above what is published under the same names.
#[tokio::test]
async fn a_published_key_takes_nobodys_kid() {
    let (own, published) = (signer("same"), signer("same"));
    let local = Signer::new(Key::ed25519()).kid("local");
    let issuer = Issuer::start(&jwks(&[("same", &published), ("local", &local)])).await;
    let setup = at(&issuer, "1h");
    let path = replace(&setup.folder().join("jwks.json"), &jwks(&[("same", &own)]));
    let server = start(setup.arg("--trusted-jwks").arg(path)).await;
    answers(&server, &token(&own), 200).await;
    answers(&server, &token(&published), 401).await;
    answers(&server, &token(&local), 401).await;
}

/// Without its issuer's keys a server would refuse good tokens for good, so that it does not start.
#[tokio::test]
async fn a_first_fetch_that_fails_ends_the_start() {
    let issuer = Issuer::start("").await;
    issuer.answer_with("503 Service Unavailable", "");
    let finished = binary::finish(&mut at(&issuer, "1h").command(), b"").await.expect_code(69);
    for said in ["--trusted-jwks-url", &issuer.url(), "503", "check the URL"] {
        assert!(finished.stderr.contains(said), "{said}: {}", finished.stderr);
    }
    assert!(!finished.text().contains("listening"), "{}", finished.text());
    assert!(issuer.asked() > 1, "it is tried more than once");
}
