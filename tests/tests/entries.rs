//! `GET /v1/sessions/{session_id}/entries` and one entry of them: every parameter, their bounds, and what goes together.

use serde_json::{Value, json};
use verbatim_tests::{
    entry::{boundary, entry, plain},
    server::Server,
    session::Session,
    token::{ORG, OTHER_ORG, Token},
};

/// A chain of ten: two boundaries, two entries without a uuid, three types.
const IDS: [&str; 10] = ["a", "b", "~2", "c1", "d", "~5", "c2", "e", "f", "g"];

async fn ten(server: &Server) -> Session {
    let session = server.session("s");
    let mut last = None;
    for id in IDS {
        let body = match id {
            "c1" | "c2" => boundary(id),
            id if id.starts_with('~') => plain(id),
            id => entry(id),
        };
        session.store(last, body).await;
        last = if id.starts_with('~') { last } else { Some(id) };
    }
    session
}

/// A page, checked for what holds of every page; the whole body.
async fn page(session: &Session, query: &str) -> Value {
    let answer = session.read(&format!("/entries{query}")).send().await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"), "{query}");
    let page = answer.json();
    assert_eq!(page["truncated"], page.get("next_cursor").is_some(), "{query}: {page}");
    assert_ne!(page.get("next_cursor"), Some(&Value::Null), "{query}: absent, not null");
    page
}

fn ids_of(page: &Value) -> Vec<String> {
    let data = page["data"].as_array().expect("data");
    data.iter().map(|event| event["event_id"].as_str().expect("event_id").to_owned()).collect()
}

async fn ids(session: &Session, query: &str) -> Vec<String> {
    ids_of(&page(session, query).await)
}

/// All pages, by their cursors.
async fn all(session: &Session, query: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    for _ in 0..100 {
        let page = page(session, &format!("{query}{cursor}")).await;
        all.extend(ids_of(&page));
        match page.get("next_cursor") {
            None => return all,
            Some(next) => cursor = format!("&cursor={}", next.as_str().expect("a text")),
        }
    }
    panic!("{query}: the pages do not end: {all:?}");
}

#[tokio::test]
async fn an_entry_and_its_envelope() {
    let server = Server::start().await;
    let session = ten(&server).await;
    let answer = session.read("/entries").send().await;
    assert_eq!(answer.header("x-last-uuid"), Some("g"));
    let page = answer.json();
    assert_eq!((&page["total"], &page["truncated"]), (&json!(10), &json!(false)));
    assert_eq!(page.as_object().map(|page| page.len()), Some(3), "{page}");
    for (seq, (event, id)) in page["data"].as_array().expect("data").iter().zip(IDS).enumerate() {
        let payload: Value = match id {
            "c1" | "c2" => boundary(id).parse().expect("json"),
            id if id.starts_with('~') => plain(id).parse().expect("json"),
            id => entry(id).parse().expect("json"),
        };
        let event_type = payload["type"].clone();
        let wanted = json!({
            "seq": seq, "event_id": id, "event_type": event_type, "is_compaction": id.starts_with('c'),
            "created_at": event["created_at"], "payload": payload,
        });
        assert_eq!(*event, wanted);
        assert!(verbatim_tests::pages::is_timestamp(event["created_at"].as_str().expect("a time")), "{event}");
    }
}

