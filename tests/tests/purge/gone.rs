//! A purged session is not there for readers, and its id is not free for writers.

use serde_json::{Value, json};
use verbatim_tests::{
    clock::unix_seconds,
    clock_shift::ClockShift,
    entry::{boundary, entry},
    events::Events,
    organization::Organization,
    pages::Page,
    server::{Server, Setup},
    times::seconds_between,
    token::{ORG, OTHER_ORG, Token},
    trail,
    wire::{Answer, Call},
};

use crate::sessions::assert_error;

const DAY: i64 = 86_400;

/// The answer to a purge says when, and until when the id is refused.
#[track_caller]
fn assert_purged(answer: Answer, id: &str) -> Value {
    let body = answer.expect(200).json();
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "id_free_at", "purged_at"], "{body}");
    assert_eq!(body["id"], id);
    assert_eq!(seconds_between(&body["purged_at"], &body["id_free_at"]), 30 * DAY, "{body}");
    body
}

/// `s` with the entries `a`, `b` and `c`, a fork of it at `b`, and another session.
async fn fill(server: &Server) -> Organization {
    let organization = server.organization_as(&Token::full(ORG).claim("sub", "janitor"));
    organization.create(&json!({"id": "s", "title": "T", "metadata": {"k": "v"}})).send().await.expect(201);
    let session = organization.session("s");
    session.store_all(None, &["a", "b"]).await;
    session.store(Some("b"), boundary("c")).await;
    organization.fork("s", &json!({"id": "f", "at": "b"})).send().await.expect(201);
    organization.session("other").store_all(None, &["x"]).await;
    organization
}

/// Every read and every change of the session `id`, of which a purge leaves nothing.
fn lookups(organization: &Organization, id: &str) -> Vec<Call> {
    let session = organization.session(id);
    vec![
        session.get(""),
        session.get("?after_last_compact=true"),
        session.head(),
        session.page(""),
        organization.show(id),
        organization.entries(id, ""),
        organization.entries(id, "?tail=1"),
        organization.entries(id, "/a"),
        session.read("/stream"),
        session.read("/stream?live=long-poll&wait=0"),
        organization.patch(id, &json!({"title": "x"})),
        organization.fork(id, &json!({"id": "f2"})),
        organization.fork(id, &json!({"id": "f", "at": "b"})),
        organization.reset(id, Some("c")),
        organization.redact(id, "a"),
        organization.restore(id),
        organization.delete(id, ""),
        organization.delete(id, "?cascade=false"),
        organization.purge(id),
    ]
}

/// Every way to write into an id.
fn writes(organization: &Organization, id: &str) -> Vec<Call> {
    let session = organization.session(id);
    vec![
        session.put(Some("c"), entry("d")),
        session.put(Some("b"), boundary("c")),
        session.put(None, entry("a")),
        organization.batch(id, Some("c"), &[entry("d")]),
        organization.batch(id, None, &[entry("a"), entry("b")]),
        organization.create(&json!({"id": id})),
        organization.create(&json!({"id": id, "title": "T", "metadata": {"k": "v"}})),
        organization.fork("other", &json!({"id": id})),
    ]
}

async fn assert_gone(organization: &Organization) {
    for (gone, unknown) in lookups(organization, "s").into_iter().zip(lookups(organization, "nowhere")) {
        let (answer, unknown) = (gone.send().await, unknown.send().await);
        assert_eq!(answer.status, 404, "{gone:?}: {answer:?}");
        assert_eq!((&answer.body, answer.header("x-last-uuid")), (&unknown.body, None), "as if it had never been");
    }
    for call in writes(organization, "s") {
        let answer = call.send().await;
        assert_error(&answer, 410, "session_ended_error", &format!("{call:?}"));
    }
    let append = organization.session("s").append(Some("c"), entry("d")).await;
    assert_eq!((&append.json()["outcome"], append.header("x-last-uuid")), (&json!("not_stored"), None));
    let mut live = organization.ids("").await;
    live.sort();
    assert_eq!((live, organization.ids("?status=deleted").await.len()), (vec!["f".to_owned(), "other".to_owned()], 0));
    assert_eq!(organization.ids("?title=T").await, [""; 0]);
    let previews = organization.previews(&json!({"ids": ["s", "f"]})).send().await.expect(200).json();
    assert_eq!(previews["data"][0]["error"]["type"], "not_found_error");
    assert_eq!(organization.session("f").ids().await, ["a", "b"], "the fork needs it no more");
    assert_eq!(
        organization.shown("f").await["forked_from"],
        json!({"session_id": "s", "at": "b", "length": 2}),
        "where it came from stays true"
    );
}

