//! What is logged: one line a request at debug, as JSON where asked for, and never an entry's content or a token.

use serde_json::Value;
use verbatim_tests::{
    clock::unix_seconds,
    entry::entry,
    server::{Server, Setup},
    token::{ORG, Token},
    wait::until,
};

const CONTENT: &str = "SECRET-CONTENT";

async fn logging(format: &str) -> Server {
    Setup::default()
        .arg("--log")
        .arg("trace")
        .arg("--log-format")
        .arg(format)
        .arg("--entry-bytes-max")
        .arg("4096")
        .start()
        .await
}

/// Requests of every outcome, each with the marker wherever content can stand. Gives the tokens that were sent.
async fn talk(server: &Server) -> Vec<String> {
    let session = server.session("s");
    let expired = server.signer().sign(&Token::session("s", ORG).claim("exp", unix_seconds() - 60));
    let marked = |uuid: &str| format!(r#"{{"uuid":"{uuid}","type":"{CONTENT}","{CONTENT}":"{CONTENT}"}}"#);
    session.store(None, marked("a")).await;
    for (call, status) in [
        (session.put(None, marked("a")), 200),
        (session.put(None, marked("b")), 409),
        (session.put(None, format!(r#"{{"uuid":"a","other":"{CONTENT}"}}"#)), 422),
        (session.put(Some("a"), format!(r#"{{"uuid":"a b {CONTENT}"}}"#)), 400),
        (session.put(Some("a"), format!("{CONTENT} is no JSON")), 400),
        (session.put(Some("a"), format!(r#"{{"a":"{CONTENT}"#)), 400),
        (session.put(Some("a"), CONTENT.repeat(1000)), 413),
        (session.put(Some("a"), marked("b")).with("content-type", "text/plain"), 415),
        (session.put(Some("a"), marked("b")).bearer(&expired), 401),
        (session.put(Some("a"), marked("b")).with("authorization", format!("Basic {expired}")), 401),
        (session.get("").header("x-organization-uuid", "x"), 403),
        (session.get(""), 200),
        (session.page("?limit=1"), 200),
        (session.page("?cursor=x"), 400),
    ] {
        let answer = call.send().await.expect(status);
        if status >= 400 {
            assert!(!answer.text().contains(CONTENT), "a message holds no content: {}", answer.text());
            assert!(!answer.text().contains(&expired), "nor a token: {}", answer.text());
        }
    }
    vec![session.token().to_owned(), expired]
}

#[tokio::test]
async fn no_content_and_no_token_is_ever_logged() {
    for format in ["json", "human"] {
        let server = logging(format).await;
        let tokens = talk(&server).await;
        let key = std::fs::read_to_string(server.data_dir().join("signing.key")).unwrap();
        server.signal(rustix::process::Signal::TERM);
        let (_, log, _) = server.ended().await;
        assert!(log.contains("422"), "the requests were logged: {log}");
        assert!(!log.contains(CONTENT), "{format}: content");
        assert!(!log.contains(key.trim()), "{format}: the key");
        for part in tokens.iter().flat_map(|token| token.split('.').skip(1)) {
            assert!(!log.contains(part), "{format}: a part of a token");
        }
    }
}

#[tokio::test]
async fn one_line_a_request_as_json() {
    let server =
        Setup::default().arg("--log").arg("verbatim_server=debug").arg("--log-format").arg("json").start().await;
    let session = server.session("s");
    session.put(None, entry("a")).header("x-request-id", "req-1").send().await.expect(201);
    session.get("").header("x-request-id", "req-2").send().await.expect(200);
    server.call("GET", "/nowhere").header("x-request-id", "req-3").send().await.expect(404);
    for (id, status) in [("req-1", 201), ("req-2", 200), ("req-3", 404)] {
        let lines = until(&format!("a log line about {id}"), async || {
            let lines: Vec<String> = server.log().lines().filter(|line| line.contains(id)).map(str::to_owned).collect();
            if lines.is_empty() { Err("none yet") } else { Ok(lines) }
        })
        .await;
        assert_eq!(lines.len(), 1, "one line a request: {lines:?}");
        let line: Value = serde_json::from_str(&lines[0]).expect("a line of JSON");
        assert!(line.to_string().contains(&status.to_string()), "{line}");
        assert!(line["level"].as_str().is_some_and(|level| level.eq_ignore_ascii_case("debug")), "{line}");
    }
    for line in server.log().lines().filter(|line| !line.starts_with("listening on")) {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "not JSON: {line}");
    }
}

/// Left to itself a healthy server says little: nothing per request.
#[tokio::test]
async fn requests_are_not_logged_by_default() {
    let server = Server::start().await;
    server.session("s").put(None, entry("a")).header("x-request-id", "req-1").send().await.expect(201);
    server.signal(rustix::process::Signal::TERM);
    let (_, log, _) = server.ended().await;
    assert!(!log.contains("req-1"), "{log}");
    assert!(log.lines().count() < 20, "{log}");
}
