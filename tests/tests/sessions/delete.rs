//! `DELETE /v1/sessions/{session_id}` and `POST …/restore`.

use serde_json::{Value, json};
use verbatim_tests::{
    entry::{boundary, entry},
    organization::{Organization, shown},
    server::{Server, Setup},
    times::seconds_between,
    token::ORG,
    wait::HANG,
};

use super::assert_error;

/// Whether what was deleted is kept this long, counted from when the deletion was asked for, a little before it was done.
fn is_kept_for(seconds: i64, deleted: &Value) -> bool {
    let hang = i64::try_from(HANG.as_secs()).unwrap();
    (seconds - hang..=seconds).contains(&seconds_between(&deleted["deleted_at"], &deleted["purge_at"]))
}

#[tokio::test]
async fn a_deleted_session_is_gone_until_it_is_restored() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let session = organization.session("s");
    session.store_all(None, &["a", "b"]).await;
    session.store(Some("b"), boundary("c")).await;
    organization.patch("s", &json!({"title": "T", "metadata": {"k": 1}, "status": "paused"})).send().await.expect(200);
    let reads = [session.get(""), session.page(""), session.get("?after_last_compact=1")];
    let mut before = Vec::new();
    for read in &reads {
        before.push(read.send().await.expect(200).body);
    }
    let shown_before = organization.shown("s").await;

    let deleted = shown(&organization.delete("s", "").send().await.expect(200));
    assert_eq!((&deleted["status"], &deleted["length"]), (&json!("deleted"), &json!(3)));
    assert!(is_kept_for(7 * 86_400, &deleted), "{deleted}");
    let again = organization.delete("s", "").send().await.expect(200);
    assert_eq!(again.json(), deleted, "deleted is deleted");

    let nowhere = server.session("nowhere");
    for (gone, unknown) in
        [(session.get(""), nowhere.get("")), (session.page(""), nowhere.page("")), (session.head(), nowhere.head())]
    {
        let (gone, unknown) = (gone.send().await.expect(404), unknown.send().await.expect(404));
        assert_eq!((gone.body, gone.headers.get("x-last-uuid")), (unknown.body, None), "as if it had never been");
    }
    let entries = organization.call("GET", "/v1/sessions/s/entries").send().await;
    let refused = [organization.show("s"), organization.patch("s", &json!({})), organization.fork("s", &json!({}))];
    assert_error(&entries, 404, "not_found_error", "entries");
    for call in refused {
        assert_error(&call.send().await, 404, "not_found_error", &format!("{call:?}"));
    }
    let appends = [
        session.put(Some("c"), entry("d")),
        session.put(Some("b"), boundary("c")),
        session.put(None, r#"{"uuid":"a"}"#),
        organization.batch("s", Some("c"), &[entry("d")]),
        organization.batch("s", None, &[entry("a")]),
    ];
    for call in appends {
        let answer = call.send().await;
        assert_error(&answer, 410, "session_ended_error", &format!("{call:?}"));
        assert_eq!(answer.json()["outcome"], "not_stored");
    }
    assert_error(&organization.create(&json!({"id": "s"})).send().await, 410, "session_ended_error", "create");
    assert_eq!(
        (organization.ids("").await.len(), organization.ids("?status=deleted").await),
        (0, vec!["s".to_owned()])
    );

    let restored = shown(&organization.restore("s").send().await.expect(200));
    for member in ["title", "metadata", "status", "length", "digest", "created_at", "last_entry_at"] {
        assert_eq!(restored[member], shown_before[member], "{member}");
    }
    for (read, before) in reads.iter().zip(before) {
        assert_eq!(read.send().await.expect(200).body, before);
    }
    assert_eq!(
        (organization.ids("").await, organization.ids("?status=deleted").await.len()),
        (vec!["s".to_owned()], 0)
    );
    organization.restore("s").send().await.expect(200);
    session.store(Some("c"), entry("d")).await;
}

