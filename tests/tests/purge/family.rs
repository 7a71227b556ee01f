//! Who goes with a purged session: its sub-agents' sessions; never its forks.

use serde_json::json;
use verbatim_tests::{entry::entry, organization::Organization, server::Server, token::ORG, trail};

use crate::sessions::assert_error;

/// `top` with two sub-agents, of which one has one of its own; a fork of `one`; and a stranger.
async fn family(server: &Server) -> Organization {
    let organization = server.organization(ORG);
    for (id, parent) in [("top", None), ("one", Some("top")), ("two", Some("top")), ("deep", Some("one")), ("x", None)]
    {
        organization.create(&json!({"id": id, "parent_session_id": parent})).send().await.expect(201);
        organization.session(id).store(None, entry(id)).await;
    }
    organization.fork("one", &json!({"id": "fork"})).send().await.expect(201);
    organization
}

async fn all(organization: &Organization) -> (String, String) {
    let (mut live, mut bin) = (organization.ids("").await, organization.ids("?status=deleted").await);
    live.sort();
    bin.sort();
    (live.join(" "), bin.join(" "))
}

async fn assert_purged(organization: &Organization, ids: &[&str]) {
    let trail = trail::kept(organization).await;
    for id in ids {
        assert_error(&organization.restore(id).send().await, 404, "not_found_error", id);
        assert_error(&organization.session(id).append(None, entry(id)).await, 410, "session_ended_error", id);
        assert_eq!(trail.iter().filter(|change| **change == format!("purged {id}")).count(), 1, "{id}: {trail:?}");
    }
    assert_eq!(trail.iter().filter(|change| change.starts_with("purged")).count(), ids.len(), "{trail:?}");
}

#[tokio::test]
async fn sub_agents_go_with_it() {
    let server = Server::start().await;
    let organization = family(&server).await;
    organization.purge("top").send().await.expect(200);
    assert_eq!(all(&organization).await, ("fork x".into(), String::new()));
    assert_purged(&organization, &["top", "one", "two", "deep"]).await;
    assert_eq!(organization.session("fork").ids().await, ["one"]);
}

#[tokio::test]
async fn sub_agents_may_stay() {
    let server = Server::start().await;
    let organization = family(&server).await;
    organization.delete("top", "?purge=true&cascade=false").send().await.expect(200);
    assert_eq!(all(&organization).await, ("deep fork one two x".into(), String::new()));
    assert_eq!(organization.shown("one").await["parent_session_id"], "top", "as it was given");
    assert_purged(&organization, &["top"]).await;
    assert_error(&organization.purge("top").send().await, 404, "not_found_error", "and takes nobody along");
    assert_eq!(all(&organization).await.0, "deep fork one two x");
    organization.delete("one", "").send().await.expect(200);
    assert_eq!(all(&organization).await, ("fork two x".into(), "deep one".into()));
}

/// In the bin or not, before its parent came there or with it.
#[tokio::test]
async fn sub_agents_in_the_bin_go_with_it() {
    let server = Server::start().await;
    let organization = family(&server).await;
    organization.delete("two", "").send().await.expect(200);
    organization.delete("top", "").send().await.expect(200);
    organization.restore("deep").send().await.expect(200);
    assert_eq!(all(&organization).await, ("deep fork x".into(), "one top two".into()));
    organization.purge("top").send().await.expect(200);
    assert_eq!(all(&organization).await, ("fork x".into(), String::new()));
    assert_purged(&organization, &["top", "one", "two", "deep"]).await;
}

/// Parents are names: they may be one's own, or go in a circle.
#[tokio::test]
async fn odd_families() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    for (id, parent) in [("self", "self"), ("a", "b"), ("b", "c"), ("c", "a"), ("orphan", "nobody")] {
        organization.create(&json!({"id": id, "parent_session_id": parent})).send().await.expect(201);
    }
    organization.purge("self").send().await.expect(200);
    organization.purge("b").send().await.expect(200);
    assert_eq!(all(&organization).await.0, "orphan");
    assert_error(&organization.purge("nobody").send().await, 404, "not_found_error", "nobody");
    assert_eq!(all(&organization).await.0, "orphan", "a 404 did nothing");
    // One that names a purged parent later is nobody's to take along.
    organization.create(&json!({"id": "late", "parent_session_id": "b"})).send().await.expect(201);
    assert_error(&organization.purge("b").send().await, 404, "not_found_error", "purged");
    organization.shown("late").await;
}
