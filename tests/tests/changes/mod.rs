//! `GET /v1/organization/changes`: every change of a session, with its type, its subject and its place.

mod resume;

use serde_json::{Value, json};
use verbatim_tests::{
    entry::entry,
    events::{Event, Events},
    organization::Organization,
    server::Server,
    token::{ORG, OTHER_ORG, Token},
    trail::{self, is_kept, short},
};

use crate::sessions::assert_error;

fn by(server: &Server, subject: &str) -> Organization {
    server.organization_as(&Token::full(ORG).claim("sub", subject))
}

/// The next change of a stream, checked.
async fn next(events: &mut Events) -> (Value, String) {
    let Event { id, name, data } = events.next().await.expect("the stream to go on");
    assert_eq!(name, "change", "{data}");
    let change = serde_json::from_str(&data).expect("JSON");
    trail::check(&change);
    (change, id.expect("an id"))
}

/// The next kept change of a stream.
async fn next_kept(events: &mut Events) -> Value {
    loop {
        let (change, _) = next(events).await;
        if is_kept(&change) {
            return change;
        }
    }
}

#[tokio::test]
async fn every_change_has_its_type_its_subject_and_its_place() {
    let server = Server::start().await;
    let (one, two) = (by(&server, "one"), by(&server, "two"));
    let nobody = server.organization(ORG);
    let mut wanted: Vec<(&str, Value)> = Vec::new();
    let mut steps = vec![
        (one.create(&json!({"id": "c", "parent_session_id": "s"})), 201, vec!["created c"], json!("one")),
        (one.session("s").put(None, entry("a")), 201, vec!["created s"], json!("one")),
        (two.session("s").put(Some("a"), entry("b")), 201, vec![], json!(null)),
        (two.patch("s", &json!({"title": "x"})), 200, vec!["patched s"], json!("two")),
        (two.patch("s", &json!({"title": "x"})), 200, vec![], json!(null)),
        (two.patch("s", &json!({"status": "paused"})), 200, vec!["patched s"], json!("two")),
        (nobody.fork("s", &json!({"id": "f", "at": "a"})), 201, vec!["forked f s"], json!(null)),
        (nobody.fork("s", &json!({"id": "f", "at": "a"})), 200, vec![], json!(null)),
        (one.patch("s", &json!({"status": "ended"})), 200, vec!["ended s"], json!("one")),
        (one.patch("s", &json!({"status": "active"})), 410, vec![], json!(null)),
        (two.redact("s", "a"), 200, vec!["redacted s ~0"], json!("two")),
        (two.redact("s", "~0"), 200, vec![], json!(null)),
        (two.batch("b", None, &[entry("x"), entry("y")]), 201, vec!["created b"], json!("two")),
        (two.batch("b", None, &[entry("x"), entry("y")]), 200, vec![], json!(null)),
        (one.delete("c", ""), 200, vec!["deleted c"], json!("one")),
        (one.delete("c", ""), 200, vec![], json!(null)),
        (two.restore("c"), 200, vec!["restored c"], json!("two")),
        (two.restore("c"), 200, vec![], json!(null)),
        (one.delete("s", ""), 200, vec!["deleted c", "deleted s"], json!("one")),
        (two.restore("s"), 200, vec!["restored c", "restored s"], json!("two")),
        (one.purge("s"), 200, vec!["purged c", "purged s"], json!("one")),
        (one.purge("s"), 404, vec![], json!(null)),
        (two.create(&json!({"id": "s"})), 410, vec![], json!(null)),
    ];
    let mut cursor = None;
    for (call, status, changes, subject) in steps.drain(..) {
        call.send().await.expect(status);
        let (news, after) = trail::read(&nobody, cursor.as_deref()).await;
        let mut kept: Vec<_> = news.iter().filter(|change| is_kept(change)).map(short).collect();
        // Who goes with whom has no order among them.
        kept.sort();
        assert_eq!(kept, changes, "{call:?}");
        for change in news.iter().filter(|change| is_kept(change)) {
            assert_eq!((&change["subject"], &change["cause"]), (&subject, &json!("request")), "{change}");
        }
        wanted.extend(changes.into_iter().map(|change| (change, subject.clone())));
        cursor = Some(after);
    }
    for server in [server.kill().await.start().await] {
        let (all, _) = trail::read(&nobody.at(server.address), None).await;
        let kept: Vec<_> = all.iter().filter(|change| is_kept(change)).collect();
        assert_eq!(kept.len(), wanted.len(), "{all:?}");
        let mut found: Vec<_> = kept.iter().map(|change| (short(change), change["subject"].clone())).collect();
        found.sort_by_key(|(change, _)| change.clone());
        wanted.sort_by_key(|(change, _)| *change);
        assert!(found.iter().zip(&wanted).all(|(found, wanted)| found.0 == wanted.0), "{found:?}");
        assert!(
            kept.windows(2).all(|two| two[0]["at"].as_str() <= two[1]["at"].as_str()),
            "in order of time: {kept:?}"
        );
        // Those that are there and have grown: each once, with its length, behind what is kept.
        let grown: Vec<_> = all.iter().filter(|change| !is_kept(change)).map(short).collect();
        assert!(grown.contains(&"appended b 2".to_owned()), "{grown:?}");
        assert!(all[..kept.len()].iter().all(is_kept), "{all:?}");
    }
}

