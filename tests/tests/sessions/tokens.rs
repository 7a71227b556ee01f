//! Who may use sessions as resources: access tokens, each route by its scope.

use serde_json::json;
use verbatim_tests::{
    entry::entry,
    server::Server,
    token::{ORG, OTHER_ORG, Token},
    wire::Call,
};

use super::assert_error;

/// Every route with the scope it asks for; none of them changes `s` or `gone` if it is refused.
fn routes(server: &Server) -> Vec<(&'static str, &'static str, Call)> {
    let organization = server.organization(ORG);
    vec![
        ("list", "read", organization.list("")),
        ("show", "read", organization.show("s")),
        ("create", "append", organization.create(&json!({"id": "new"}))),
        ("patch", "append", organization.patch("s", &json!({"title": "x"}))),
        ("fork", "append", organization.fork("s", &json!({"id": "fork"}))),
        ("batch", "append", organization.batch("s", Some("a"), &[entry("a")])),
        ("previews", "read", organization.previews(&json!({"ids": ["s"]}))),
        ("changes", "read", organization.changes("?live=long-poll&wait=0")),
        ("usage", "read", organization.usage()),
        ("settings", "read", organization.settings()),
        ("set", "admin", organization.set(&json!({"retention_days": 9}))),
        ("expiring", "read", organization.expiring("")),
        ("redact", "admin", organization.redact("s", "a")),
        ("reset", "admin", organization.reset("s", Some("a"))),
        ("restore", "admin", organization.restore("s")),
        ("delete", "admin", organization.delete("s", "")),
        ("purge", "admin", organization.purge("s")),
    ]
}

#[tokio::test]
async fn each_route_asks_for_its_scope() {
    let server = Server::start().await;
    server.session("s").store(None, entry("a")).await;
    let sign = |token: Token| server.signer().sign(&token);
    let none = [Token::access(ORG).scope(""), Token::access(ORG).scope("other"), Token::session("t", ORG)];
    for (route, scope, call) in routes(&server) {
        assert_error(&call.clone().without("authorization").send().await, 401, "authentication_error", route);
        assert_error(&call.clone().bearer("x").send().await, 401, "authentication_error", route);
        for token in none.clone() {
            assert_error(&call.clone().bearer(&sign(token)).send().await, 403, "permission_error", route);
        }
        let others = ["read", "append", "admin"].into_iter().filter(|other| *other != scope).collect::<Vec<_>>();
        let others = sign(Token::access(ORG).scope(&others.join(" ")));
        assert_error(&call.clone().bearer(&others).send().await, 403, "permission_error", route);
        let by_default = call.clone().bearer(&sign(Token::access(ORG))).send().await;
        assert_eq!(by_default.status == 403, scope != "read", "{route}: {by_default:?}");
        if route != "show" {
            let own = sign(Token::session("s", ORG).scope("read append admin"));
            assert_error(&call.clone().bearer(&own).send().await, 403, "permission_error", route);
        }
        let elsewhere = call.clone().header("x-organization-uuid", OTHER_ORG).send().await;
        assert_error(&elsewhere, 403, "permission_error", route);
    }
    assert_eq!(server.organization(ORG).ids("").await, ["s"], "nothing refused was done");
    for (route, scope, call) in routes(&server) {
        let answer = call.bearer(&sign(Token::access(ORG).scope(scope))).send().await;
        assert!(answer.status < 300, "{route}: {answer:?}");
    }
}

/// Equal ids in two organisations are sessions apart, whatever is done to either.
#[tokio::test]
async fn two_organisations_never_meet() {
    let server = Server::start().await;
    let (one, other) = (server.organization(ORG), server.organization(OTHER_ORG));
    one.create(&json!({"id": "s", "title": "one", "project": "p", "metadata": {"k": "v"}})).send().await.expect(201);
    one.session("s").store_all(None, &["a", "b"]).await;
    one.create(&json!({"id": "child", "parent_session_id": "s"})).send().await.expect(201);
    one.fork("s", &json!({"id": "fork"})).send().await.expect(201);
    let theirs = other.create(&json!({"id": "child", "parent_session_id": "s"})).send().await.expect(201).json();

    for call in [other.patch("s", &json!({"title": "x"})), other.delete("s", ""), other.restore("s"), other.show("s")] {
        assert_error(&call.send().await, 404, "not_found_error", "there is no s of theirs");
    }
    assert_error(&other.fork("s", &json!({"id": "f"})).send().await, 404, "not_found_error", "nor a fork of it");
    other.create(&json!({"id": "s", "title": "other"})).send().await.expect(201);
    other.batch("s", None, &[entry("a")]).send().await.expect(201);
    other.session("fork").store(None, entry("x")).await;
    for query in ["?project=p", "?metadata.k=v", "?title=one"] {
        assert_eq!(other.ids(query).await, [""; 0], "{query}");
    }
    assert_eq!(other.shown("s").await["forks"], json!([]));
    let cursor = one.list("?limit=1").send().await.expect(200).json()["next_cursor"].as_str().unwrap().to_owned();
    let answer = other.list(&format!("?limit=1&cursor={cursor}")).send().await;
    assert_error(&answer, 400, "invalid_request_error", "a cursor of the other organisation");

    one.delete("s", "").send().await.expect(200);
    assert_eq!(other.shown("child").await["created_at"], theirs["created_at"], "their child is not this one's");
    assert_eq!(other.session("s").ids().await, ["a"]);
    assert_eq!(one.session("fork").ids().await, ["a", "b"]);
    assert_eq!(other.ids("?status=deleted").await, [""; 0]);
    let mut live = other.ids("").await;
    live.sort();
    assert_eq!(live, ["child", "fork", "s"]);
}
