//! `GET /v1/sessions`.

use serde_json::json;
use verbatim_tests::{
    clock_shift::ClockShift,
    entry::{entry, plain},
    organization::Organization,
    server::{Server, Setup},
    token::{ORG, OTHER_ORG},
};

use super::assert_error;

/// Seconds of a step that is certain to lead into another minute.
const MINUTE: i64 = 61;

async fn fill(organization: &Organization) {
    for body in [
        json!({"id": "a", "project": "p", "title": "Fix the build", "metadata": {"env": "ci", "n": 7, "ok": true}}),
        json!({"id": "b", "project": "p", "title": "Fix the tests", "metadata": {"env": "ci", "n": 8, "share": 0.5}}),
        json!({"id": "c", "project": "q", "title": "Écrire", "metadata": {"env": "my laptop & co"}}),
        json!({"id": "d", "parent_session_id": "a", "subpath": "x"}),
        json!({"id": "e", "parent_session_id": "a", "project": "p"}),
    ] {
        organization.create(&body).send().await.expect(201);
    }
    organization.session("f").store(None, entry("hello")).await;
    organization.patch("b", &json!({"status": "paused"})).send().await.expect(200);
    organization.patch("c", &json!({"status": "ended"})).send().await.expect(200);
    organization.session("g").store(None, entry("x")).await;
    organization.delete("g", "").send().await.expect(200);
}

#[tokio::test]
async fn filters() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    fill(&organization).await;
    let rows = [
        ("", "abcdef"),
        ("?project=p", "abe"),
        ("?project=P", ""),
        ("?project=none", ""),
        ("?parent=a", "de"),
        ("?parent=nobody", ""),
        ("?status=active", "adef"),
        ("?status=paused", "b"),
        ("?status=ended", "c"),
        ("?status=deleted", "g"),
        ("?title=Fix", "ab"),
        ("?title=Fix%20the%20b", "a"),
        ("?title=fix", ""),
        ("?title=%C3%89", "c"),
        ("?title=says", "f"),
        ("?status=deleted&title=says", "g"),
        ("?metadata.env=ci", "ab"),
        ("?metadata.env=my+laptop+%26+co", "c"),
        ("?metadata.n=7", "a"),
        ("?metadata.share=0.5", "b"),
        ("?metadata.ok=true", "a"),
        ("?metadata.env=ci&metadata.n=8", "b"),
        ("?metadata.env=ci&metadata.n=9", ""),
        ("?metadata.absent=", ""),
        ("?project=p&status=active&title=Fix", "a"),
        ("?updated_after=2020-01-01T00:00:00Z", "abcdef"),
        ("?updated_after=2099-01-01T00:00:00Z", ""),
        ("?updated_after=2020-01-01T00:00:00%2B02:00&project=q", "c"),
        ("?limit=2", "abcdef"),
        ("?limit=1&project=p", "abe"),
    ];
    for (query, wanted) in rows {
        let mut ids = organization.ids(query).await;
        ids.sort();
        assert_eq!(ids.concat(), wanted, "{query}");
    }
    assert_eq!(server.organization(OTHER_ORG).ids("").await.len(), 0);
    for bad in [
        "?status=Active",
        "?status=",
        "?updated_after=yesterday",
        "?updated_after=",
        "?parent=a%20b",
        "?project=p&project=q",
        "?limit=0",
        "?limit=-1",
        "?limit=x",
        "?limit=2&limit=2",
        "?cursor=x",
        "?cursor=",
    ] {
        assert_error(&organization.list(bad).send().await, 400, "invalid_request_error", bad);
    }
    let head = organization.call("HEAD", "/v1/sessions").send().await.expect(200);
    assert_eq!(head.body.len(), 0);
}

/// What a list shows is what the session shows, its forks aside.
#[tokio::test]
async fn sessions_are_listed_whole() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    fill(&organization).await;
    for listed in organization.listed("").await {
        let mut shown = organization.shown(listed["id"].as_str().unwrap()).await;
        shown.as_object_mut().unwrap().remove("forks");
        assert_eq!(listed, shown);
    }
}

#[tokio::test]
async fn a_cursor_is_for_its_own_list() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    fill(&organization).await;
    let first = organization.list("?project=p&limit=1").send().await.expect(200).json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let next = organization.list(&format!("?limit=2&project=p&cursor={cursor}")).send().await.expect(200).json();
    assert_eq!(next["data"].as_array().unwrap().len(), 2, "another limit may go on with it");
    assert_ne!(next["data"][0]["id"], first["data"][0]["id"]);
    let cut = &cursor[..cursor.len() - 1];
    for bad in [
        format!("?cursor={cursor}"),
        format!("?project=q&cursor={cursor}"),
        format!("?project=p&status=active&cursor={cursor}"),
        format!("?project=p&cursor={cut}"),
        format!("?project=p&cursor={cursor}A"),
        format!("?project=p&cursor={cursor}&cursor={cursor}"),
    ] {
        assert_error(&organization.list(&bad).send().await, 400, "invalid_request_error", &bad);
    }
    let server = server.restart().await;
    let after = organization.at(server.address).list(&format!("?limit=2&project=p&cursor={cursor}")).send().await;
    assert_eq!(after.expect(200).json(), next, "cursors outlive restarts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_at_and_past_their_bounds() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let stores = (0..501).map(|n| {
        let session = organization.session(&format!("s{n:03}"));
        async move { session.store(None, plain("x")).await }
    });
    futures_util::future::join_all(stores).await;
    for (query, sessions) in
        [("", 50), ("?limit=1", 1), ("?limit=500", 500), ("?limit=501", 500), ("?limit=99999999999999999999999", 500)]
    {
        let page = organization.list(query).send().await.expect(200).json();
        assert_eq!(page["data"].as_array().unwrap().len(), sessions, "{query}");
        assert!(page["next_cursor"].is_string(), "{query}: one is left at least");
    }
    let all = organization.ids("?limit=167").await;
    assert_eq!(all.len(), 501, "exactly three pages of 167, each session once");
}

