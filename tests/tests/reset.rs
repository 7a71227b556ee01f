//! `POST /v1/sessions/{session_id}/reset`: a new chain under the same id, the old one kept under another.

use serde_json::{Value, json};
use verbatim_tests::{
    digest,
    entry::{boundary, entry, plain},
    events::Events,
    organization::{Organization, shown},
    pages::Page,
    server::Server,
    token::{ORG, OTHER_ORG, Token},
    trail,
};

use crate::sessions::assert_error;

/// `s` of five entries whose head is `c`, with all that can be said of a session.
async fn fill(server: &Server) -> Organization {
    let organization = server.organization_as(&Token::full(ORG).claim("sub", "resetter"));
    let body = json!({"id": "s", "project": "p", "title": "T", "metadata": {"k": 1}, "parent_session_id": "top",
        "subpath": "x", "expires_at": "2099-01-01T00:00:00.000000Z"});
    organization.create(&body).send().await.expect(201);
    let session = organization.session("s");
    session.store_all(None, &["a"]).await;
    session.store(Some("a"), boundary("b")).await;
    session.put(Some("b"), plain("keyed")).header("idempotency-key", "k").send().await.expect(201);
    session.store_all(Some("b"), &["c"]).await;
    session.store(Some("c"), plain("last")).await;
    organization
}

/// Resets what must be reset; gives the session and the id of the one that holds the old chain.
async fn reset(organization: &Organization, id: &str, last: Option<&str>) -> (Value, String) {
    let answer = organization.reset(id, last).send().await.expect(201);
    let session = shown(&answer);
    let archived = session["archived_session_id"].as_str().expect("archived_session_id").to_owned();
    (session, archived)
}

#[tokio::test]
async fn the_chain_begins_anew_and_the_old_one_is_kept() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    organization.fork("s", &json!({"id": "f", "at": "b"})).send().await.expect(201);
    organization.patch("s", &json!({"status": "ended"})).send().await.expect(200);
    let before = organization.shown("s").await;
    let (chain, whole) = (organization.session("s").chain().await, organization.session("s").get("").send().await.body);

    let (session, archived) = reset(&organization, "s", Some("c")).await;
    let empty = json!({"id": "s", "status": "active", "length": 0, "bytes": 0, "head": null,
        "digest": digest::digest([]), "boundaries": {"count": 0, "last_seq": null}, "first_entry_at": null,
        "last_entry_at": null, "forked_from": null});
    for (member, value) in empty.as_object().unwrap() {
        assert_eq!(&session[member], value, "{member}");
    }
    for member in ["project", "parent_session_id", "subpath", "title", "metadata", "expires_at"] {
        assert_eq!(session[member], before[member], "{member}: what was said of it is kept");
    }
    assert!(session["created_at"].as_str() >= before["updated_at"].as_str(), "it counts as created now");
    assert!(session.get("archived_from").is_none());

    let server = server.kill().await.start().await;
    let organization = organization.at(server.address);
    let kept = organization.shown(&archived).await;
    assert_eq!((&kept["status"], &kept["archived_from"]["session_id"]), (&json!("ended"), &json!("s")));
    assert!(kept["archived_from"]["at"].as_str() >= before["updated_at"].as_str(), "{kept}");
    for member in [
        "project",
        "subpath",
        "title",
        "metadata",
        "length",
        "bytes",
        "head",
        "digest",
        "boundaries",
        "first_entry_at",
        "last_entry_at",
    ] {
        assert_eq!(kept[member], before[member], "{member} of the old chain");
    }
    let old = organization.session(&archived);
    assert_eq!(old.get("").send().await.expect(200).body, whole);
    let times = |chain: &[verbatim_tests::pages::Event]| -> Vec<_> {
        chain.iter().map(|event| (event.event_id.clone(), event.created_at.clone())).collect()
    };
    assert_eq!(times(&old.chain().await), times(&chain));
    assert_eq!(organization.session("f").ids().await, ["a", "b"]);
    let forks = (&organization.shown("s").await["forks"], &kept["forks"]);
    assert_eq!(forks, (&json!(["f"]), &json!([])), "a fork still names the session that it was made of");
    old.append(None, entry("a")).await.expect(200);
    assert_error(&old.append(Some("c"), entry("d")).await, 410, "session_ended_error", "it has ended");
    let mut live = organization.ids("").await;
    live.sort();
    let mut wanted = vec![archived.clone(), "f".to_owned(), "s".to_owned()];
    wanted.sort();
    assert_eq!(live, wanted);

    // The new chain knows nothing of the old one.
    let session = organization.session("s");
    assert_eq!(session.get("").send().await.expect(200).json(), json!({"loglines": [], "count": 0, "last_uuid": null}));
    assert_eq!(session.store(None, r#"{"uuid":"c","own":true}"#).await["seq"], 0);
    session.put(Some("c"), plain("other")).header("idempotency-key", "k").send().await.expect(201);
    session.store_all(Some("c"), &["a"]).await;
    assert_eq!(session.ids().await, ["c", "~1", "a"]);
    assert_eq!(organization.session(&archived).ids().await, ["a", "b", "~2", "c", "~4"]);
}

#[tokio::test]
async fn a_reset_again_is_the_same_reset() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    let (session, archived) = reset(&organization, "s", Some("c")).await;
    for server in [server.kill().await.start().await] {
        let organization = organization.at(server.address);
        let again = organization.reset("s", Some("c")).send().await.expect(200);
        assert_eq!(shown(&again), session);
        assert_error(&organization.reset("s", Some("b")).send().await, 409, "conflict_error", "never the head");
        organization.session("s").store_all(None, &["x"]).await;
        let late = organization.reset("s", Some("c")).send().await;
        assert_error(&late, 409, "conflict_error", "it has grown since");
        assert_eq!(late.header("x-last-uuid"), Some("x"));
        let (_, second) = reset(&organization, "s", Some("x")).await;
        assert_ne!(second, archived, "each old chain has a session of its own");
        assert_eq!(organization.session(&archived).ids().await.len(), 5);
        assert_eq!(organization.session(&second).ids().await, ["x"]);
        assert_error(&organization.reset("s", Some("c")).send().await, 409, "conflict_error", "two resets ago");
        assert_eq!(organization.ids("").await.len(), 3);
    }
}

