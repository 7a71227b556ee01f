//! `POST /v1/sessions/{session_id}/fork`: a new session that shares a chain up to some entry.

use serde_json::{Value, json};
use verbatim_tests::{
    entry::{boundary, entry, plain},
    organization::{Organization, shown},
    pages::{self, Page, Transcript},
    server::Server,
    token::ORG,
};

use crate::sessions::assert_error;

/// A parent `p` of six entries: `a`, one without uuid under the key `k`, the boundary `b`, `c`, one without uuid, `d`.
async fn parent(server: &Server) -> Organization {
    let organization = server.organization(ORG);
    let session = organization.session("p");
    session.store(None, entry("a")).await;
    session.put(Some("a"), plain("keyed")).header("idempotency-key", "k").send().await.expect(201);
    session.store(Some("a"), boundary("b")).await;
    session.store(Some("b"), entry("c")).await;
    session.store(Some("c"), plain("x")).await;
    session.store(Some("c"), entry("d")).await;
    organization
}

async fn fork(organization: &Organization, of: &str, id: &str, at: Option<&str>) -> Value {
    let body = at.map_or_else(|| json!({"id": id}), |at| json!({"id": id, "at": at}));
    shown(&organization.fork(of, &body).send().await.expect(201))
}

#[tokio::test]
async fn a_fork_shares_the_chain_up_to_and_with_an_entry() {
    let server = Server::start().await;
    let organization = parent(&server).await;
    let chain = organization.session("p").chain().await;
    let rows = [
        (Some("a"), 1, Some("a"), 0),
        (Some("~0"), 1, Some("a"), 0),
        (Some("~1"), 2, Some("a"), 0),
        (Some("b"), 3, Some("b"), 1),
        (Some("~4"), 5, Some("c"), 1),
        (Some("d"), 6, Some("d"), 1),
        (None, 6, Some("d"), 1),
    ];
    for (row, (at, length, head, boundaries)) in rows.into_iter().enumerate() {
        let id = format!("f{row}");
        let fork = fork(&organization, "p", &id, at).await;
        assert_eq!(fork["forked_from"], json!({"session_id": "p", "at": at, "length": length}));
        assert_eq!((&fork["length"], fork["head"].as_str()), (&json!(length), head), "{at:?}");
        assert_eq!((&fork["boundaries"]["count"], &fork["status"]), (&json!(boundaries), &json!("active")));
        assert_eq!((&fork["parent_session_id"], &fork["title"]), (&Value::Null, &json!("says a")), "no child: a fork");
        assert_eq!(fork["first_entry_at"], chain[0].created_at);
        assert_eq!(fork["last_entry_at"], chain[length - 1].created_at);
        let session = organization.session(&id);
        let own = session.chain().await;
        let event =
            |event: &pages::Event| (event.event_id.clone(), event.payload.to_string(), event.created_at.clone());
        let shared: Vec<_> = chain[..length].iter().map(event).collect();
        assert_eq!(own.iter().map(event).collect::<Vec<_>>(), shared, "{at:?}");
        assert_eq!(session.state().await, (head.map(str::to_owned), length as u64));
        let again = organization.fork("p", &at.map_or_else(|| json!({"id": id}), |at| json!({"id": id, "at": at})));
        assert_eq!(shown(&again.send().await.expect(200)), fork);
    }
    let made = organization.fork("p", &json!({})).send().await.expect(201);
    assert_eq!(made.header("location"), Some(format!("/v1/sessions/{}", made.json()["id"].as_str().unwrap()).as_str()));
    assert_ne!(
        made.json()["id"],
        organization.call("POST", "/v1/sessions/p/fork").send().await.expect(201).json()["id"]
    );
}