/// The newest activity first, to the minute; appends are activity, nothing else is.
#[tokio::test]
async fn those_that_grew_last_come_first() {
    let clock = ClockShift::new();
    let server = clock.under(Setup::default()).start().await;
    let organization = server.organization(ORG);
    for (minute, id) in (0..).zip(["a", "b", "c", "d"]) {
        clock.set(minute * MINUTE);
        organization.create(&json!({"id": id})).send().await.expect(201);
    }
    assert_eq!(organization.ids("").await, ["d", "c", "b", "a"]);
    clock.set(4 * MINUTE);
    organization.session("b").store(None, entry("x")).await;
    clock.set(5 * MINUTE);
    organization.session("a").store(None, entry("x")).await;
    assert_eq!(organization.ids("").await, ["a", "b", "d", "c"]);
    let b_grew = organization.shown("b").await["last_entry_at"].as_str().unwrap().to_owned();
    assert_eq!(organization.ids(&format!("?updated_after={b_grew}")).await, ["a"], "after, not at");

    clock.set(6 * MINUTE);
    organization.patch("c", &json!({"title": "x", "status": "paused"})).send().await.expect(200);
    organization.delete("d", "").send().await.expect(200);
    organization.restore("d").send().await.expect(200);
    assert_eq!(organization.ids("").await, ["a", "b", "d", "c"], "no activity");
    clock.set(7 * MINUTE);
    organization.fork("c", &json!({"id": "e"})).send().await.expect(201);
    organization.batch("c", None, &[entry("y")]).send().await.expect(201);
    clock.set(8 * MINUTE);
    organization.session("d").store(None, entry("y")).await;
    let order = ["d", "c", "e", "a", "b"];
    assert_eq!(organization.ids("").await, order);
    for limit in 1..=5 {
        assert_eq!(organization.ids(&format!("?limit={limit}")).await, order, "page by page, {limit} at a time");
    }
    // One that grows between two pages comes to the front, and those behind stay where they are.
    let first = organization.list("?limit=2").send().await.expect(200).json();
    clock.set(9 * MINUTE);
    organization.session("b").store(Some("x"), entry("y")).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = organization.list(&format!("?cursor={cursor}")).send().await.expect(200).json();
    let rest: Vec<_> = rest["data"].as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap()).collect();
    assert_eq!(rest, ["e", "a"]);
    // The bin goes by when they came there.
    for (minute, id) in (10..).zip(["a", "d", "b"]) {
        clock.set(minute * MINUTE);
        organization.delete(id, "").send().await.expect(200);
    }
    assert_eq!(organization.ids("?status=deleted").await, ["b", "d", "a"]);
    assert_eq!(organization.ids("?status=deleted&limit=1").await, ["b", "d", "a"]);
    assert_eq!(organization.ids("").await, ["c", "e"]);
}

/// A clock that goes back must not leave a session in the list twice, nor lose it.
#[tokio::test]
async fn a_clock_that_goes_back() {
    let clock = ClockShift::new();
    clock.set(5 * MINUTE);
    let server = clock.under(Setup::default()).start().await;
    let organization = server.organization(ORG);
    organization.session("s").store(None, entry("a")).await;
    organization.create(&json!({"id": "empty"})).send().await.expect(201);
    clock.set(0);
    organization.fork("s", &json!({"id": "fork"})).send().await.expect(201);
    organization.patch("s", &json!({"title": "x"})).send().await.expect(200);
    organization.session("s").store(Some("a"), entry("b")).await;
    organization.session("empty").store(None, entry("a")).await;
    organization.fork("s", &json!({"id": "late"})).send().await.expect(201);
    organization.patch("late", &json!({"title": "x"})).send().await.expect(200);
    organization.session("fork").store(Some("a"), entry("c")).await;
    organization.delete("empty", "").send().await.expect(200);
    organization.restore("empty").send().await.expect(200);
    let mut ids = organization.ids("").await;
    ids.sort();
    assert_eq!(ids, ["empty", "fork", "late", "s"]);
    assert_eq!(organization.session("fork").ids().await, ["a", "c"]);
    clock.set(15 * MINUTE);
    for id in ["s", "fork"] {
        let last = if id == "s" { "b" } else { "c" };
        organization.session(id).store(Some(last), entry("z")).await;
    }
    let mut ids = organization.ids("").await;
    ids[..2].sort();
    ids[2..].sort();
    assert_eq!(ids, ["fork", "s", "empty", "late"]);
}
