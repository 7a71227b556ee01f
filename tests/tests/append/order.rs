//! The order of the checks: a request with several faults is answered for the first of them, and stores nothing.

use serde_json::Value;
use verbatim_tests::{
    entry::{entry, sized},
    server::Setup,
    token::{ORG, Token},
    wire::Call,
};

const ENTRY_BYTES_MAX: usize = 4096;

/// A request with every fault there is, mended from the first fault on, one a row.
#[tokio::test]
async fn the_first_fault_decides_the_answer() {
    let server = Setup::default().arg("--entry-bytes-max").arg(ENTRY_BYTES_MAX.to_string()).start().await;
    let session = server.session("s");
    session.store_all(None, &["a", "b"]).await;
    let reader = server.session_as("s", &Token::session("s", ORG).scope("read"));

    let too_large = || format!("not json {}", "x".repeat(ENTRY_BYTES_MAX));
    let all_faults = || session.put(Some("a"), too_large()).with("content-type", "text/plain");
    let refused = "not_stored";
    let rows: [(&str, Call, u16, &str, bool); 8] = [
        ("no token", all_faults().without("authorization"), 401, "authentication_error", false),
        ("a bad token", all_faults().bearer("x.y.z"), 401, "authentication_error", false),
        ("a token that may not", all_faults().bearer(reader.token()), 403, "permission_error", false),
        ("no JSON type", all_faults(), 415, "unsupported_media_type", true),
        ("too large", session.put(Some("a"), too_large()), 413, "request_too_large", true),
        ("no JSON", session.put(Some("a"), "not json"), 400, "invalid_request_error", true),
        ("other content", session.put(Some("x"), r#"{"uuid":"a"}"#), 422, "uuid_reused_error", true),
        ("not the head", session.put(Some("a"), entry("c")), 409, "conflict_error", true),
    ];
    for (fault, call, status, error_type, has_head) in rows {
        let answer = call.send().await;
        assert_eq!((answer.status, answer.error_type().as_str()), (status, error_type), "{fault}: {answer:?}");
        assert_eq!(answer.json()["outcome"], refused, "{fault}");
        let head = has_head.then_some("b");
        assert_eq!(answer.header("x-last-uuid"), head, "{fault}");
        assert_eq!(session.ids().await, ["a", "b"], "{fault}: something was stored");
    }
    let again = session.append(Some("x"), entry("a")).await.expect(200);
    assert_eq!(again.json()["status"], "already_stored");
    session.store(Some("b"), entry("c")).await;
}

/// What makes an entry unacceptable is found before whether its uuid is known.
#[tokio::test]
async fn a_stored_uuid_does_not_excuse_a_fault() {
    let server = Setup::default().arg("--entry-bytes-max").arg(ENTRY_BYTES_MAX.to_string()).start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let rows = [
        (session.put(None, entry("a")).without("content-type"), 415),
        (session.put(None, sized("a", ENTRY_BYTES_MAX + 1)), 413),
        (session.put(None, format!("{} x", entry("a"))), 400),
        (session.put(None, entry("a")).bearer("x.y.z"), 401),
    ];
    for (call, status) in rows {
        assert_eq!(call.send().await.status, status, "{call:?}");
    }
    assert_eq!(session.state().await, (Some("a".to_owned()), 1));
}

/// The table for a session that is not there yet: nothing that is refused creates it.
#[tokio::test]
async fn a_refused_append_creates_no_session() {
    let server = Setup::default().start().await;
    let session = server.session("s");
    for (call, status) in [
        (session.put(None, "[]"), 400),
        (session.put(None, entry("a")).without("content-type"), 415),
        (session.put(Some("x"), entry("a")), 409),
    ] {
        let answer = call.send().await.expect(status);
        assert_eq!(answer.header("x-last-uuid"), None, "no head, no header: {answer:?}");
        assert_eq!(answer.json()["outcome"], Value::from("not_stored"));
        assert_eq!(session.get("").send().await.status, 404);
    }
    session.store(None, entry("a")).await;
}
