//! The entry limit: at it, one past it, and how soon a larger body is refused.

use bytes::Bytes;
use verbatim_tests::{
    entry::{entry, sized},
    raw::Raw,
    server::{Server, Setup},
    session::Session,
};

const LIMIT: usize = 4096;

async fn limited() -> Server {
    Setup::default().arg("--entry-bytes-max").arg(LIMIT.to_string()).start().await
}

fn chunks(body: &str) -> Vec<Bytes> {
    body.as_bytes().chunks(1000).map(Bytes::copy_from_slice).collect()
}

#[tokio::test]
async fn at_the_limit_and_one_past_it() {
    let server = limited().await;
    let session = server.session("s");
    session.store(None, sized("a", LIMIT)).await;
    let chunked = session.put(Some("a"), "").chunked(chunks(&sized("b", LIMIT))).send().await;
    assert_eq!(chunked.status, 201, "{chunked:?}");
    let past = sized("c", LIMIT + 1);
    let spaced = format!("{} ", sized("c", LIMIT));
    for call in [
        session.put(Some("b"), past.clone()),
        session.put(Some("b"), "").chunked(chunks(&past)),
        session.put(Some("b"), spaced),
    ] {
        let answer = call.send().await;
        assert_eq!((answer.status, answer.error_type().as_str()), (413, "request_too_large"), "{call:?}");
        assert_eq!(answer.header("x-last-uuid"), Some("b"));
        assert_eq!(answer.json()["outcome"], "not_stored");
        assert!(answer.text().contains(&LIMIT.to_string()), "the message names the limit: {}", answer.text());
    }
    assert_eq!(session.ids().await, ["a", "b"]);
}

#[tokio::test]
async fn the_limit_is_sixteen_mebibytes_by_default() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, sized("a", 16 << 20)).await;
    assert_eq!(session.append(Some("a"), sized("b", (16 << 20) + 1)).await.status, 413);
    assert_eq!(session.chain().await[0].payload.get().len(), 16 << 20);
}

/// A client that reads only once it has sent everything must get to read the answer: a reset would look like a network
/// error, and have it send the same again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_it_all_first_gets_the_answer() {
    const BODY_BYTES: usize = 4 << 20;
    let server = limited().await;
    let session = server.session("s");
    let fill = "x".repeat(BODY_BYTES);
    let known = format!("{}{fill}", head_of_put(&session, &format!("content-length: {BODY_BYTES}")));
    let chunk = format!("{BODY_BYTES:x}\r\n{fill}\r\n0\r\n\r\n");
    let unknown = format!("{}{chunk}", head_of_put(&session, "transfer-encoding: chunked"));
    for round in 0..10 {
        for request in [&known, &unknown] {
            let mut raw = Raw::open(server.address).await;
            raw.send(request).await;
            let head = raw.head().await;
            assert!(head.starts_with("http/1.1 413 "), "round {round}: {head}");
        }
    }
}

fn head_of_put(session: &Session, framing: &str) -> String {
    format!(
        "PUT {} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n{framing}\r\n\r\n",
        session.path(),
        session.token(),
    )
}

/// The answer comes before a byte of the body is sent.
#[tokio::test]
async fn a_length_past_the_limit_is_refused_unread() {
    let server = limited().await;
    let session = server.session("s");
    for framing in
        [format!("content-length: {}", LIMIT + 1), "expect: 100-continue\r\ncontent-length: 999999999999".into()]
    {
        let mut raw = Raw::open(server.address).await;
        raw.send(head_of_put(&session, &framing)).await;
        let head = raw.head().await;
        assert!(head.starts_with("http/1.1 413 "), "{framing}: {head}");
    }
}

/// A body of unknown length is refused once it passes the limit, however much is still to come.
#[tokio::test]
async fn an_endless_body_is_refused_once_past_the_limit() {
    let server = limited().await;
    let session = server.session("s");
    let mut raw = Raw::open(server.address).await;
    raw.send(head_of_put(&session, "transfer-encoding: chunked")).await;
    raw.send(format!("{:x}\r\n{}\r\n", LIMIT + 1, "x".repeat(LIMIT + 1))).await;
    let head = raw.head().await;
    assert!(head.starts_with("http/1.1 413 "), "{head}");
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on() {
    let server = limited().await;
    let session = server.session("s");
    let body = entry("a");
    let mut raw = Raw::open(server.address).await;
    raw.send(head_of_put(&session, &format!("expect: 100-continue\r\ncontent-length: {}", body.len()))).await;
    let head = raw.head().await;
    assert!(head.starts_with("http/1.1 100 "), "{head}");
    raw.send(body).await;
    let head = raw.head().await;
    assert!(head.starts_with("http/1.1 201 "), "{head}");
}
