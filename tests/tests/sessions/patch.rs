//! `PATCH /v1/sessions/{session_id}`.

use serde_json::{Value, json};
use verbatim_tests::{
    entry::entry,
    organization::{Organization, shown},
    server::Server,
    token::ORG,
};

use super::assert_error;

async fn with_session(server: &Server) -> Organization {
    let organization = server.organization(ORG);
    let body = json!({"id": "s", "title": "t", "metadata": {"a": 1, "b": "x"}, "expires_at": "2099-01-01T00:00:00Z"});
    organization.create(&body).send().await.expect(201);
    organization
}

#[tokio::test]
async fn a_patch_is_merged() {
    let server = Server::start().await;
    let organization = with_session(&server).await;
    let expires = json!("2099-01-01T00:00:00.000000Z");
    let rows = [
        (json!({"title": "u"}), json!("u"), json!({"a": 1, "b": "x"}), expires.clone()),
        (json!({"metadata": {"a": null, "c": true}}), json!("u"), json!({"b": "x", "c": true}), expires.clone()),
        (json!({"metadata": {"absent": null}}), json!("u"), json!({"b": "x", "c": true}), expires.clone()),
        (json!({"metadata": {}}), json!("u"), json!({"b": "x", "c": true}), expires),
        (json!({"expires_at": null}), json!("u"), json!({"b": "x", "c": true}), Value::Null),
        (json!({"title": null, "metadata": null}), Value::Null, json!({}), Value::Null),
        (json!({"metadata": {"d": 0}}), Value::Null, json!({"d": 0}), Value::Null),
    ];
    for (patch, title, metadata, expires_at) in rows {
        let patched = shown(&organization.patch("s", &patch).send().await.expect(200));
        assert_eq!(
            (&patched["title"], &patched["metadata"], &patched["expires_at"]),
            (&title, &metadata, &expires_at),
            "{patch}"
        );
        let seen = organization.shown("s").await;
        for member in ["title", "metadata", "expires_at", "updated_at"] {
            assert_eq!(seen[member], patched[member], "{patch}: {member}");
        }
    }
}

#[tokio::test]
async fn a_patch_that_changes_nothing_leaves_the_revision() {
    let server = Server::start().await;
    let organization = with_session(&server).await;
    let before = organization.show("s").send().await.expect(200);
    let nothing = [
        organization.patch("s", &json!({})),
        organization.call("PATCH", "/v1/sessions/s"),
        organization.patch("s", &json!({"title": "t", "metadata": {"a": 1}, "status": "active"})),
        organization.patch("s", &json!({"expires_at": "2099-01-01T01:00:00+01:00"})),
    ];
    for call in nothing {
        let after = call.send().await.expect(200);
        assert_eq!(after.header("etag"), before.header("etag"), "{call:?}");
        assert_eq!(after.json()["updated_at"], before.json()["updated_at"], "{call:?}");
    }
}

