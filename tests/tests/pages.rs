//! `GET /v1/code/sessions/{session_id}/teleport-events`: page by page.

use verbatim_tests::{
    entry::{boundary, entry, plain, sized},
    pages::{Page, read},
    server::Server,
    session::Session,
    token::{ORG, OTHER_ORG, Token},
};

/// Stores `count` plain entries. Without a head they need no order, so that many can share a sync.
async fn fill(session: &Session, count: usize) {
    let stores = (0..count).map(|n| session.store(None, plain(&n.to_string())));
    futures_util::future::join_all(stores).await;
}

async fn page(session: &Session, query: &str) -> Page {
    Page::of(&session.page(query).send().await)
}

#[tokio::test]
async fn an_event_and_its_envelope() {
    let server = Server::start().await;
    let session = server.session("s");
    let rows = [
        (r#"{"uuid":"u1","type":"user"}"#, "u1", "user", false),
        (r#"{"type":"summary"}"#, "~1", "summary", false),
        ("{}", "~2", "unknown", false),
        (r#"{"type":7}"#, "~3", "unknown", false),
        (r#"{"type":null,"uuid":"u2"}"#, "u2", "unknown", false),
        (r#"{"type":""}"#, "~5", "", false),
        (r#"{"type":"a\"\\\u0007é😀"}"#, "~6", "a\"\\\u{7}é😀", false),
        (r#"{"type":"system","subtype":"compact_boundary","uuid":"u3"}"#, "u3", "system", true),
        (r#"{"type":"system","subtype":"compact_boundary"}"#, "~8", "system", true),
        (r#"{"uuid":"q\"\\"}"#, "q\"\\", "unknown", false),
    ];
    let mut last = None;
    for (body, id, ..) in rows {
        session.store(last, body).await;
        last = if id.starts_with('~') { last } else { Some(id) };
    }
    let answer = session.page("").send().await;
    assert_eq!(answer.header("x-last-uuid"), Some("q\"\\"));
    let page = Page::of(&answer);
    assert_eq!(page.next_cursor, None);
    for (event, (body, id, event_type, is_compaction)) in page.data.iter().zip(rows) {
        let seen = (event.payload.get(), event.event_id.as_str(), event.event_type.as_str(), event.is_compaction);
        assert_eq!(seen, (body, id, event_type, is_compaction));
    }
    verbatim_tests::pages::check(&page.data);
    assert!(answer.json().get("next_cursor").is_none(), "absent, not null");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_at_and_past_their_bounds() {
    let server = Server::start().await;
    let session = server.session("s");
    fill(&session, 1001).await;
    for (query, entries) in [
        ("", 500),
        ("?limit=1", 1),
        ("?limit=2", 2),
        ("?limit=0500", 500),
        ("?limit=999", 999),
        ("?limit=1000", 1000),
        ("?limit=1001", 1000),
        ("?limit=99999999999999999999999999", 1000),
    ] {
        let page = page(&session, query).await;
        assert_eq!((page.data.len(), page.next_cursor.is_some()), (entries, true), "{query}");
    }
    session.store(None, entry("head")).await;
    for limit in ["0", "00", "abc", "", "-1", "1.5", "1e3", "0x10", "%31%30x", "%00", "1&limit=2"] {
        let answer = session.page(&format!("?limit={limit}")).send().await;
        assert_eq!(
            (answer.status, answer.error_type().as_str()),
            (400, "invalid_request_error"),
            "{limit}: {answer:?}"
        );
        assert_eq!(
            answer.header("x-last-uuid"),
            Some("head"),
            "{limit}: an answer about a session with a head names it"
        );
    }
}

#[tokio::test]
async fn pages_of_every_size_hold_the_same_chain() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store_all(None, &["a", "b", "c"]).await;
    session.store(Some("c"), plain("x")).await;
    session.store(Some("c"), boundary("d")).await;
    session.store(Some("d"), entry("e")).await;
    let ids = ["a", "b", "c", "~3", "d", "e"];
    for limit in 1..=7 {
        let chain = read(&session, limit).await;
        assert_eq!(chain.iter().map(|event| event.event_id.as_str()).collect::<Vec<_>>(), ids, "limit {limit}");
    }
    // The last page has no cursor even where it is full.
    let first = page(&session, "?limit=3").await;
    let second = page(&session, &format!("?limit=3&cursor={}", first.next_cursor.unwrap())).await;
    assert_eq!((second.ids(), second.next_cursor.as_deref()), (vec!["~3", "d", "e"], None));
}

#[tokio::test]
async fn an_unknown_session_is_a_404() {
    let server = Server::start().await;
    for query in ["", "?limit=5"] {
        let answer = server.session("nowhere").page(query).send().await.expect(404);
        assert_eq!(answer.error_type(), "not_found_error");
    }
}

#[tokio::test]
async fn cursors_outlive_appends_and_restarts() {
    let mut server = Server::start().await;
    let session = server.session("s");
    session.store_all(None, &["a", "b", "c"]).await;
    let cursor = page(&session, "?limit=1").await.next_cursor.unwrap();
    let query = format!("?limit=10&cursor={cursor}");
    assert_eq!(page(&session, &query).await.ids(), ["b", "c"]);
    session.store(Some("c"), entry("d")).await;
    assert_eq!(page(&session, &query).await.ids(), ["b", "c", "d"]);
    server = server.restart().await;
    let session = session.at(server.address);
    assert_eq!(page(&session, &query).await.ids(), ["b", "c", "d"], "after a restart");
    server = server.kill().await.start().await;
    let session = session.at(server.address);
    session.store(Some("d"), entry("e")).await;
    assert_eq!(page(&session, &query).await.ids(), ["b", "c", "d", "e"], "after a kill");
    assert_eq!(page(&session, "?limit=1").await.next_cursor.unwrap(), cursor, "the same place has the same cursor");
}

#[tokio::test]
async fn a_cursor_is_for_its_own_session_and_whole() {
    let server = Server::start().await;
    let session = server.session("s");
    let others = [server.session("t"), server.session("S"), server.session_as("s", &Token::session("s", OTHER_ORG))];
    for session in [&session].into_iter().chain(&others) {
        session.store_all(None, &["a", "b", "c"]).await;
    }
    let cursor = page(&session, "?limit=1").await.next_cursor.unwrap();
    for other in &others {
        let answer = other.page(&format!("?cursor={cursor}")).send().await;
        assert_eq!((answer.status, answer.error_type().as_str()), (400, "invalid_request_error"), "{}", other.id());
    }
    let access = server.session_as("s", &Token::access(ORG));
    assert_eq!(page(&access, &format!("?cursor={cursor}")).await.ids(), ["b", "c"], "another token, the same session");

    let mut damaged = vec![
        "x".to_owned(),
        "0".to_owned(),
        "%00".to_owned(),
        format!("{cursor}A"),
        format!("{cursor}="),
        format!("%20{cursor}"),
        cursor[1..].to_owned(),
        cursor[..cursor.len() - 1].to_owned(),
        cursor.to_uppercase(),
        format!("{cursor}&cursor={cursor}"),
        "A".repeat(10_000),
    ];
    for at in 0..cursor.len() {
        let mut bytes = cursor.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        damaged.push(String::from_utf8(bytes).unwrap());
    }
    for cursor in damaged {
        let answer = session.page(&format!("?cursor={cursor}")).send().await;
        assert_eq!((answer.status, answer.error_type().as_str()), (400, "invalid_request_error"), "{cursor:.100}");
        assert_eq!(
            answer.header("x-last-uuid"),
            Some("c"),
            "{cursor:.100}: an answer about a session with a head names it"
        );
    }
}

/// A page ends early when its payloads pass 32 MiB; it always holds at least one entry.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_large_entries_ends_early() {
    const MIB: usize = 1 << 20;
    let server = Server::start().await;
    let session = server.session("s");
    let sizes = [15 * MIB, 16 * MIB, 2 * MIB, 1, 16 * MIB, 16 * MIB, 1];
    let ids: Vec<_> = (0..sizes.len()).map(|n| format!("u{n}")).collect();
    let mut last = None;
    for (id, size) in ids.iter().zip(sizes) {
        session.store(last, sized(id, size.max(100))).await;
        last = Some(id.as_str());
    }
    let mut seen = Vec::new();
    let mut query = "?limit=1000".to_owned();
    loop {
        let page = page(&session, &query).await;
        let bytes: Vec<_> = page.data.iter().map(|event| event.payload.get().len()).collect();
        let all: usize = bytes.iter().sum();
        assert!(all <= 32 * MIB + 16 * MIB, "a page of {all} bytes");
        seen.extend(page.data.into_iter().map(|event| event.event_id));
        let Some(cursor) = page.next_cursor else { break };
        assert!(all > 16 * MIB, "a page ended early at {all} bytes, far from the bound");
        query = format!("?limit=1000&cursor={cursor}");
    }
    assert_eq!(seen, ids);
}
