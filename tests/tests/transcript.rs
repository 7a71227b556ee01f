//! `GET` and `HEAD /v1/session_ingress/session/{session_id}`: the whole transcript.

use serde_json::Value;
use verbatim_tests::{
    entry::{boundary, entry, plain},
    pages::Transcript,
    server::Server,
    token::{ORG, Token},
};

#[tokio::test]
async fn everything_in_chain_order_with_its_proof_at_the_end() {
    let server = Server::start().await;
    let session = server.session("s");
    let bodies = [plain("x"), entry("a"), "{ \"odd\" : 1.0 }".to_owned(), entry("b"), plain("y")];
    let mut last = None;
    for body in &bodies {
        let receipt = session.store(last.as_deref(), body.clone()).await;
        last = receipt["uuid"].as_str().map(str::to_owned).or(last);
    }
    let answer = session.get("").send().await;
    assert_eq!(answer.header("x-last-uuid"), Some("b"));
    let transcript = Transcript::of(&answer);
    assert_eq!(transcript.lines(), bodies);
    assert_eq!((transcript.count, transcript.last_uuid.as_deref()), (5, Some("b")));
    let text = answer.text();
    assert!(text.ends_with(r#"],"count":5,"last_uuid":"b"}"#), "the proof stands at the end: {text}");
}

#[tokio::test]
async fn without_a_head_last_uuid_is_null() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, plain("x")).await;
    let answer = session.get("").send().await.expect(200);
    assert_eq!(answer.header("x-last-uuid"), None);
    assert_eq!(answer.json()["last_uuid"], Value::Null);
    assert_eq!(answer.json()["count"], 1);
}

#[tokio::test]
async fn from_the_last_boundary_on() {
    let server = Server::start().await;
    let session = server.session("s");
    let whole = async |query: &str| {
        let answer = session.get(query).send().await;
        assert_eq!(answer.header("x-last-uuid"), session.state().await.0.as_deref());
        let transcript = Transcript::of(&answer);
        transcript.lines().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let both = ["?after_last_compact=true", "?after_last_compact=1"];
    let neither = ["", "?after_last_compact=false", "?after_last_compact=0", "?unknown=true"];

    // What looks like a boundary and is none.
    let near = [
        r#"{"type":"system","subtype":"microcompact_boundary"}"#,
        r#"{"type":"user","subtype":"compact_boundary"}"#,
        r#"{"subtype":"compact_boundary"}"#,
        r#"{"type":"system","subtype":"compact_boundary","type":"user"}"#,
        r#"{"nested":{"type":"system","subtype":"compact_boundary"}}"#,
        r#"{"type":["system"],"subtype":"compact_boundary"}"#,
    ];
    for body in near {
        session.store(None, body).await;
    }
    for query in both.iter().chain(&neither) {
        assert_eq!(whole(query).await, near, "{query}: all of them where there is no boundary");
    }
    session.store(None, boundary("b1")).await;
    session.store(Some("b1"), entry("a")).await;
    for query in both {
        assert_eq!(whole(query).await, [boundary("b1"), entry("a")], "{query}");
    }
    // A boundary needs no uuid, and may be spelt with escapes.
    let second = r#"{"\u0074ype":"s\u0079stem","subtype":"compact\u005fboundary"}"#;
    session.store(Some("a"), second).await;
    for query in both {
        assert_eq!(whole(query).await, [second], "{query}: the boundary itself included");
    }
    for query in neither {
        assert_eq!(whole(query).await.len(), 9, "{query}");
    }
    let page = session.chain().await;
    let compactions: Vec<_> =
        page.iter().enumerate().filter(|(_, event)| event.is_compaction).map(|(at, _)| at).collect();
    assert_eq!(compactions, [6, 8]);
}

#[tokio::test]
async fn a_flag_out_of_form_is_a_400() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    for query in
        ["?after_last_compact=yes", "?after_last_compact=2", "?after_last_compact=true&after_last_compact=false"]
    {
        let answer = session.get(query).send().await;
        assert_eq!((answer.status, answer.error_type().as_str()), (400, "invalid_request_error"), "{query}");
        assert_eq!(answer.header("x-last-uuid"), Some("a"), "{query}: an answer about a session with a head names it");
        assert_eq!(
            session.get(query).without("authorization").send().await.status,
            401,
            "{query}: the token comes first"
        );
    }
}

#[tokio::test]
async fn an_unknown_session_is_a_404() {
    let server = Server::start().await;
    let access = Token::access(ORG);
    for session in [server.session("nowhere"), server.session_as("nowhere", &access)] {
        for query in ["", "?after_last_compact=true"] {
            let answer = session.get(query).send().await.expect(404);
            assert_eq!(answer.error_type(), "not_found_error");
            assert_eq!(answer.header("x-last-uuid"), None);
            assert_eq!(answer.json().get("outcome"), None, "a read stores nothing anyway");
        }
        let head = session.head().send().await.expect(404);
        assert!(head.body.is_empty());
    }
}

#[tokio::test]
async fn head_tells_head_and_length_alone() {
    let server = Server::start().await;
    let session = server.session("s");
    for (body, head, count) in [(plain("x"), None, "1"), (entry("a"), Some("a"), "2")] {
        session.store(None, body).await;
        let answer = session.head().send().await.expect(200);
        assert_eq!((answer.header("x-last-uuid"), answer.header("x-entry-count")), (head, Some(count)));
        assert!(answer.body.is_empty(), "{answer:?}");
    }
    session.store(Some("a"), plain("y")).await;
    assert_eq!(session.state().await, (Some("a".to_owned()), 3));
}