#[tokio::test]
async fn if_match_compares_the_revision_alone() {
    let server = Server::start().await;
    let organization = with_session(&server).await;
    let patch = |tag: &str, title: &str| organization.patch("s", &json!({"title": title})).header("if-match", tag);
    let read = organization.show("s").send().await.expect(200).header("etag").unwrap().to_owned();
    organization.session("s").store_all(None, &["a", "b"]).await;
    let first = patch(&read, "first").send().await.expect(200);
    assert_eq!((read.as_str(), first.header("etag")), ("\"1.0\"", Some("\"2.2\"")), "appends do not move the revision");
    for passed in [read.as_str(), "\"1.2\"", "\"3.2\"", "\"x\"", "2.2", "W/\"2.2\"", "\"\"", "\"2\""] {
        let answer = patch(passed, "lost").send().await;
        assert_error(&answer, 412, "precondition_failed_error", passed);
    }
    assert_eq!(organization.shown("s").await["title"], "first", "a lost race changes nothing");
    patch("*", "any").send().await.expect(200);
    patch("\"3.0\"", "again").send().await.expect(200);
    let twice = patch("\"4.2\"", "twice").header("if-match", "\"4.2\"").send().await;
    assert_error(&twice, 400, "invalid_request_error", "sent twice");
    let nowhere = organization.patch("nowhere", &json!({})).header("if-match", "\"1.0\"").send().await;
    assert_error(&nowhere, 404, "not_found_error", "no such session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_read_the_same_one_wins() {
    let server = Server::start().await;
    let organization = with_session(&server).await;
    for round in 0..20_usize {
        let read = organization.show("s").send().await.expect(200).header("etag").unwrap().to_owned();
        let patch = |who: usize| {
            let patch = organization.patch("s", &json!({"metadata": {"winner": format!("{round}-{who}")}}));
            patch.header("if-match", &read)
        };
        let (calls, append) = ([patch(0), patch(1), patch(2)], entry(&round.to_string()));
        let last = round.checked_sub(1).map(|last| last.to_string());
        let session = organization.session("s");
        let ([one, two, three], _) = tokio::join!(
            async {
                let (one, two, three) = tokio::join!(calls[0].send(), calls[1].send(), calls[2].send());
                [one, two, three]
            },
            session.store(last.as_deref(), append),
        );
        let statuses = [one.status, two.status, three.status];
        let winner = statuses.iter().position(|status| *status == 200).expect("one wins");
        assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 2, "round {round}: {statuses:?}");
        assert_eq!(organization.shown("s").await["metadata"]["winner"], format!("{round}-{winner}"));
    }
}

#[tokio::test]
async fn the_ways_from_status_to_status() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let rows = [
        (&["active"][..], "active", 200),
        (&[], "paused", 200),
        (&[], "ended", 200),
        (&["paused"], "active", 200),
        (&["paused"], "paused", 200),
        (&["paused"], "ended", 200),
        (&["ended"], "ended", 200),
        (&["ended"], "active", 410),
        (&["ended"], "paused", 410),
        (&["paused", "ended"], "active", 410),
    ];
    for (row, (way, to, status)) in rows.into_iter().enumerate() {
        let id = format!("s{row}");
        organization.session(&id).store(None, entry("a")).await;
        for step in way {
            organization.patch(&id, &json!({"status": step})).send().await.expect(200);
        }
        let answer = organization.patch(&id, &json!({"status": to, "title": "new"})).send().await;
        assert_eq!(answer.status, status, "{way:?} to {to}: {answer:?}");
        let (seen, title) = if status == 200 {
            (to, "new")
        } else {
            assert_error(&answer, 410, "session_ended_error", to);
            ("ended", "says a")
        };
        let session = organization.shown(&id).await;
        assert_eq!((&session["status"], &session["title"]), (&json!(seen), &json!(title)), "{way:?} to {to}");
    }
    for no_status in ["deleted", "Active", "", "archived"] {
        let answer = organization.patch("s0", &json!({"status": no_status})).send().await;
        assert_error(&answer, 400, "invalid_request_error", no_status);
    }
}