#[tokio::test]
async fn reads_find_nothing_and_writes_are_refused() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    let theirs = server.organization(OTHER_ORG);
    theirs.session("s").store_all(None, &["a"]).await;
    assert_purged(organization.purge("s").send().await, "s");
    assert_gone(&organization).await;
    let server = server.kill().await.start().await;
    assert_gone(&organization.at(server.address)).await;
    let server = server.restart().await;
    let organization = organization.at(server.address);
    assert_gone(&organization).await;
    assert_error(&server.session("s").append(None, entry("a")).await, 410, "session_ended_error", "a session token");
    organization.session("f").store(Some("b"), entry("own")).await;
    assert_eq!(theirs.at(server.address).session("s").ids().await, ["a"], "another organisation's s is another");
}

#[tokio::test]
async fn whoever_follows_it_is_sent_away() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    let session = organization.session("s");
    let mut events = Events::open(&session.read("/stream")).await;
    assert_eq!(events.ids(3).await, ["a", "b", "c"]);
    let mut of_fork = Events::open(&organization.session("f").read("/stream")).await;
    assert_eq!(of_fork.ids(2).await, ["a", "b"]);
    let poll = session.read("/stream?live=long-poll&wait=60&from_seq=3");
    let polling = tokio::spawn(async move { poll.send().await });
    organization.purge("s").send().await.expect(200);
    assert_eq!(events.next().await.map(|event| event.name).as_deref(), Some("end"));
    assert_error(&polling.await.unwrap(), 404, "not_found_error", "a long poll");
    organization.session("f").store(Some("b"), entry("own")).await;
    assert_eq!(of_fork.ids(1).await, ["own"], "the fork's followers stay");
}

#[tokio::test]
async fn out_of_the_bin_it_goes_as_well() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    organization.delete("s", "?purge=false").send().await.expect(200);
    assert_eq!(organization.ids("?status=deleted").await, ["s"], "purge=false is the bin");
    assert_purged(organization.purge("s").send().await, "s");
    assert_gone(&organization).await;
    for bad in ["?purge=yes", "?purge=true&purge=true", "?purge=true&cascade=x"] {
        assert_error(&organization.delete("other", bad).send().await, 400, "invalid_request_error", bad);
    }
    assert_error(&organization.purge("a%20b").send().await, 400, "invalid_request_error", "no id");
    assert_eq!(organization.session("other").ids().await, ["x"], "a 400 did nothing");
}

/// The trail keeps id, time and subject, and says nothing else of what the session was.
#[tokio::test]
async fn the_trail_keeps_who_and_when() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    let purged = assert_purged(organization.purge("s").send().await, "s");
    for server in [server.kill().await.start().await] {
        let (changes, _) = trail::read(&organization.at(server.address), None).await;
        let of_s: Vec<_> = changes.iter().filter(|change| change["session_id"] == "s").collect();
        let last = of_s.last().expect("a trail of s");
        assert_eq!((&last["type"], &last["subject"]), (&json!("purged"), &json!("janitor")));
        assert_eq!((&last["at"], &last["cause"]), (&purged["purged_at"], &json!("request")));
        assert_eq!(of_s.iter().filter(|change| change["type"] == "purged").count(), 1);
        assert!(of_s.iter().all(|change| change["type"] != "appended"), "its length is not known any more: {of_s:?}");
    }
}

/// After 30 days the id may be had again, and is a new session then.
#[tokio::test]
async fn the_id_is_free_after_thirty_days() {
    let clock = ClockShift::new();
    let server = clock.under(Setup::default()).start().await;
    fill(&server).await;
    let organization = server.organization_as(&Token::full(ORG).claim("exp", unix_seconds() + 40 * DAY));
    let cursor = Page::of(&organization.session("s").page("?limit=1").send().await).next_cursor.unwrap();
    organization.purge("s").send().await.expect(200);
    clock.set(30 * DAY - 3600);
    for call in writes(&organization, "s") {
        assert_error(&call.send().await, 410, "session_ended_error", &format!("{call:?}"));
    }
    clock.set(30 * DAY + 60);
    let server = server.restart().await;
    let organization = organization.at(server.address);
    assert_error(&organization.show("s").send().await, 404, "not_found_error", "nothing came back");
    organization.session("s").store(None, entry("a")).await;
    let shown = organization.shown("s").await;
    assert_eq!((&shown["length"], &shown["title"]), (&json!(1), &json!("says a")));
    assert_eq!((&shown["metadata"], &shown["forks"]), (&json!({}), &json!([])), "a session of its own");
    let old = organization.session("s").page(&format!("?cursor={cursor}")).send().await;
    assert_error(&old, 410, "cursor_gone_error", "a cursor of the chain that is gone");
    assert_eq!(organization.session("f").ids().await, ["a", "b"]);
}
