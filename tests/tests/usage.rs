//! `GET /v1/organization/usage`: what is kept, each entry once, and what came today.

use serde_json::{Value, json};
use verbatim_tests::{
    clock::unix_seconds,
    clock_shift::ClockShift,
    entry::entry,
    organization::Organization,
    server::{Server, Setup},
    times::timestamp,
    token::{ORG, OTHER_ORG, Token},
    wait::until,
};

use crate::sessions::assert_error;

const DAY: i64 = 86_400;

async fn usage(organization: &Organization) -> (Value, Value) {
    let body = organization.usage().send().await.expect(200).json();
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["today", "total"], "{body}");
    (body["total"].clone(), body["today"].clone())
}

fn amounts(sessions: u64, bodies: &[&str]) -> Value {
    let entries: Vec<_> = bodies.iter().map(|uuid| entry(uuid)).collect();
    let bytes: usize = entries.iter().map(String::len).sum();
    json!({"sessions": sessions, "entries": entries.len(), "bytes": bytes})
}

/// Waits for the total: what a purge frees is freed when the server gets to it.
async fn total_is(organization: &Organization, wanted: Value) {
    until("the total", async || {
        let (total, _) = usage(organization).await;
        if total == wanted { Ok(()) } else { Err(format!("{total} where {wanted} should be")) }
    })
    .await;
}

#[tokio::test]
async fn each_entry_counts_once() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let total = async || usage(&organization).await.0;
    assert_eq!(total().await, amounts(0, &[]));
    organization.create(&json!({"id": "empty"})).send().await.expect(201);
    assert_eq!(total().await, amounts(1, &[]));
    organization.session("s").store_all(None, &["a", "b"]).await;
    assert_eq!(total().await, amounts(2, &["a", "b"]));
    // What stores nothing counts nothing.
    organization.session("s").append(None, entry("a")).await.expect(200);
    organization.session("s").append(None, entry("c")).await.expect(409);
    organization.session("s").append(Some("b"), r#"{"uuid":"a"}"#).await.expect(422);
    organization.create(&json!({"id": "empty"})).send().await.expect(200);
    organization.batch("s", Some("b"), &[entry("b"), entry("c")]).send().await.expect(201);
    organization.batch("s", Some("b"), &[entry("b"), entry("c")]).send().await.expect(200);
    assert_eq!(total().await, amounts(2, &["a", "b", "c"]));
    organization.fork("s", &json!({"id": "f", "at": "b"})).send().await.expect(201);
    assert_eq!(total().await, amounts(3, &["a", "b", "c"]), "a fork shares them");
    organization.session("f").store_all(Some("b"), &["d"]).await;
    organization.patch("f", &json!({"title": "x", "status": "ended"})).send().await.expect(200);
    assert_eq!(total().await, amounts(3, &["a", "b", "c", "d"]));
    organization.delete("f", "").send().await.expect(200);
    assert_eq!(total().await, amounts(3, &["a", "b", "c", "d"]), "the bin counts");
    organization.restore("f").send().await.expect(200);
    organization.redact("s", "a").send().await.expect(200);
    organization.reset("s", Some("c")).send().await.expect(201);
    assert_eq!(total().await, amounts(4, &["a", "b", "c", "d"]), "the old chain is kept, and what was redacted counts");
    organization.session("s").store_all(None, &["a"]).await;
    assert_eq!(total().await, amounts(4, &["a", "b", "c", "d", "a"]));
    let before = usage(&organization).await;
    let server = server.kill().await.start().await;
    let organization = organization.at(server.address);
    assert_eq!(usage(&organization).await.0, before.0, "after a kill");
    assert_eq!(server.organization(OTHER_ORG).usage().send().await.expect(200).json()["total"], amounts(0, &[]));
}

#[tokio::test]
async fn what_no_session_reaches_is_not_kept() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    organization.session("s").store_all(None, &["a", "b", "c"]).await;
    organization.fork("s", &json!({"id": "f", "at": "b"})).send().await.expect(201);
    organization.session("f").store_all(Some("b"), &["d"]).await;
    organization.fork("f", &json!({"id": "g", "at": "a"})).send().await.expect(201);
    assert_eq!(usage(&organization).await.0, amounts(3, &["a", "b", "c", "d"]));
    organization.purge("s").send().await.expect(200);
    total_is(&organization, amounts(2, &["a", "b", "d"])).await;
    organization.purge("f").send().await.expect(200);
    total_is(&organization, amounts(1, &["a"])).await;
    let server = server.kill().await.start().await;
    let organization = organization.at(server.address);
    total_is(&organization, amounts(1, &["a"])).await;
    organization.purge("g").send().await.expect(200);
    total_is(&organization, amounts(0, &[])).await;
    assert_eq!(usage(&organization).await.1["entries"], 4, "today they came, whatever went");
}

#[tokio::test]
async fn today_is_a_day_of_utc() {
    let clock = ClockShift::new();
    // Noon by the server's clock, so that no midnight comes by itself.
    let noon = DAY / 2 - unix_seconds().rem_euclid(DAY);
    clock.set(noon);
    let server = clock.under(Setup::default()).start().await;
    let organization = server.organization_as(&Token::full(ORG).claim("exp", unix_seconds() + 10 * DAY));
    let day = |shift: i64| timestamp(unix_seconds() + noon + shift)[..10].to_owned();
    let today = |shift: i64, mut amounts: Value| {
        amounts["date"] = day(shift).into();
        amounts
    };
    assert_eq!(usage(&organization).await.1, today(0, amounts(0, &[])));
    organization.session("s").store_all(None, &["a", "b"]).await;
    organization.fork("s", &json!({"id": "f"})).send().await.expect(201);
    assert_eq!(usage(&organization).await.1, today(0, amounts(2, &["a", "b"])));
    organization.purge("s").send().await.expect(200);
    assert_eq!(usage(&organization).await.1, today(0, amounts(2, &["a", "b"])), "whatever went since");
    let server = server.kill().await.start().await;
    let organization = organization.at(server.address);
    assert_eq!(usage(&organization).await.1, today(0, amounts(2, &["a", "b"])), "after a kill");
    clock.set(noon + DAY);
    assert_eq!(usage(&organization).await.1, today(DAY, amounts(0, &[])), "another day");
    organization.session("f").store_all(Some("b"), &["c"]).await;
    assert_eq!(usage(&organization).await, (amounts(1, &["a", "b", "c"]), today(DAY, amounts(0, &["c"]))));
}

#[tokio::test]
async fn who_may_ask() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    for token in [Token::access(ORG).scope("append admin"), Token::session("s", ORG)] {
        let answer = organization.usage().bearer(&server.signer().sign(&token)).send().await;
        assert_error(&answer, 403, "permission_error", &format!("{token:?}"));
    }
    organization.usage().bearer(&server.signer().sign(&Token::access(ORG))).send().await.expect(200);
}