#[tokio::test]
async fn a_reset_names_the_session_that_it_left_behind() {
    let server = Server::start().await;
    let organization = by(&server, "one");
    organization.session("s").store_all(None, &["a"]).await;
    let (_, cursor) = trail::read(&organization, None).await;
    let reset = organization.reset("s", Some("a")).send().await.expect(201).json();
    organization.reset("s", Some("a")).send().await.expect(200);
    let (changes, _) = trail::read(&organization, Some(&cursor)).await;
    let mut kept: Vec<_> = changes.into_iter().filter(is_kept).collect();
    kept.sort_by_key(short);
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert_eq!((&kept[0]["type"], &kept[0]["session_id"]), (&json!("created"), &reset["archived_session_id"]));
    assert_eq!((&kept[1]["type"], &kept[1]["session_id"]), (&json!("reset"), &json!("s")));
    assert_eq!(kept[1]["archived_session_id"], reset["archived_session_id"]);
}

#[tokio::test]
async fn a_stream_tells_what_was_and_what_happens() {
    let server = Server::start().await;
    let organization = by(&server, "one");
    organization.session("s").store_all(None, &["a", "b"]).await;
    organization.create(&json!({"id": "t"})).send().await.expect(201);
    let mut events = Events::open(&organization.changes("")).await;
    assert_eq!(events.headers["cache-control"], "no-store");
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(next(&mut events).await);
    }
    assert_eq!(
        seen.iter().map(|(change, _)| short(change)).collect::<Vec<_>>(),
        ["created s", "created t", "appended s 2"]
    );
    let mut later = Events::open(&organization.changes("?from=now")).await;
    organization.patch("t", &json!({"title": "x"})).send().await.expect(200);
    for events in [&mut events, &mut later] {
        assert_eq!(short(&next(events).await.0), "patched t", "as it happens, and from now on alone");
    }
    organization.session("t").store_all(None, &["a"]).await;
    assert_eq!(short(&next(&mut events).await.0), "appended t 1");
    // Each id is a point to go on from, for a stream and for a poll.
    for (_, id) in &seen[..2] {
        let mut resumed =
            Events::open(&organization.changes("?from=now&cursor=not-looked-at").header("last-event-id", id)).await;
        let (polled, _) = trail::read(&organization, Some(id)).await;
        let first = short(&next_kept(&mut resumed).await);
        assert_eq!(polled.iter().filter(|change| is_kept(change)).map(short).next(), Some(first.clone()));
        assert_eq!(first, if *id == seen[0].1 { "created t" } else { "patched t" });
    }
}