#[tokio::test]
async fn every_bound_in_either_order_and_on_pages_of_every_size() {
    let server = Server::start().await;
    let session = ten(&server).await;
    let rows: [(&str, &[&str]); 26] = [
        ("", &IDS),
        ("from_seq=0", &IDS),
        ("from_seq=7", &["e", "f", "g"]),
        ("from_seq=10", &[]),
        ("from_seq=99999999999999999999999", &[]),
        ("after=f", &["g"]),
        ("after=g", &[]),
        ("after=~2", &IDS[3..]),
        ("after=~0", &IDS[1..]),
        ("before=a", &[]),
        ("before=b", &["a"]),
        ("before=~5", &IDS[..5]),
        ("after=a&before=d", &["b", "~2", "c1"]),
        ("after=d&before=a", &[]),
        ("from_seq=8&before=g", &["f"]),
        ("from_boundary=1", &IDS[3..]),
        ("from_boundary=2", &IDS[6..]),
        ("from_boundary=last", &IDS[6..]),
        ("from_boundary=1&before=c2", &IDS[3..6]),
        ("type=user", &["a", "b", "d", "e", "f", "g"]),
        ("type=summary", &["~2", "~5"]),
        ("type=system&after=c1", &["c2"]),
        ("type=none", &[]),
        ("since=1970-01-01T00:00:00Z", &IDS),
        ("since=2100-01-01T00:00:00Z", &[]),
        ("since=1970-01-01T00:00:00Z&after=e&unknown=x", &["f", "g"]),
    ];
    for (query, wanted) in rows {
        let reversed: Vec<_> = wanted.iter().rev().copied().collect();
        assert_eq!(ids(&session, &format!("?{query}")).await, wanted, "{query}");
        assert_eq!(ids(&session, &format!("?order=desc&{query}")).await, reversed, "{query}");
        for limit in [1, 2, 3, 10, 11] {
            assert_eq!(
                all(&session, &format!("?order=asc&limit={limit}&{query}")).await,
                wanted,
                "{query}, limit {limit}"
            );
            assert_eq!(
                all(&session, &format!("?limit={limit}&order=desc&{query}")).await,
                reversed,
                "{query}, limit {limit}"
            );
        }
    }
    for (query, wanted) in [
        ("tail=1", &IDS[9..]),
        ("tail=4", &IDS[6..]),
        ("tail=10", &IDS),
        ("tail=11", &IDS),
        ("tail=99999999999999999999999", &IDS),
        ("tail=2&before=d", &IDS[2..4]),
        ("tail=3&since=1970-01-01T00:00:00Z", &IDS[7..]),
    ] {
        assert_eq!(ids(&session, &format!("?{query}")).await, wanted, "{query}");
        assert_eq!(all(&session, &format!("?limit=1&{query}")).await, wanted, "{query}");
    }
}

#[tokio::test]
async fn since_begins_with_what_was_stored_then() {
    let server = Server::start().await;
    let session = ten(&server).await;
    let data = page(&session, "").await["data"].as_array().expect("data").clone();
    for event in &data {
        let time = event["created_at"].as_str().expect("a time");
        // Entries of one sync share their time.
        let first = data.iter().position(|other| other["created_at"] == event["created_at"]).expect("itself");
        assert_eq!(ids(&session, &format!("?since={time}")).await, IDS[first..], "{time}");
        let offset = time.replace('Z', "%2B00:00");
        assert_eq!(ids(&session, &format!("?since={offset}")).await, IDS[first..], "{offset}");
    }
}

#[tokio::test]
async fn from_the_last_boundary_is_from_the_start_where_there_is_none() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store_all(None, &["a", "b"]).await;
    assert_eq!(ids(&session, "?from_boundary=last").await, ["a", "b"]);
    session.read("/entries?from_boundary=1").send().await.expect(400);
}

#[tokio::test]
async fn what_is_out_of_form_is_a_400_that_names_the_head() {
    let server = Server::start().await;
    let session = ten(&server).await;
    for query in [
        "limit=0",
        "limit=x",
        "limit=",
        "order=up",
        "order=",
        "after=",
        "after=~",
        "after=~x",
        "after=nobody",
        "after=~10",
        "before=nobody",
        "before=a&before=b",
        "from_seq=",
        "from_seq=-1",
        "from_boundary=",
        "from_boundary=0",
        "from_boundary=3",
        "from_boundary=first",
        "tail=0",
        "tail=",
        "tail=-1",
        "since=",
        "since=now",
        "since=2026-01-01T00:00:00+00:00",
        "fields=uuid",
        "fields=seq,",
        "after=a&tail=1",
        "from_seq=1&from_boundary=1",
        "tail=1&order=desc",
        "tail=1&type=user",
        "cursor=",
        "cursor=x",
    ] {
        let answer = session.read(&format!("/entries?{query}")).send().await;
        assert_eq!(
            (answer.status, answer.error_type().as_str()),
            (400, "invalid_request_error"),
            "{query}: {answer:?}"
        );
        assert_eq!(answer.header("x-last-uuid"), Some("g"), "{query}");
    }
}