#[tokio::test]
async fn the_bin_keeps_as_long_as_configured() {
    let server = Setup::default().arg("--bin-retention").arg("90m").start().await;
    let organization = server.organization(ORG);
    organization.session("s").store(None, entry("a")).await;
    let deleted = organization.delete("s", "").send().await.expect(200).json();
    assert!(is_kept_for(90 * 60, &deleted), "{deleted}");
    assert_eq!(organization.listed("?status=deleted").await[0]["purge_at"], deleted["purge_at"]);
}

async fn create(organization: &Organization, id: &str, parent: Option<&str>) {
    let body = json!({"id": id, "parent_session_id": parent});
    organization.create(&body).send().await.expect(201);
    organization.session(id).store(None, entry(id)).await;
}

async fn live(organization: &Organization) -> Vec<String> {
    let mut ids = organization.ids("").await;
    ids.sort();
    ids
}

/// `top` with two sub-agents, of which one has one of its own; a fork, which is no child; and a stranger.
async fn family(server: &Server) -> Organization {
    let organization = server.organization(ORG);
    for (id, parent) in [("top", None), ("one", Some("top")), ("two", Some("top")), ("deep", Some("one")), ("x", None)]
    {
        create(&organization, id, parent).await;
    }
    organization.fork("top", &json!({"id": "fork"})).send().await.expect(201);
    organization
}

#[tokio::test]
async fn sub_agents_go_with_their_parent_and_come_back_with_it() {
    let server = Server::start().await;
    let organization = family(&server).await;
    // What went on its own before comes back on its own.
    organization.delete("two", "").send().await.expect(200);
    organization.delete("top", "?cascade=true").send().await.expect(200);
    assert_eq!(live(&organization).await, ["fork", "x"]);
    let deep = organization.session("deep").append(Some("deep"), entry("d")).await;
    assert_error(&deep, 410, "session_ended_error", "a sub-agent's sub-agent");
    organization.restore("top").send().await.expect(200);
    assert_eq!(live(&organization).await, ["deep", "fork", "one", "top", "x"]);
    organization.restore("two").send().await.expect(200);
    assert_eq!(live(&organization).await, ["deep", "fork", "one", "top", "two", "x"]);
    assert_eq!(organization.session("deep").ids().await, ["deep"]);

    // One alone may be fetched from the bin before the others; and those that went with it earlier come with it.
    organization.delete("one", "").send().await.expect(200);
    organization.delete("top", "").send().await.expect(200);
    organization.restore("top").send().await.expect(200);
    assert_eq!(live(&organization).await, ["fork", "top", "two", "x"]);
    organization.restore("one").send().await.expect(200);
    assert_eq!(live(&organization).await, ["deep", "fork", "one", "top", "two", "x"]);
}

#[tokio::test]
async fn sub_agents_may_stay() {
    let server = Server::start().await;
    let organization = family(&server).await;
    organization.delete("top", "?cascade=false").send().await.expect(200);
    assert_eq!(live(&organization).await, ["deep", "fork", "one", "two", "x"]);
    assert_eq!(organization.shown("one").await["parent_session_id"], "top");
    assert_eq!(organization.ids("?parent=top").await.len(), 2);
    for bad in ["?cascade=no", "?cascade=2", "?cascade=true&cascade=false"] {
        assert_error(&organization.delete("x", bad).send().await, 400, "invalid_request_error", bad);
    }
    organization.shown("x").await;
}

/// Parents are names: they may be nobody's, one's own, or go in a circle.
#[tokio::test]
async fn odd_families() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    for (id, parent) in [("self", "self"), ("a", "b"), ("b", "c"), ("c", "a"), ("orphan", "nobody")] {
        create(&organization, id, Some(parent)).await;
    }
    organization.delete("self", "").send().await.expect(200);
    organization.restore("self").send().await.expect(200);
    organization.delete("b", "").send().await.expect(200);
    assert_eq!(live(&organization).await, ["orphan", "self"]);
    organization.restore("b").send().await.expect(200);
    assert_eq!(live(&organization).await, ["a", "b", "c", "orphan", "self"]);
    assert_error(&organization.delete("nobody", "").send().await, 404, "not_found_error", "delete");
    assert_error(&organization.restore("nobody").send().await, 404, "not_found_error", "restore");
    assert_eq!(live(&organization).await, ["a", "b", "c", "orphan", "self"], "a 404 did nothing");
}