#[tokio::test]
async fn long_polls_answer_when_something_happens() {
    let server = Server::start().await;
    let organization = by(&server, "one");
    for id in ["a", "b", "c", "d", "e"] {
        organization.create(&json!({"id": id})).send().await.expect(201);
    }
    let (all, end) = trail::read(&organization, None).await;
    assert_eq!(
        all.iter().map(short).collect::<Vec<_>>(),
        ["created a", "created b", "created c", "created d", "created e"]
    );
    for limit in 1..=6 {
        let (mut paged, mut cursor) = (Vec::new(), None);
        loop {
            let (page, next) = trail::page(&organization, cursor.as_deref(), limit).await;
            if page.is_empty() {
                break;
            }
            paged.extend(page);
            cursor = Some(next);
        }
        assert_eq!(paged, all, "{limit} a page");
    }
    let poll = async |query: &str| {
        let answer = organization.changes(&format!("?live=long-poll&{query}")).send().await.expect(200);
        answer.json()["data"].as_array().expect("data").iter().map(short).collect::<Vec<_>>()
    };
    let waiting = format!("wait=9999999&cursor={end}");
    let deletion = organization.delete("c", "");
    let (polled, _) = tokio::join!(poll(&waiting), deletion.send());
    assert_eq!(polled, ["deleted c"]);
    assert_eq!(poll(&format!("wait=0&cursor={end}")).await, ["deleted c"]);
    assert_eq!(poll("wait=0&from=now").await, [""; 0]);
    let resumed = organization.changes("?live=long-poll&from=now").header("last-event-id", &end).send().await;
    assert_eq!(resumed.expect(200).json()["data"][0]["type"], "deleted");
    let server = server.restart().await;
    let (after, _) = trail::read(&organization.at(server.address), Some(&end)).await;
    assert_eq!(after.iter().map(short).collect::<Vec<_>>(), ["deleted c"], "cursors outlive restarts");
}

#[tokio::test]
async fn two_organisations_never_see_each_other() {
    let server = Server::start().await;
    let (one, other) = (by(&server, "one"), server.organization(OTHER_ORG));
    one.session("s").store_all(None, &["a"]).await;
    let mut theirs = Events::open(&other.changes("")).await;
    let (_, cursor) = trail::read(&one, None).await;
    for (id, status) in [("s", 404), ("nowhere", 404)] {
        other.purge(id).send().await.expect(status);
    }
    one.patch("s", &json!({"title": "x"})).send().await.expect(200);
    one.session("s").store_all(Some("a"), &["b"]).await;
    other.session("s").store_all(None, &["x", "y", "z"]).await;
    assert_eq!(short(&next(&mut theirs).await.0), "created s");
    while short(&next(&mut theirs).await.0) != "appended s 3" {}
    let (all, _) = trail::read(&one, None).await;
    assert_eq!(all.iter().map(short).collect::<Vec<_>>(), ["created s", "patched s", "appended s 2"]);
    let (all, _) = trail::read(&other, None).await;
    assert_eq!(all.iter().map(short).collect::<Vec<_>>(), ["created s", "appended s 3"]);
    for bad in [format!("?cursor={cursor}"), format!("?live=long-poll&wait=0&cursor={cursor}")] {
        assert_error(&other.changes(&bad).send().await, 400, "invalid_request_error", "the other's cursor");
    }
}

#[tokio::test]
async fn forms_and_who_may_ask() {
    let server = Server::start().await;
    let organization = by(&server, "one");
    organization.session("s").store_all(None, &["a", "b"]).await;
    let of_entries = organization.entries("s", "?limit=1").send().await.expect(200).json();
    for bad in [
        "?cursor=x",
        "?cursor=",
        "?from=then",
        "?from=",
        "?live=ws",
        "?live=long-poll&limit=0",
        "?live=long-poll&limit=x",
        "?live=long-poll&wait=x",
        "?live=long-poll&wait=-1",
        &format!("?cursor={}", of_entries["next_cursor"].as_str().unwrap()),
    ] {
        assert_error(&organization.changes(bad).send().await, 400, "invalid_request_error", bad);
    }
    let answer = organization.changes("").header("last-event-id", "x").send().await;
    assert_error(&answer, 400, "invalid_request_error", "Last-Event-ID");
    for token in [Token::access(ORG).scope("append admin"), Token::session("s", ORG)] {
        let answer = organization.changes("").bearer(&server.signer().sign(&token)).send().await;
        assert_error(&answer, 403, "permission_error", &format!("{token:?}"));
    }
}

/// Of a long name the trail keeps the beginning, whichever way the change came.
#[tokio::test]
async fn a_long_subject_is_cut() {
    let server = Server::start().await;
    let organization = by(&server, &"ä".repeat(300));
    organization.create(&json!({"id": "a"})).send().await.expect(201);
    organization.session("b").store_all(None, &["x"]).await;
    organization.batch("c", None, &[entry("x")]).send().await.expect(201);
    let mut live = Events::open(&organization.changes("?from=now")).await;
    organization.session("d").store_all(None, &["x"]).await;
    assert_eq!(next_kept(&mut live).await["subject"], json!("ä".repeat(256)));
    let (all, _) = trail::read(&organization, None).await;
    for change in all.iter().filter(|change| is_kept(change)) {
        assert_eq!(change["subject"], json!("ä".repeat(256)), "{change:.80}");
    }
}