#[tokio::test]
async fn fields_leave_members_out() {
    let server = Server::start().await;
    let session = ten(&server).await;
    let bare = ["seq", "event_id", "event_type", "is_compaction", "created_at"];
    for (fields, wanted) in
        [("", &bare[..]), ("bare", &bare), ("seq", &["seq"]), ("payload,event_id", &["event_id", "payload"])]
    {
        let page = page(&session, &format!("?tail=1&fields={fields}")).await;
        let members: Vec<_> = page["data"][0].as_object().expect("an entry").keys().cloned().collect();
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        assert_eq!(members, wanted, "{fields}");
    }
}

/// A listing that goes up sees what comes meanwhile; one that goes down, or has an end, does not.
#[tokio::test]
async fn cursors_outlive_appends_and_restarts() {
    let mut server = Server::start().await;
    let session = ten(&server).await;
    let cursor = async |session: &Session, query: &str| {
        page(session, query).await["next_cursor"].as_str().expect("more").to_owned()
    };
    let up = cursor(&session, "?limit=8").await;
    let down = cursor(&session, "?limit=8&order=desc").await;
    let bounded = cursor(&session, "?limit=2&before=d").await;
    let last = cursor(&session, "?limit=2&from_boundary=last&order=desc").await;
    session.store(Some("g"), boundary("c3")).await;
    server = server.restart().await;
    let session = session.at(server.address);
    assert_eq!(ids(&session, &format!("?cursor={up}")).await, ["f", "g", "c3"]);
    assert_eq!(ids(&session, &format!("?order=desc&cursor={down}")).await, ["b", "a"]);
    assert_eq!(ids(&session, &format!("?cursor={bounded}")).await, ["~2", "c1"]);
    assert_eq!(
        ids(&session, &format!("?order=desc&cursor={last}")).await,
        ["e", "c2"],
        "the boundary that was the last then"
    );
    assert_eq!(
        ids(&session, &format!("?cursor={bounded}&after=gone&limit=1&fields=bare")).await,
        ["~2"],
        "bounds are the cursor's"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_cursor_is_for_its_own_listing_and_whole() {
    let server = Server::start().await;
    let session = ten(&server).await;
    let other = server.session("t");
    other.store_all(None, &["a", "b"]).await;
    let cursor = |page: &Value| page["next_cursor"].as_str().expect("more").to_owned();
    let own = cursor(&page(&session, "?limit=1").await);
    let of_type = cursor(&page(&session, "?limit=1&type=user").await);
    let teleport = cursor(&session.page("?limit=1").send().await.expect(200).json());
    let refused = async |session: &Session, query: String| {
        let answer = session.read(&format!("/entries?{query}")).send().await;
        assert_eq!(
            (answer.status, answer.error_type().as_str()),
            (400, "invalid_request_error"),
            "{query}: {answer:?}"
        );
    };
    refused(&other, format!("cursor={own}")).await;
    refused(&session, format!("order=desc&cursor={own}")).await;
    refused(&session, format!("type=user&cursor={own}")).await;
    refused(&session, format!("cursor={of_type}")).await;
    refused(&session, format!("type=summary&cursor={of_type}")).await;
    refused(&session, format!("cursor={teleport}")).await;
    session.page(&format!("?cursor={own}")).send().await.expect(400);
    for at in 0..own.len() {
        let mut bytes = own.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        refused(&session, format!("cursor={}", String::from_utf8(bytes).expect("text"))).await;
    }
}

/// One page looks through so many entries; it says that there may be more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rare_type_is_found_page_by_page() {
    const BATCH: usize = 1000;
    let server = Server::start().await;
    let session = server.session_as("s", &Token::access(ORG).scope("read append"));
    for batch in 0..11 {
        let lines: Vec<_> = (0..BATCH).map(|n| plain(&n.to_string())).collect();
        let call = session.read("/entries").method("POST").header("content-type", "application/x-ndjson");
        let call = call.header("idempotency-key", format!("k{batch}")).body(lines.join("\n"));
        call.send().await.expect(201);
    }
    session.store(None, entry("rare")).await;
    let first = page(&session, "?type=user").await;
    assert_eq!((ids_of(&first).len(), &first["truncated"], &first["total"]), (0, &json!(true), &json!(11_001)));
    assert_eq!(all(&session, "?type=user").await, ["rare"]);
    assert_eq!(ids(&session, "?type=user&order=desc").await, ["rare"]);
}

#[tokio::test]
async fn ndjson_is_an_entry_a_line_and_says_at_the_end_whether_it_is_all() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, "{\"uuid\":\"a\",\r\n\"n\":\n1}").await;
    session.store_all(Some("a"), &["b", "c"]).await;
    for accept in ["application/x-ndjson", "text/plain, APPLICATION/X-NDJSON;q=0.9"] {
        let answer = session.read("/entries?limit=2").header("accept", accept).send().await.expect(200);
        assert_eq!(answer.header("content-type"), Some("application/x-ndjson"), "{accept}");
        assert_eq!(answer.header("x-last-uuid"), Some("c"));
        let text = answer.text();
        assert!(text.ends_with('\n'), "{text}");
        let lines: Vec<Value> = text.lines().map(|line| line.parse().expect("an object a line")).collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert_eq!((&lines[0]["payload"], &lines[1]["event_id"]), (&json!({"uuid":"a","n":1}), &json!("b")));
        assert_eq!((&lines[2]["total"], &lines[2]["truncated"]), (&json!(3), &json!(true)));
        let rest = format!("/entries?cursor={}", lines[2]["next_cursor"].as_str().expect("more"));
        let rest = session.read(&rest).header("accept", accept).send().await.expect(200).text();
        let lines: Vec<Value> = rest.lines().map(|line| line.parse().expect("an object a line")).collect();
        assert_eq!((lines.len(), &lines[1]), (2, &json!({"total":3,"truncated":false})), "{rest}");
    }
    let json = session.read("/entries").header("accept", "*/*").send().await.expect(200);
    assert_eq!(json.header("content-type"), Some("application/json"));
    assert!(json.text().contains("{\"uuid\":\"a\",\r\n\"n\":\n1}"), "JSON keeps every byte: {json:?}");
}

