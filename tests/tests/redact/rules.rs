//! Who may redact what, what a retry is told then, and what else goes along.

use serde_json::{Value, json};
use verbatim_tests::{
    entry::{boundary, entry, plain},
    organization::Organization,
    server::Server,
    token::{ORG, OTHER_ORG, Token},
    trail,
};

use crate::sessions::assert_error;

async fn fill(server: &Server) -> Organization {
    let organization = server.organization_as(&Token::full(ORG).claim("sub", "censor"));
    let session = organization.session("s");
    session.store_all(None, &["a"]).await;
    session.put(Some("a"), plain("keyed")).header("idempotency-key", "k").send().await.expect(201);
    session.store(Some("a"), boundary("b")).await;
    session.store_all(Some("b"), &["c", "d"]).await;
    organization
}

#[tokio::test]
async fn a_retry_is_known_still() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    organization.fork("s", &json!({"id": "f"})).send().await.expect(201);
    for event_id in ["a", "~1", "b"] {
        organization.redact("s", event_id).send().await.expect(200);
    }
    let server = server.restart().await;
    let organization = organization.at(server.address);
    for id in ["s", "f"] {
        let session = organization.session(id);
        let keyed = |body: String| session.put(None, body).header("idempotency-key", "k");
        for (same, seq) in
            [(session.put(None, entry("a")), 0), (keyed(plain("keyed")), 1), (session.put(None, boundary("b")), 2)]
        {
            let receipt = same.send().await.expect(200).json();
            assert_eq!((&receipt["status"], &receipt["seq"]), (&json!("already_stored"), &json!(seq)), "{id}");
        }
        let stub = organization.entries(id, "/a").send().await.expect(200).json()["payload"].to_string();
        for other in [
            session.put(Some("d"), r#"{"uuid":"a"}"#),
            session.put(Some("d"), stub),
            keyed(plain("other")),
            session.put(None, entry("b")),
        ] {
            assert_error(&other.send().await, 422, "uuid_reused_error", &format!("{other:?}"));
        }
        let batch = organization.batch(id, None, &[boundary("b"), entry("c")]).send().await.expect(200).json();
        assert_eq!(batch["status"], "already_stored");
        let batch = organization.batch(id, None, &[entry("b"), entry("c")]).send().await;
        assert_error(&batch, 422, "uuid_reused_error", "a batch");
        session.store(Some("d"), entry("e")).await;
    }
}

/// Once is enough: a second time says the same, and is no change.
#[tokio::test]
async fn redacted_is_redacted() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    let first = organization.redact("s", "a").send().await.expect(200);
    assert_eq!(first.header("x-last-uuid"), Some("d"));
    let tag = organization.show("s").send().await.expect(200).header("etag").map(str::to_owned);
    for again in ["a", "~0"] {
        let answer = organization.redact("s", again).send().await.expect(200);
        assert_eq!(answer.json(), first.json(), "{again}");
    }
    assert_eq!(organization.show("s").send().await.expect(200).header("etag").map(str::to_owned), tag);
    let (changes, _) = trail::read(&organization, None).await;
    let redacted: Vec<_> = changes.iter().filter(|change| change["type"] == "redacted").collect();
    assert_eq!(redacted.len(), 1, "{redacted:?}");
    assert_eq!(
        (&redacted[0]["event_id"], &redacted[0]["session_id"]),
        (&json!("~0"), &json!("s")),
        "whatever the request called it"
    );
    assert_eq!((&redacted[0]["subject"], &redacted[0]["cause"]), (&json!("censor"), &json!("request")));
}

#[tokio::test]
async fn what_there_is_not() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    organization.session("bin").store_all(None, &["a"]).await;
    organization.delete("bin", "").send().await.expect(200);
    for (id, event_id, status, error_type) in [
        ("s", "nobody", 404, "not_found_error"),
        ("s", "~5", 404, "not_found_error"),
        ("s", "~01", 400, "invalid_request_error"),
        ("s", "~x", 400, "invalid_request_error"),
        ("nowhere", "a", 404, "not_found_error"),
        ("bin", "a", 404, "not_found_error"),
        ("a%20b", "a", 400, "invalid_request_error"),
    ] {
        let answer = organization.redact(id, event_id).send().await;
        assert_error(&answer, status, error_type, &format!("{id} {event_id}"));
    }
    let theirs = server.organization(OTHER_ORG).redact("s", "a").send().await;
    assert_error(&theirs, 404, "not_found_error", "another organisation's");
    organization.restore("bin").send().await.expect(200);
    for id in ["s", "bin"] {
        let text = organization.session(id).get("").send().await.expect(200).text();
        assert!(!text.contains("redacted"), "nothing refused was done: {text}");
    }
    // Ended, and left behind by a reset: read as before, and redacted as before.
    organization.patch("s", &json!({"status": "ended"})).send().await.expect(200);
    organization.redact("s", "a").send().await.expect(200);
    let reset = organization.reset("s", Some("d")).send().await.expect(201).json();
    let archived = reset["archived_session_id"].as_str().unwrap();
    organization.redact(archived, "c").send().await.expect(200);
    assert_error(&organization.redact("s", "d").send().await, 404, "not_found_error", "the chain begins anew");
}

#[tokio::test]
async fn it_asks_for_admin() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    for token in [
        Token::access(ORG),
        Token::access(ORG).scope("read append"),
        Token::session("s", ORG),
        Token::session("s", ORG).scope("read append admin"),
    ] {
        let answer = organization.redact("s", "a").bearer(&server.signer().sign(&token)).send().await;
        assert_error(&answer, 403, "permission_error", &format!("{token:?}"));
    }
    let admin = server.signer().sign(&Token::access(ORG).scope("admin"));
    organization.redact("s", "a").bearer(&admin).send().await.expect(200);
}

/// A title that was taken from the entry goes with it, in every place that shows or searches titles.
#[tokio::test]
async fn the_title_goes_along() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    organization.fork("s", &json!({"id": "f"})).send().await.expect(201);
    organization.fork("s", &json!({"id": "one", "at": "~0"})).send().await.expect(201);
    organization.session("given").store_all(None, &["a"]).await;
    organization.patch("given", &json!({"title": "Given"})).send().await.expect(200);
    assert_eq!(organization.ids("?title=says%20a").await.len(), 3);
    organization.redact("s", "a").send().await.expect(200);
    organization.redact("given", "a").send().await.expect(200);
    for (id, title) in [("s", json!("says c")), ("f", json!("says c")), ("one", Value::Null), ("given", json!("Given"))]
    {
        assert_eq!(organization.shown(id).await["title"], title, "{id}");
    }
    assert_eq!(organization.ids("?title=says%20a").await, [""; 0]);
    let previews = organization.previews(&json!({"ids": ["s", "one"], "limit": 20})).send().await.expect(200).text();
    assert!(!previews.contains("says a") && previews.contains("says d"), "{previews}");
    organization.redact("s", "d").send().await.expect(200);
    organization.redact("s", "c").send().await.expect(200);
    assert_eq!(organization.shown("s").await["title"], Value::Null);
}
