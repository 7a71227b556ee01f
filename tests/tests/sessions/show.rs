//! `GET /v1/sessions/{session_id}`.

use serde_json::{Value, json};
use verbatim_tests::{
    entry::{boundary, entry, plain},
    organization::shown,
    server::Server,
    token::{ORG, OTHER_ORG, Token},
};

use super::assert_error;

fn user(uuid: &str, content: &Value) -> String {
    json!({"type": "user", "uuid": uuid, "message": {"role": "user", "content": content}}).to_string()
}

#[tokio::test]
async fn a_session_shows_where_its_chain_stands() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let session = organization.session("s");
    let bodies = [entry("a"), plain("x"), boundary("b"), entry("c"), boundary("d"), plain("y")];
    let mut last = None;
    for (body, uuid) in bodies.iter().zip([Some("a"), None, Some("b"), Some("c"), Some("d"), None]) {
        session.store(last, body.clone()).await;
        last = uuid.or(last);
    }
    let events = session.chain().await;
    let answer = organization.show("s").send().await.expect(200);
    assert_eq!(answer.header("etag"), Some("\"1.6\""));
    let seen = shown(&answer);
    let wanted = json!({
        "id": "s", "project": null, "parent_session_id": null, "subpath": null, "title": "says a", "status": "active",
        "metadata": {}, "length": 6, "bytes": bodies.iter().map(String::len).sum::<usize>(), "head": "d",
        "boundaries": {"count": 2, "last_seq": 4}, "forked_from": null, "forks": [], "expires_at": null,
        "created_at": events[0].created_at, "first_entry_at": events[0].created_at,
        "last_entry_at": events[5].created_at, "updated_at": events[5].created_at,
    });
    for (member, value) in wanted.as_object().unwrap() {
        assert_eq!(&seen[member], value, "{member}");
    }
    // The digest is of the entries alone: the same ones give the same, another one changes it.
    let batch: Vec<_> = bodies.to_vec();
    organization.batch("same", None, &batch).header("idempotency-key", "k").send().await.expect(201);
    assert_eq!(organization.shown("same").await["digest"], seen["digest"]);
    organization.session("same").store(Some("d"), plain("z")).await;
    assert_ne!(organization.shown("same").await["digest"], seen["digest"]);
}

#[tokio::test]
async fn a_title_is_as_given_or_the_first_text_of_the_user() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let long = "🦀é ".repeat(60);
    let cut: String = long.chars().take(80).collect();
    let rows = [
        (user("a", &json!("  Fix\n\tthe   build  ")), json!("Fix the build")),
        (user("a", &json!([{"type": "tool_result", "content": "no"}, {"type": "text", "text": "hi"}])), json!("hi")),
        (user("a", &json!(long)), json!(cut)),
        (user("a", &json!("x".repeat(80))), json!("x".repeat(80))),
        (user("a", &json!("x".repeat(81))), json!("x".repeat(80))),
        (user("a", &json!("ä")).replace('ä', "\\u00e4"), json!("ä")),
        (user("a", &json!("")), Value::Null),
        (user("a", &json!([])), Value::Null),
        (r#"{"type":"user","uuid":"a"}"#.to_owned(), Value::Null),
        (user("a", &json!("hi")).replace("\"type\":\"user\"", "\"type\":\"assistant\""), Value::Null),
    ];
    for (row, (body, title)) in rows.into_iter().enumerate() {
        let id = format!("s{row}");
        organization.session(&id).store(None, body.clone()).await;
        assert_eq!(organization.shown(&id).await["title"], title, "{body}");
    }
    // Not the first entry, but the first that has a text.
    let session = organization.session("later");
    session.store(None, plain("x")).await;
    session.store(None, user("a", &json!([]))).await;
    session.store(Some("a"), user("b", &json!("second"))).await;
    session.store(Some("b"), user("c", &json!("third"))).await;
    assert_eq!(organization.shown("later").await["title"], "second");
    // A given one wins, and gives way again.
    organization.patch("later", &json!({"title": "Given"})).send().await.expect(200);
    assert_eq!(organization.shown("later").await["title"], "Given");
    organization.patch("later", &json!({"title": null})).send().await.expect(200);
    assert_eq!(organization.shown("later").await["title"], "second");
}

/// Appends move the second part of the `ETag`, all else moves the first.
#[tokio::test]
async fn the_etag_is_revision_and_length() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let tag = async || organization.show("s").send().await.expect(200).header("etag").unwrap().to_owned();
    organization.session("s").store_all(None, &["a", "b"]).await;
    assert_eq!(tag().await, "\"1.2\"");
    let patched = organization.patch("s", &json!({"title": "x"})).send().await.expect(200);
    assert_eq!(patched.header("etag"), Some("\"2.2\""));
    organization.session("s").store(Some("b"), entry("c")).await;
    assert_eq!(tag().await, "\"2.3\"");
    organization.delete("s", "").send().await.expect(200);
    organization.restore("s").send().await.expect(200);
    assert_eq!(tag().await, "\"4.3\"");
}

#[tokio::test]
async fn a_session_that_is_not_there() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    organization.session("s").store(None, entry("a")).await;
    assert_error(&organization.show("nowhere").send().await, 404, "not_found_error", "unknown");
    assert_error(&server.organization(OTHER_ORG).show("s").send().await, 404, "not_found_error", "another's");
    assert_error(&organization.show("a%20b").send().await, 400, "invalid_request_error", "out of form");
    assert_error(&organization.show(&"x".repeat(129)).send().await, 400, "invalid_request_error", "too long");
    let head = organization.call("HEAD", "/v1/sessions/s").send().await.expect(200);
    assert_eq!((head.header("etag"), head.body.len()), (Some("\"1.1\""), 0));
}

/// Of these routes it is the one that a session token may use, for its own session.
#[tokio::test]
async fn a_session_token_may_show_its_own() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    organization.session("s").store(None, entry("a")).await;
    organization.session("t").store(None, entry("a")).await;
    let own = server.signer().sign(&Token::session("s", ORG));
    assert_eq!(shown(&organization.show("s").bearer(&own).send().await.expect(200))["id"], "s");
    for other in ["t", "nowhere"] {
        assert_error(&organization.show(other).bearer(&own).send().await, 403, "permission_error", other);
    }
    let blind = server.signer().sign(&Token::session("s", ORG).scope("append"));
    assert_error(&organization.show("s").bearer(&blind).send().await, 403, "permission_error", "no read");
}
