//! What every error answer has: its body, its `request-id`, and the headers its status calls for.

use serde_json::Value;
use verbatim_tests::{
    entry::entry,
    raw::Raw,
    server::{Server, Setup},
    wire::Call,
};

const ENTRY_BYTES_MAX: usize = 4096;

async fn limited() -> Server {
    Setup::default().arg("--entry-bytes-max").arg(ENTRY_BYTES_MAX.to_string()).start().await
}

/// One request for each error that can be had of a healthy server.
fn failing(server: &Server) -> Vec<(Call, u16, &'static str)> {
    let session = server.session("s");
    vec![
        (session.put(Some("a"), "{"), 400, "invalid_request_error"),
        (session.page("?limit=0"), 400, "invalid_request_error"),
        (session.put(Some("a"), entry("b")).without("authorization"), 401, "authentication_error"),
        (session.get("").header("x-organization-uuid", "x"), 403, "permission_error"),
        (server.call("GET", "/"), 404, "not_found_error"),
        (server.session("nowhere").get(""), 404, "not_found_error"),
        (server.call("DELETE", &session.path()), 405, "method_not_allowed"),
        (session.put(None, entry("b")), 409, "conflict_error"),
        (session.put(Some("a"), "x".repeat(ENTRY_BYTES_MAX + 1)), 413, "request_too_large"),
        (session.put(Some("a"), entry("b")).without("content-type"), 415, "unsupported_media_type"),
        (session.put(Some("a"), r#"{"uuid":"a"}"#), 422, "uuid_reused_error"),
    ]
}

#[tokio::test]
async fn every_error_has_its_body() {
    let server = limited().await;
    server.session("s").store(None, entry("a")).await;
    for (call, status, error_type) in failing(&server) {
        let answer = call.send().await.expect(status);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let body = answer.json();
        assert_eq!(body["error"]["type"], error_type);
        let message = body["error"]["message"].as_str().expect("a message");
        assert!(message.len() >= 20, "a message says what was wrong and what would be right: {message:?}");
        assert_eq!(body["error"].as_object().map(serde_json::Map::len), Some(2), "type and message: {body}");
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "{answer:?}");
        assert_eq!(answer.header("allow").is_some(), status == 405, "{answer:?}");
        assert_eq!(answer.header("retry-after"), None, "nothing to wait for: {answer:?}");
    }
}

/// Own names, the caller's names, and no name that could harm whoever reads it.
#[tokio::test]
async fn every_answer_has_a_request_id() {
    let server = limited().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let sound = [
        session.get(""),
        session.head(),
        session.page(""),
        server.call("GET", "/healthz"),
        server.call("GET", "/readyz"),
    ];
    let calls = sound.into_iter().chain(failing(&server).into_iter().map(|(call, ..)| call));
    let mut seen = std::collections::HashSet::new();
    for call in calls {
        let id = call.send().await.header("request-id").map(str::to_owned).expect("a request-id");
        assert!(!id.is_empty() && seen.insert(id), "each request has a name of its own");
        let own = format!("{}!~", "r".repeat(100));
        let answer = call.clone().header("x-request-id", &own).send().await;
        assert_eq!(answer.header("request-id"), Some(own.as_str()), "{call:?}");
    }
    for odd in ["r".repeat(100_000 / 2), String::new(), "caf\u{e9}".to_owned()] {
        let answer = session.get("").header("x-request-id", &odd).send().await;
        if answer.status == 431 {
            continue;
        }
        let id = answer.header("request-id").expect("a request-id");
        assert!(!id.is_empty() && id.len() <= 128, "{}", id.len());
    }
}

#[tokio::test]
async fn unknown_routes_are_404() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let (path, pages) = (session.path(), session.pages_path());
    for path in [
        "/",
        "/v1",
        "/healthz/",
        "/HEALTHZ",
        "//healthz",
        "/v1/session_ingress/session",
        "/v1/session_ingress/session/s/",
        "/v1/session_ingress/session/s/more",
        "/v1/session_ingress/sessions/s",
        "/v2/session_ingress/session/s",
        "/v1/code/sessions/s",
        "/v1/code/sessions/s/teleport-events/",
        "/v1/code/sessions/s/teleport",
        &format!("/..{path}"),
        &format!("/.{pages}"),
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = server.call(method, path).bearer(session.token()).send().await;
            assert_eq!((answer.status, answer.error_type().as_str()), (404, "not_found_error"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn other_methods_are_405_and_told_which_there_are() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let rows = [
        (session.path(), &["GET", "HEAD", "PUT"][..]),
        (session.pages_path(), &["GET", "HEAD"]),
        ("/healthz".to_owned(), &["GET", "HEAD"]),
        ("/readyz".to_owned(), &["GET", "HEAD"]),
    ];
    for (path, allowed) in rows {
        for method in ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "get"] {
            let answer = server.call(method, &path).bearer(session.token()).send().await;
            if allowed.contains(&method) {
                assert_ne!(answer.status, 405, "{method} {path}");
                continue;
            }
            assert_eq!((answer.status, answer.error_type().as_str()), (405, "method_not_allowed"), "{method} {path}");
            let mut listed: Vec<_> = answer.header("allow").expect("Allow").split(',').map(str::trim).collect();
            listed.sort_unstable();
            assert_eq!(listed, allowed, "{method} {path}");
        }
    }
    assert_eq!(session.ids().await, ["a"]);
}

/// Bytes that are no HTTP do no harm to the next caller.
#[tokio::test]
async fn nonsense_on_the_socket_is_survived() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let path = session.path();
    for nonsense in [
        "\0\0\0\0".to_owned(),
        "\r\n\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        format!("GET {path} HTTP/9.9\r\n\r\n"),
        format!("GET {path} HTTP/1.1\r\nno colon\r\n\r\n"),
        format!("PUT {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef"),
        format!("PUT {path} HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n"),
        format!("PUT {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"),
        format!("GET {path} HTTP/1.1\r\nhost: x\r\nlong: {}\r\n\r\n", "x".repeat(1 << 20)),
        format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(1 << 20)),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnot a frame at all, not at all".to_owned(),
    ] {
        let mut raw = Raw::open(server.address).await;
        raw.send(&nonsense).await;
        drop(raw);
        session.get("").send().await.expect(200);
    }
}

/// An append whose body breaks off stores nothing, whatever part of it arrived.
#[tokio::test]
async fn a_body_that_breaks_off_stores_nothing() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let body = entry("b");
    for part in [0, 1, body.len() - 1] {
        for framing in [format!("content-length: {}", body.len()), "transfer-encoding: chunked".to_owned()] {
            let chunk = if framing.starts_with('t') {
                format!("{part:x}\r\n{}\r\n", &body[..part])
            } else {
                body[..part].to_owned()
            };
            let chunk = if part == 0 { String::new() } else { chunk };
            let mut raw = Raw::open(server.address).await;
            raw.send(format!(
                "PUT {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nlast-uuid: a\r\n{framing}\r\n\r\n{chunk}",
                session.path(),
                session.token(),
            ))
            .await;
            drop(raw);
        }
    }
    assert_eq!(session.append(Some("a"), entry("c")).await.json()["seq"], Value::from(1));
    assert_eq!(session.ids().await, ["a", "c"]);
}