#[tokio::test]
async fn one_entry_by_its_uuid_or_its_place() {
    let server = Server::start().await;
    let session = server.session("s");
    let odd = "a/b?c=%25#d";
    session.store(None, json!({"uuid":odd,"type":"user"}).to_string()).await;
    session.store(Some(odd), plain("x")).await;
    session.store(Some(odd), entry("0190d3a5-7c1e-7000-8000-000000000001")).await;
    let listed = page(&session, "").await;
    for (path, seq) in [
        ("a%2Fb%3Fc=%2525%23d", 0),
        ("~0", 0),
        ("%7E0", 0),
        ("~1", 1),
        ("0190d3a5-7c1e-7000-8000-000000000001", 2),
        ("~2", 2),
    ] {
        let answer = session.read(&format!("/entries/{path}")).send().await.expect(200);
        assert_eq!(answer.json(), listed["data"][seq], "{path}");
        assert_eq!(answer.header("x-last-uuid"), Some("0190d3a5-7c1e-7000-8000-000000000001"), "{path}");
    }
    for (path, status) in [
        ("nobody", 404),
        ("~3", 404),
        ("0190D3A5-7C1E-7000-8000-000000000001", 404),
        ("~x", 400),
        ("~", 400),
        ("a%20b", 400),
        ("%FF", 400),
    ] {
        let answer = session.read(&format!("/entries/{path}")).send().await.expect(status);
        assert_eq!(answer.header("x-last-uuid"), Some("0190d3a5-7c1e-7000-8000-000000000001"), "{path}");
    }
}

#[tokio::test]
async fn who_may_read() {
    let server = Server::start().await;
    let session = ten(&server).await;
    for path in ["/entries", "/entries/a", "/entries/nobody", "/stream?live=long-poll"] {
        let unknown = server.session("nowhere").read(path).send().await.expect(404);
        assert_eq!((unknown.error_type().as_str(), unknown.header("x-last-uuid")), ("not_found_error", None), "{path}");
        let theirs = server.session_as("s", &Token::access(OTHER_ORG)).read(path).send().await.expect(404);
        assert_eq!(theirs.json(), unknown.json(), "another organisation's session is as one that does not exist");
        server.session_as("s", &Token::session("t", ORG)).read(path).send().await.expect(403);
        server.session_as("s", &Token::session("s", ORG).scope("append")).read(path).send().await.expect(403);
        let anyone = session.read(path).without("authorization").send().await.expect(401);
        assert_eq!(anyone.header("x-last-uuid"), None);
    }
    assert_eq!(ids(&server.session_as("s", &Token::access(ORG)), "").await, IDS);
}