#[tokio::test]
async fn the_same_fork_again_is_200_and_another_is_409() {
    let server = Server::start().await;
    let organization = parent(&server).await;
    fork(&organization, "p", "f", Some("b")).await;
    fork(&organization, "p", "all", None).await;
    organization.session("p").store(Some("d"), entry("e")).await;
    organization.session("f").store(Some("b"), entry("own")).await;
    organization.patch("f", &json!({"title": "T"})).send().await.expect(200);
    let again = organization.fork("p", &json!({"id": "f", "at": "b"})).send().await.expect(200);
    assert_eq!((&again.json()["length"], &again.json()["title"]), (&json!(4), &json!("T")), "as it is now");
    let all = organization.fork("p", &json!({"id": "all"})).send().await.expect(200);
    assert_eq!(all.json()["length"], 6, "what the parent got since makes no other fork of it");
    organization.session("plain").store(None, entry("a")).await;
    for (of, body) in [
        ("p", json!({"id": "f", "at": "c"})),
        ("p", json!({"id": "f"})),
        ("p", json!({"id": "all", "at": "d"})),
        ("all", json!({"id": "f", "at": "b"})),
        ("p", json!({"id": "p"})),
        ("p", json!({"id": "plain"})),
    ] {
        let answer = organization.fork(of, &body).send().await;
        assert_error(&answer, 409, "session_exists_error", &body.to_string());
    }
    assert_error(&organization.create(&json!({"id": "f"})).send().await, 409, "session_exists_error", "created");
    organization.delete("f", "").send().await.expect(200);
    let binned = organization.fork("p", &json!({"id": "f", "at": "b"})).send().await;
    assert_error(&binned, 410, "session_ended_error", "in the bin");
}

#[tokio::test]
async fn what_no_fork_can_be_made_of() {
    let server = Server::start().await;
    let organization = parent(&server).await;
    fork(&organization, "p", "f", Some("a")).await;
    for (of, body, status, error_type) in [
        ("p", json!({"id": "x", "at": "nowhere"}), 400, "invalid_request_error"),
        ("p", json!({"id": "x", "at": "~6"}), 400, "invalid_request_error"),
        ("p", json!({"id": "x", "at": "~01"}), 400, "invalid_request_error"),
        ("p", json!({"id": "x", "at": ""}), 400, "invalid_request_error"),
        ("p", json!({"id": "x", "at": 3}), 400, "invalid_request_error"),
        ("p", json!({"id": "x y"}), 400, "invalid_request_error"),
        ("p", json!({"id": "x", "title": "t"}), 400, "invalid_request_error"),
        ("f", json!({"id": "x", "at": "b"}), 400, "invalid_request_error"),
        ("f", json!({"id": "x", "at": "~1"}), 400, "invalid_request_error"),
        ("nowhere", json!({"id": "x"}), 404, "not_found_error"),
        ("nowhere", json!({"id": "x", "at": "a"}), 404, "not_found_error"),
        ("a%20b", json!({"id": "x"}), 400, "invalid_request_error"),
    ] {
        let answer = organization.fork(of, &body).send().await;
        assert_error(&answer, status, error_type, &format!("{of} {body}"));
    }
    let answer = organization.fork("p", &json!({"id": "x"})).with("content-type", "text/plain").send().await;
    assert_error(&answer, 415, "unsupported_media_type", "no JSON");
    assert_error(&organization.show("x").send().await, 404, "not_found_error", "nothing was made");
}

