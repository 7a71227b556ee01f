//! What a 2xx said of a session stays said: over stops, kills, and syncs that wait or fail.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time;
use verbatim_tests::{
    entry::{boundary, entry},
    organization::{Organization, shown},
    server::{Server, Setup},
    syncs::{EIO, Syncs},
    token::ORG,
    wait::{until, within},
    wire::Call,
};

/// Everything that can be asked of every session there is.
async fn everything(organization: &Organization) -> Vec<String> {
    let mut all = Vec::new();
    for query in ["", "?status=deleted", "?limit=1"] {
        all.extend(organization.listed(query).await.iter().map(Value::to_string));
    }
    for id in organization.ids("").await {
        all.push(organization.shown(&id).await.to_string());
        all.push(organization.session(&id).get("").send().await.expect(200).text());
    }
    all
}

#[tokio::test]
async fn all_of_it_survives_a_stop_and_a_kill() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let body =
        json!({"id": "s", "project": "p", "title": "t", "metadata": {"k": 1}, "expires_at": "2099-01-01T00:00:00Z"});
    organization.create(&body).send().await.expect(201);
    organization.batch("s", None, &[entry("a"), boundary("b"), entry("c")]).send().await.expect(201);
    organization.create(&json!({"id": "child", "parent_session_id": "s", "subpath": "x"})).send().await.expect(201);
    organization.fork("s", &json!({"id": "fork", "at": "b"})).send().await.expect(201);
    organization.session("fork").store(Some("b"), entry("d")).await;
    organization.fork("fork", &json!({"id": "again"})).send().await.expect(201);
    organization.patch("fork", &json!({"status": "ended", "metadata": {"k": 2}})).send().await.expect(200);
    organization.session("bin").store(None, entry("a")).await;
    organization.delete("bin", "").send().await.expect(200);
    let before = everything(&organization).await;
    let server = server.kill().await.start().await;
    assert_eq!(everything(&organization.at(server.address)).await, before, "after SIGKILL");
    let server = server.restart().await;
    let organization = organization.at(server.address);
    assert_eq!(everything(&organization).await, before, "after SIGTERM");

    organization.create(&body).send().await.expect(200);
    organization.fork("s", &json!({"id": "fork", "at": "b"})).send().await.expect(200);
    organization.batch("s", None, &[entry("a"), boundary("b"), entry("c")]).send().await.expect(200);
    organization.session("fork").append(Some("d"), entry("e")).await.expect(410);
    organization.restore("bin").send().await.expect(200);
    organization.delete("s", "").send().await.expect(200);
    assert_eq!(organization.ids("?status=deleted").await.len(), 2, "its child is still its child");
    // New chains do not take the numbers of old ones.
    organization.session("new").store(None, entry("n")).await;
    assert_eq!(organization.session("new").ids().await, ["n"]);
    assert_eq!(organization.session("again").ids().await, ["a", "b", "d"]);
}

/// The kill comes as soon as the answer is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_answer_survives_a_kill_right_after_it() {
    let mut server = Server::start().await;
    server.session("s").store_all(None, &["a", "b", "c"]).await;
    let steps: [fn(&Organization) -> Call; 8] = [
        |organization| organization.create(&json!({"id": "made", "title": "t"})),
        |organization| organization.patch("made", &json!({"title": "u", "status": "paused"})),
        |organization| organization.fork("s", &json!({"id": "made-fork", "at": "b"})),
        |organization| organization.batch("made-fork", Some("b"), &[entry("x"), entry("y")]),
        |organization| organization.delete("made-fork", ""),
        |organization| organization.restore("made-fork"),
        |organization| organization.fork("made-fork", &json!({"id": "second", "at": "x"})),
        |organization| organization.patch("s", &json!({"status": "ended"})),
    ];
    let mut wanted = Vec::new();
    for (number, step) in steps.into_iter().enumerate() {
        let answer = step(&server.organization(ORG)).send().await;
        assert!(answer.status < 300, "step {number}: {answer:?}");
        server = server.kill().await.start().await;
        if answer.header("etag").is_some() {
            let said = shown(&answer);
            wanted.retain(|earlier: &Value| earlier["id"] != said["id"]);
            wanted.push(said);
        }
        let organization = server.organization(ORG);
        let mut found = organization.listed("").await;
        found.extend(organization.listed("?status=deleted").await);
        for said in &wanted {
            let found = found.iter().find(|found| found["id"] == said["id"]);
            let found = found.unwrap_or_else(|| panic!("after step {number} {} is gone", said["id"]));
            for member in ["title", "status", "forked_from", "created_at"] {
                assert_eq!(found[member], said[member], "after step {number}: {member} of {}", said["id"]);
            }
        }
    }
    let organization = server.organization(ORG);
    assert_eq!(organization.session("made-fork").ids().await, ["a", "b", "x", "y"]);
    assert_eq!(organization.session("second").ids().await, ["a", "b", "x"]);
}

/// How long a server that answers too early is given to do so. A right one is not hurried by it, and never fails by it.
const TOO_EARLY: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_answered_or_shown_before_its_sync() {
    let syncs = Syncs::new();
    let server = syncs.under(Setup::default()).start().await;
    let organization = server.organization(ORG);
    organization.session("s").store(None, entry("a")).await;
    let rows: [(Call, Call, u16); 4] = [
        (organization.create(&json!({"id": "new"})), organization.show("new"), 404),
        (organization.fork("s", &json!({"id": "fork"})), organization.show("fork"), 404),
        (organization.patch("s", &json!({"title": "later"})), organization.show("s"), 200),
        (organization.delete("s", ""), organization.show("s"), 200),
    ];
    for (change, look, status) in rows {
        let listed = organization.ids("").await;
        let before = look.send().await.expect(status).body;
        syncs.hold();
        let sent = tokio::spawn({
            let change = change.clone();
            async move { change.send().await }
        });
        syncs.is_holding().await;
        time::sleep(TOO_EARLY).await;
        assert!(!sent.is_finished(), "answered before its sync: {change:?}");
        assert_eq!(look.send().await.expect(status).body, before, "shown before its sync: {change:?}");
        assert_eq!(organization.ids("").await, listed, "listed before its sync: {change:?}");
        syncs.work();
        let answer = within("the answer", sent).await.unwrap();
        assert!(answer.status < 300, "{answer:?}");
    }
}

/// After a sync that failed nothing is claimed, nothing is half there, and the same request again settles it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_that_fails_is_no_success_and_heals() {
    let syncs = Syncs::new();
    let server = syncs.under(Setup::default()).start().await;
    let organization = server.organization(ORG);
    organization.session("s").store(None, entry("a")).await;
    for (round, change) in [
        organization.create(&json!({"id": "new"})),
        organization.fork("s", &json!({"id": "fork", "at": "a"})),
        organization.patch("s", &json!({"title": "later"})),
        organization.delete("new", ""),
    ]
    .into_iter()
    .enumerate()
    {
        syncs.fail(EIO);
        let failed = change.send().await;
        assert!(failed.status >= 500, "{change:?}: {failed:?}");
        syncs.work();
        until("the store to heal", async || {
            let answer = change.send().await;
            if answer.status < 300 { Ok(()) } else { Err(answer) }
        })
        .await;
        let mut ids = organization.ids("").await;
        ids.sort();
        let wanted = [&["new", "s"][..], &["fork", "new", "s"], &["fork", "new", "s"], &["fork", "s"]][round];
        assert_eq!(ids, wanted, "round {round}");
    }
    let before = everything(&organization).await;
    let server = server.kill().await.start().await;
    assert_eq!(everything(&organization.at(server.address)).await, before);
}