/// It takes no entry more and tells so; a retry still learns that its entry is safe; reads are as before.
#[tokio::test]
async fn an_ended_session_takes_no_appends() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let session = server.session("s");
    session.store_all(None, &["a", "b"]).await;
    session.put(Some("b"), r#"{"n":1}"#).header("idempotency-key", "k").send().await.expect(201);
    organization.patch("s", &json!({"status": "paused"})).send().await.expect(200);
    session.store(Some("b"), entry("c")).await;
    let reads = [session.get(""), session.page(""), session.head()];
    let mut before = Vec::new();
    for read in &reads {
        before.push(read.send().await.expect(200).body);
    }
    organization.patch("s", &json!({"status": "ended"})).send().await.expect(200);
    for last in [Some("c"), Some("a"), None] {
        let refused = [
            session.put(last, entry("d")),
            session.put(last, r#"{"n":2}"#),
            organization.batch("s", last, &[entry("d")]),
            organization.batch("s", last, &[entry("c"), entry("d")]),
        ];
        for call in refused {
            let answer = call.send().await;
            assert_error(&answer, 410, "session_ended_error", "an append");
            assert_eq!((&answer.json()["outcome"], answer.header("x-last-uuid")), (&json!("not_stored"), Some("c")));
        }
        let receipt = session.append(last, entry("a")).await.expect(200).json();
        assert_eq!((&receipt["status"], &receipt["seq"]), (&json!("already_stored"), &json!(0)));
        session.put(last, r#"{"n":1}"#).header("idempotency-key", "k").send().await.expect(200);
        organization.batch("s", last, &[entry("a"), entry("b")]).send().await.expect(200);
        assert_error(&session.append(last, r#"{"uuid":"a"}"#).await, 422, "uuid_reused_error", "other content");
        let batch = organization.batch("s", last, &[r#"{"uuid":"a"}"#.to_owned(), entry("d")]).send().await;
        assert_error(&batch, 422, "uuid_reused_error", "other content in a batch");
    }
    for (read, before) in reads.iter().zip(before) {
        assert_eq!(read.send().await.expect(200).body, before, "reads are as before");
    }
    organization.patch("s", &json!({"title": "Done"})).send().await.expect(200);
    assert_eq!(organization.shown("s").await["title"], "Done");
}

#[tokio::test]
async fn bounds_and_forms() {
    let server = Server::start().await;
    let organization = with_session(&server).await;
    organization.session("s").store(None, entry("a")).await;
    let filled =
        |bytes: usize| json!({"metadata": {"a": null, "b": null, "k": "x".repeat(bytes - r#"{"k":""}"#.len())}});
    organization.patch("s", &filled(16 * 1024)).send().await.expect(200);
    let before = organization.show("s").send().await.expect(200).body;
    for bad in [
        filled(16 * 1024 + 1),
        json!({"metadata": {"j": 1}}),
        json!({"metadata": {"j": []}}),
        json!({"metadata": {"j": {"deep": 1}}}),
        json!({"metadata": "x"}),
        json!({"title": "ä".repeat(257)}),
        json!({"title": 1}),
        json!({"status": null}),
        json!({"project": "fixed"}),
        json!({"parent_session_id": "fixed"}),
        json!({"id": "s"}),
        json!({"expires_at": "never"}),
        json!([]),
        json!(null),
    ] {
        let answer = organization.patch("s", &bad).send().await;
        assert_error(&answer, 400, "invalid_request_error", &format!("{bad:.100}"));
    }
    for media_type in ["application/merge-patch+json", "text/plain", ""] {
        let answer = organization.patch("s", &json!({"title": "x"})).with("content-type", media_type).send().await;
        assert_error(&answer, 415, "unsupported_media_type", media_type);
    }
    let large = json!({"title": "x".repeat(64 * 1024)});
    assert_error(&organization.patch("s", &large).send().await, 413, "request_too_large", "64 KiB and more");
    assert_error(&organization.patch("nowhere", &json!({})).send().await, 404, "not_found_error", "unknown");
    assert_error(&organization.patch("a%20b", &json!({})).send().await, 400, "invalid_request_error", "no id");
    assert_eq!(organization.show("s").send().await.expect(200).body, before, "nothing refused was done");
}

/// Every answer about a session that has a head carries it, errors included.
#[tokio::test]
async fn a_refusal_names_the_head() {
    let server = Server::start().await;
    let organization = with_session(&server).await;
    organization.session("s").store(None, entry("a")).await;
    let lost = organization.patch("s", &json!({"title": "x"})).header("if-match", "\"9.0\"").send().await.expect(412);
    assert_eq!(lost.header("x-last-uuid"), Some("a"));
    let calls = [
        (organization.patch("s", &json!({"status": "deleted"})), 400),
        (organization.patch("s", &json!({"titel": 1})), 400),
        (organization.fork("s", &json!({"at": "nowhere"})), 400),
        (organization.delete("s", "?cascade=x"), 400),
    ];
    for (call, status) in calls {
        assert_eq!(call.send().await.expect(status).header("x-last-uuid"), Some("a"), "{call:?}");
    }
    organization.patch("s", &json!({"status": "ended"})).send().await.expect(200);
    let ended = organization.patch("s", &json!({"status": "active"})).send().await.expect(410);
    assert_eq!(ended.header("x-last-uuid"), Some("a"));
}