/// Both go on, each on its own head; each recognises what it shares and nothing that the other got later.
#[tokio::test]
async fn both_sides_grow_apart() {
    let server = Server::start().await;
    let organization = parent(&server).await;
    fork(&organization, "p", "f", Some("c")).await;
    let (p, f) = (organization.session("p"), organization.session("f"));
    let receipt = f.append(None, entry("a")).await.expect(200).json();
    assert_eq!((&receipt["status"], &receipt["seq"]), (&json!("already_stored"), &json!(0)));
    f.put(None, plain("keyed")).header("idempotency-key", "k").send().await.expect(200);
    assert_error(
        &f.put(None, plain("other")).header("idempotency-key", "k").send().await,
        422,
        "uuid_reused_error",
        "k",
    );
    assert_error(&f.append(Some("c"), r#"{"uuid":"b"}"#).await, 422, "uuid_reused_error", "b");
    let conflict = f.append(Some("d"), entry("x")).await.expect(409);
    assert_eq!((conflict.header("x-last-uuid"), &conflict.json()["length"]), (Some("c"), &json!(4)));

    // `d` came to the parent after the entry it was forked at: here it is new, whatever it says.
    assert_eq!(f.store(Some("c"), r#"{"uuid":"d","own":true}"#).await["seq"], 4);
    f.put(Some("d"), plain("x")).header("idempotency-key", "late").send().await.expect(201);
    p.put(Some("d"), plain("y")).header("idempotency-key", "late").send().await.expect(201);
    p.store(Some("d"), boundary("e")).await;
    assert_eq!(f.store(Some("d"), boundary("e")).await["seq"], 6);
    f.store(Some("e"), entry("g")).await;
    assert_error(&p.append(Some("e"), r#"{"uuid":"d","own":true}"#).await, 422, "uuid_reused_error", "the parent's d");
    p.store(Some("e"), entry("g2")).await;
    assert_eq!(p.ids().await, ["a", "~1", "b", "c", "~4", "d", "~6", "e", "g2"]);
    assert_eq!(f.ids().await, ["a", "~1", "b", "c", "d", "~5", "e", "g"]);
    assert_eq!(organization.shown("p").await["boundaries"], json!({"count": 2, "last_seq": 7}));
    assert_eq!(organization.shown("f").await["boundaries"], json!({"count": 2, "last_seq": 6}));

    // A batch may begin among what is shared and end among what is new.
    let batch = organization.batch("f", None, &[entry("c"), r#"{"uuid":"d","own":true}"#.into()]);
    assert_eq!(batch.send().await.expect(200).json()["results"][0]["seq"], 3);
    fork(&organization, "p", "h", Some("c")).await;
    let batch = organization.batch("h", None, &[boundary("b"), entry("c"), entry("new")]).send().await.expect(201);
    assert_eq!(batch.json()["results"][2], json!({"uuid": "new", "seq": 4, "status": "stored"}));
}

/// Reads do not see where the join is: they are those of a plain chain of the same entries.
#[tokio::test]
async fn reads_cross_the_join_unseen() {
    let server = Server::start().await;
    let organization = parent(&server).await;
    let own = [entry("x"), boundary("y"), entry("z")];
    fork(&organization, "p", "f", Some("~4")).await;
    organization.batch("f", Some("c"), &own).send().await.expect(201);
    let bodies = [entry("a"), plain("keyed"), boundary("b"), entry("c"), plain("x")];
    let all: Vec<_> = bodies.into_iter().chain(own).collect();
    organization.batch("plain", None, &all).header("idempotency-key", "k").send().await.expect(201);

    let (f, plain) = (organization.session("f"), organization.session("plain"));
    for query in ["", "?after_last_compact=true"] {
        let (one, other) = (f.get(query).send().await, plain.get(query).send().await);
        assert_eq!(Transcript::of(&one).lines(), Transcript::of(&other).lines(), "{query}");
        assert_eq!(one.body, other.body, "{query}");
    }
    for limit in 1..=9 {
        let ids: Vec<_> = pages::read(&f, limit).await.into_iter().map(|event| event.event_id).collect();
        assert_eq!(ids, ["a", "~1", "b", "c", "~4", "x", "y", "z"], "{limit} a page");
    }
    let (one, other) = (organization.shown("f").await, organization.shown("plain").await);
    for member in ["length", "bytes", "head", "digest", "boundaries", "title"] {
        assert_eq!(one[member], other[member], "{member}");
    }
    for query in [
        "",
        "?order=desc",
        "?tail=4",
        "?tail=8",
        "?from_boundary=last",
        "?from_boundary=1",
        "?from_seq=3",
        "?from_seq=5",
        "?after=b&before=y",
        "?after=~4",
        "?before=x",
        "?type=user",
        "?type=system&order=desc",
        "?limit=5",
        "?limit=6",
    ] {
        let read = async |id: &str| {
            let path = format!("/v1/sessions/{id}/entries{query}");
            let mut page = organization.call("GET", &path).send().await.expect(200).json();
            page.as_object_mut().unwrap().remove("next_cursor");
            page["data"].as_array_mut().unwrap().iter_mut().for_each(|entry| entry["created_at"] = Value::Null);
            page
        };
        assert_eq!(read("f").await, read("plain").await, "{query}");
    }
    for id in ["a", "~1", "c", "~4", "x", "z"] {
        let path = |session: &str| format!("/v1/sessions/{session}/entries/{id}");
        let (one, other) = (organization.call("GET", &path("f")), organization.call("GET", &path("plain")));
        let (one, other) = (one.send().await.expect(200).json(), other.send().await.expect(200).json());
        assert_eq!((&one["seq"], &one["payload"]), (&other["seq"], &other["payload"]), "{id}");
    }
    let late = organization.call("GET", "/v1/sessions/f/entries/d").send().await;
    assert_error(&late, 404, "not_found_error", "an entry that the parent got after the fork");
    // A cursor is its own chain's, and reads on from there whatever came since.
    let cursor = Page::of(&f.page("?limit=3").send().await).next_cursor.unwrap();
    let of_parent = organization.session("p").page(&format!("?cursor={cursor}")).send().await;
    assert_error(&of_parent, 400, "invalid_request_error", "the fork's cursor on its parent");
    f.store(Some("z"), entry("zz")).await;
    let rest = Page::of(&f.page(&format!("?cursor={cursor}")).send().await);
    assert_eq!(rest.ids(), ["c", "~4", "x", "y", "z", "zz"]);
}

/// Each shares with those before it, wherever it was cut: in its parent's own part, at the join, or before it.
#[tokio::test]
async fn forks_of_forks_outlive_their_parents() {
    let server = Server::start().await;
    let organization = parent(&server).await;
    fork(&organization, "p", "f", Some("c")).await;
    organization.session("f").store_all(Some("c"), &["f1", "f2"]).await;
    let rows = [
        ("own", "f1", &["a", "~1", "b", "c", "f1"][..]),
        ("join", "c", &["a", "~1", "b", "c"]),
        ("before", "~1", &["a", "~1"]),
    ];
    for (id, at, ids) in rows {
        let forked = fork(&organization, "f", id, Some(at)).await;
        assert_eq!(forked["forked_from"], json!({"session_id": "f", "at": at, "length": ids.len()}));
        assert_eq!(organization.session(id).ids().await, ids, "{id}");
    }
    organization.session("own").store_all(Some("f1"), &["o1"]).await;
    fork(&organization, "own", "last", None).await;
    organization.session("last").store_all(Some("o1"), &["l1"]).await;

    // Deleted one after the other, and one of them for ever as far as this test goes.
    organization.delete("p", "").send().await.expect(200);
    organization.delete("f", "").send().await.expect(200);
    organization.delete("own", "").send().await.expect(200);
    for round in 0..2 {
        let at = server.address;
        for (id, ids) in [
            ("join", &["a", "~1", "b", "c"][..]),
            ("before", &["a", "~1"]),
            ("last", &["a", "~1", "b", "c", "f1", "o1", "l1"]),
        ] {
            assert_eq!(organization.at(at).session(id).ids().await, ids, "{id}, round {round}");
        }
        let last = organization.session("last");
        last.append(None, entry("f1")).await.expect(200);
        assert_error(&last.append(Some("l1"), r#"{"uuid":"a"}"#).await, 422, "uuid_reused_error", "a");
        organization.restore("f").send().await.expect(200);
        organization.delete("f", "").send().await.expect(200);
    }
    organization.session("join").store(Some("c"), entry("f1")).await;
    fork(&organization, "last", "newest", Some("o1")).await;
    assert_eq!(organization.session("newest").ids().await, ["a", "~1", "b", "c", "f1", "o1"]);
    let mut live = organization.ids("").await;
    live.sort();
    assert_eq!(live, ["before", "join", "last", "newest"]);
}

/// A session shows the forks that were made of it, and no others.
#[tokio::test]
async fn a_session_shows_its_forks() {
    let server = Server::start().await;
    let organization = parent(&server).await;
    organization.create(&json!({"id": "empty"})).send().await.expect(201);
    for (of, id, at) in [
        ("p", "f", Some("c")),
        ("p", "g", Some("a")),
        ("f", "of-f", None),
        ("f", "of-f-early", Some("a")),
        ("empty", "of-empty", None),
    ] {
        fork(&organization, of, id, at).await;
    }
    organization.session("f").store(Some("c"), entry("x")).await;
    fork(&organization, "f", "of-f-late", Some("x")).await;
    let forks = async |id: &str| {
        let shown = organization.shown(id).await;
        let mut forks: Vec<_> =
            shown["forks"].as_array().unwrap().iter().map(|id| id.as_str().unwrap().to_owned()).collect();
        forks.sort();
        forks
    };
    assert_eq!(forks("p").await, ["f", "g"]);
    assert_eq!(forks("f").await, ["of-f", "of-f-early", "of-f-late"]);
    assert_eq!(forks("empty").await, ["of-empty"]);
    assert_eq!(forks("of-f").await, [""; 0]);
    organization.delete("g", "").send().await.expect(200);
    assert_eq!(forks("p").await, ["f"], "not one that is in the bin");
    organization.restore("g").send().await.expect(200);
    assert_eq!(forks("p").await, ["f", "g"]);
}

/// What a session is, apart from its entries, is its own; only the project comes along.
#[tokio::test]
async fn a_fork_is_a_session_of_its_own() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let body = json!({"id": "p", "project": "proj", "title": "T", "metadata": {"k": 1}, "parent_session_id": "top",
        "expires_at": "2099-01-01T00:00:00Z"});
    organization.create(&body).send().await.expect(201);
    let empty = fork(&organization, "p", "empty", None).await;
    assert_eq!(empty["forked_from"], json!({"session_id": "p", "at": null, "length": 0}));
    organization.session("empty").store(None, entry("own")).await;
    organization.session("p").store(None, entry("a")).await;
    organization.patch("p", &json!({"status": "ended"})).send().await.expect(200);
    let forked = fork(&organization, "p", "f", None).await;
    let wanted = json!({"project": "proj", "title": "says a", "metadata": {}, "parent_session_id": null, "status": "active",
        "expires_at": null});
    for (member, value) in wanted.as_object().unwrap() {
        assert_eq!(&forked[member], value, "{member}");
    }
    organization.session("f").store(Some("a"), entry("b")).await;
    assert_error(&organization.session("p").append(Some("a"), entry("b")).await, 410, "session_ended_error", "ended");
    // Forks are not children.
    organization.delete("p", "").send().await.expect(200);
    assert_eq!(organization.ids("?parent=p").await, [""; 0]);
    assert_eq!(organization.session("f").ids().await, ["a", "b"]);
    assert_eq!(organization.session("empty").ids().await, ["own"]);
}

/// A long chain is shared, not copied: what the fork of it adds to the disk does not grow with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_of_a_long_chain_is_a_small_write() {
    const BATCHES: usize = 5;
    let mut rng = verbatim_tests::rng::Rng::seeded("fork");
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let mut last: Option<String> = None;
    for batch in 0..BATCHES {
        let line = |n| json!({"uuid": format!("{batch}-{n}"), "fill": rng.text(1000)}).to_string();
        let lines: Vec<_> = (0..1000).map(line).collect();
        organization.batch("p", last.as_deref(), &lines).send().await.expect(201);
        last = Some(format!("{batch}-999"));
    }
    let size = || {
        std::fs::read_dir(server.data_dir().join("db"))
            .unwrap()
            .map(|file| file.unwrap().metadata().unwrap().len())
            .sum::<u64>()
    };
    let before = size();
    for n in 0..10 {
        fork(&organization, "p", &format!("f{n}"), Some("3-0")).await;
    }
    let grown = size().saturating_sub(before);
    assert!(grown < 100_000, "ten forks of 3,001 entries of 1 KB grew the store by {grown} bytes");
    let (whole, state) = (organization.session("f9").chain().await, organization.session("f9").state().await);
    assert_eq!((whole.len(), state), (3001, (Some("3-0".to_owned()), 3001)));
}