#[tokio::test]
async fn what_is_not_reset() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    let before = organization.show("s").send().await.expect(200).body;
    for last in [None, Some("b"), Some("nobody"), Some("C")] {
        let answer = organization.reset("s", last).send().await;
        assert_error(&answer, 409, "conflict_error", &format!("{last:?}"));
        assert_eq!(answer.header("x-last-uuid"), Some("c"));
        let body = answer.json();
        assert_eq!((&body["expected"], &body["head"], &body["length"]), (&json!(last), &json!("c"), &json!(5)));
    }
    organization.session("bin").store_all(None, &["a"]).await;
    organization.delete("bin", "").send().await.expect(200);
    for id in ["nowhere", "bin"] {
        assert_error(&organization.reset(id, Some("a")).send().await, 404, "not_found_error", id);
    }
    let theirs = server.organization(OTHER_ORG).reset("s", Some("c")).send().await;
    assert_error(&theirs, 404, "not_found_error", "another organisation's");
    assert_error(&organization.reset("a%20b", None).send().await, 400, "invalid_request_error", "no id");
    for token in [Token::access(ORG).scope("read append"), Token::session("s", ORG).scope("read append admin")] {
        let answer = organization.reset("s", Some("c")).bearer(&server.signer().sign(&token)).send().await;
        assert_error(&answer, 403, "permission_error", &format!("{token:?}"));
    }
    assert_eq!(organization.show("s").send().await.expect(200).body, before, "nothing refused was done");
    // One that is empty and never was reset is as a reset would leave it.
    organization.create(&json!({"id": "empty"})).send().await.expect(201);
    let was = organization.shown("empty").await;
    let answer = organization.reset("empty", None).send().await.expect(200);
    assert_eq!(
        (&answer.json()["archived_session_id"], &answer.json()["created_at"]),
        (&Value::Null, &was["created_at"])
    );
    assert_eq!(organization.ids("").await.len(), 2, "and nothing was left behind");
}

/// Where no entry has a uuid there is no head, and a reset names none.
#[tokio::test]
async fn a_chain_without_a_head() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    organization.session("s").store(None, plain("one")).await;
    let (_, first) = reset(&organization, "s", None).await;
    assert_eq!(organization.reset("s", None).send().await.expect(200).json()["archived_session_id"], json!(first));
    organization.session("s").store(None, plain("two")).await;
    let (_, second) = reset(&organization, "s", None).await;
    assert_ne!(first, second);
    assert_eq!(organization.session(&second).ids().await, ["~0"]);
}

