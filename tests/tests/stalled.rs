//! Clients that stall, and more of them than there is room for: time-outs, a bounded queue, bounded connections.

use verbatim_tests::{
    entry::{entry, plain, sized},
    pages::Transcript,
    raw::Raw,
    server::{Server, Setup},
    session::Session,
    wait::until,
};

/// The head of an append that declares `length` bytes of body, and asks whether to send them.
fn head_of_put(session: &Session, length: usize) -> String {
    format!(
        "PUT {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n",
        session.path(),
        session.token(),
    )
}

/// An append that has been let in and told to go on. The one before it gives its place back only after its answer, so
/// that this may take more than one attempt.
async fn let_in(server: &Server, session: &Session, length: usize) -> Raw {
    until("an append to be let in", async || {
        let mut raw = Raw::open(server.address).await;
        raw.send(head_of_put(session, length)).await;
        let head = raw.head().await;
        if head.starts_with("http/1.1 100 ") { Ok(raw) } else { Err(head) }
    })
    .await
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_a_408() {
    let server = Setup::default().arg("--body-timeout").arg("300ms").start().await;
    let session = server.session("s");
    session.store(None, plain("x")).await;
    let mut raw = let_in(&server, &session, 100).await;
    raw.send("{").await;
    let head = raw.head().await;
    assert!(head.starts_with("http/1.1 408 "), "{head}");
    let body = raw.rest().await;
    assert!(body.contains(r#""type":"request_timeout""#) && body.contains(r#""outcome":"not_stored""#), "{body}");
    assert_eq!(session.state().await.1, 1);
}

#[tokio::test]
async fn a_head_that_does_not_arrive_ends_the_connection() {
    let server = Setup::default().arg("--header-timeout").arg("300ms").start().await;
    for part in ["GET /hea", "GET /healthz HTTP/1.1\r\nhost: x\r\n"] {
        let mut raw = Raw::open(server.address).await;
        raw.send(part).await;
        let rest = raw.rest().await;
        assert!(!rest.contains(" 200 "), "{rest}");
    }
    server.call("GET", "/healthz").send().await.expect(200);
}

/// A place is not held by a connection that says nothing, nor by one that might yet speak HTTP/2.
#[tokio::test]
async fn a_connection_that_says_nothing_ends_too() {
    let server = Setup::default().arg("--header-timeout").arg("300ms").start().await;
    for part in ["", "P", "PRI * HTTP/2.0\r\n"] {
        let mut raw = Raw::open(server.address).await;
        raw.send(part).await;
        assert_eq!(raw.rest().await, "", "{part:?}");
    }
}

/// Past the bound callers are told at once, and what was let in is not harmed.
#[tokio::test]
async fn a_full_queue_is_a_503_at_once() {
    const ENTRY: usize = 4096;
    let limits = [("--entry-bytes-max", ENTRY), ("--queue-bytes-max", ENTRY + 1024)];
    let setup = limits.iter().fold(Setup::default(), |setup, (flag, bytes)| setup.arg(*flag).arg(bytes.to_string()));
    let server = setup.start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let body = sized("held", ENTRY);
    let held_session = server.session("held");
    let mut held = let_in(&server, &held_session, body.len()).await;
    for _ in 0..3 {
        let refused = session.append(Some("a"), sized("b", ENTRY)).await.expect(503);
        assert_eq!(refused.error_type(), "overloaded_error");
        assert_eq!(refused.json()["outcome"], "not_stored");
        assert!(
            refused
                .header("retry-after")
                .and_then(|seconds| seconds.parse::<u64>().ok())
                .is_some_and(|seconds| seconds > 0)
        );
        assert_eq!(refused.header("x-last-uuid"), Some("a"));
    }
    session.get("").send().await.expect(200);
    held.send(body).await;
    let head = held.head().await;
    assert!(head.starts_with("http/1.1 201 "), "what was let in is stored: {head}");
    until("the place to be free", async || {
        let answer = session.append(Some("a"), sized("b", ENTRY)).await;
        if answer.status < 300 { Ok(()) } else { Err(answer) }
    })
    .await;
}

/// A caller that goes away gives its share of the queue back.
#[tokio::test]
async fn a_caller_that_hangs_up_frees_its_place() {
    const ENTRY: usize = 4096;
    let limits = [("--entry-bytes-max", ENTRY), ("--queue-bytes-max", ENTRY + 1024)];
    let setup = limits.iter().fold(Setup::default(), |setup, (flag, bytes)| setup.arg(*flag).arg(bytes.to_string()));
    let server = setup.start().await;
    let session = server.session("s");
    for n in 0..5 {
        let mut held = let_in(&server, &session, ENTRY).await;
        held.send("{").await;
        assert_eq!(session.append(None, sized("", ENTRY)).await.status, 503);
        drop(held);
        until("the place to be free", async || {
            let answer = session.append(None, sized("", ENTRY)).await;
            if answer.status == 201 { Ok(()) } else { Err(answer) }
        })
        .await;
        assert_eq!(session.state().await.1, n + 1);
    }
}

#[tokio::test]
async fn connections_past_the_bound_wait_their_turn() {
    let server = Setup::default().arg("--connections-max").arg("2").start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let (one, two) = (session.connect().await, session.connect().await);
    let waiting = tokio::spawn({
        let call = session.get("");
        async move { call.send().await }
    });
    drop((one, two));
    assert_eq!(Transcript::of(&waiting.await.unwrap()).count, 1);
}