#[tokio::test]
async fn cursors_and_streams_of_the_old_chain_end() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    let session = organization.session("s");
    let page = Page::of(&session.page("?limit=1").send().await).next_cursor.unwrap();
    let entries = session.read("/entries?limit=1").send().await.expect(200).json();
    let entries = entries["next_cursor"].as_str().unwrap().to_owned();
    let mut events = Events::open(&session.read("/stream")).await;
    assert_eq!(events.ids(4).await, ["a", "b", "~2", "c"]);
    let last = events.next().await.expect("an event").id.expect("an id");
    let poll = session.read("/stream?live=long-poll&wait=60&from_seq=5");
    let polling = tokio::spawn(async move { poll.send().await });
    // An answer to a later request: by then the poll has most likely begun.
    session.head().send().await.expect(200);
    reset(&organization, "s", Some("c")).await;
    while let Some(event) = events.next().await {
        assert_ne!(event.name, "entry", "the old chain has no more: {event:?}");
    }
    let polled = polling.await.unwrap();
    assert!(polled.status == 410 || polled.json()["data"] == json!([]), "{polled:?}");
    organization.session("s").store_all(None, &["x", "y"]).await;
    let server = server.restart().await;
    let session = organization.at(server.address).session("s");
    for gone in [
        session.page(&format!("?cursor={page}")),
        session.read(&format!("/entries?cursor={entries}")),
        session.read(&format!("/entries?cursor={last}")),
        session.read(&format!("/stream?cursor={last}")),
        session.read("/stream").header("last-event-id", &last),
        session.read(&format!("/stream?live=long-poll&wait=0&cursor={last}")),
    ] {
        let answer = gone.send().await;
        assert_error(&answer, 410, "cursor_gone_error", &format!("{gone:?}"));
        assert_eq!(answer.header("x-last-uuid"), Some("y"));
    }
    assert_eq!(Events::open(&session.read("/stream")).await.ids(2).await, ["x", "y"]);
}

/// The old chain's session lives on its own: it is forked, deleted and purged without the new one, and the other way round.
#[tokio::test]
async fn the_two_go_their_own_ways() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    let (_, archived) = reset(&organization, "s", Some("c")).await;
    organization.session("s").store_all(None, &["new"]).await;
    organization.fork(&archived, &json!({"id": "f", "at": "b"})).send().await.expect(201);
    organization.fork("s", &json!({"id": "g"})).send().await.expect(201);
    assert_eq!(organization.shown("s").await["forks"], json!(["g"]));
    assert_eq!(organization.shown(&archived).await["forks"], json!(["f"]));
    organization.purge("s").send().await.expect(200);
    assert_eq!(organization.session(&archived).ids().await.len(), 5);
    organization.purge(&archived).send().await.expect(200);
    let server = server.restart().await;
    let organization = organization.at(server.address);
    assert_eq!(organization.session("f").ids().await, ["a", "b"]);
    assert_eq!(organization.session("g").ids().await, ["new"]);
    assert_error(&organization.show(&archived).send().await, 404, "not_found_error", "purged");
    let mut trail = trail::kept(&organization).await;
    trail.retain(|change| !change.starts_with("forked"));
    trail.sort();
    let mut wanted: Vec<_> =
        ["created", "purged"].iter().flat_map(|kind| [format!("{kind} s"), format!("{kind} {archived}")]).collect();
    wanted.push("reset s".to_owned());
    wanted.sort();
    assert_eq!(trail, wanted);
}

/// A fork at an entry and a reset at the same time: the fork is of the old chain, or there is none.
#[tokio::test]
async fn a_fork_that_races_a_reset_is_whole_or_not_there() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    for round in 0..25 {
        let (id, fork) = (format!("s{round}"), format!("f{round}"));
        organization.session(&id).store_all(None, &["u0", "u1"]).await;
        let reset = organization.reset(&id, Some("u1"));
        let body = json!({"id": fork, "at": "u1"});
        let forking = organization.fork(&id, &body);
        let (reset, forked) = tokio::join!(reset.send(), forking.send());
        reset.expect(201);
        organization.session(&id).store_all(None, &["n0", "n1"]).await;
        match forked.status {
            201 => assert_eq!(organization.session(&fork).ids().await, ["u0", "u1"], "round {round}"),
            400 => assert_eq!(organization.show(&fork).send().await.status, 404, "round {round}"),
            _ => panic!("round {round}: {forked:?}"),
        }
        let again = organization.fork(&id, &body).send().await;
        assert_eq!(again.status, if forked.status == 201 { 200 } else { 400 }, "the same fork again: {again:?}");
    }
    assert!(organization.ids("?status=active").await.len() >= 25, "the list shows every session");
}
