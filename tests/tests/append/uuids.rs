//! What an entry's `uuid` may be, where it is looked for, and that it comes back as it was sent.

use serde_json::Value;
use verbatim_tests::{entry::plain, server::Server};

#[tokio::test]
async fn what_a_uuid_may_be() {
    let server = Server::start().await;
    let long = format!(r#"{{"uuid":"{}"}}"#, "u".repeat(64));
    let rows: [(&str, &str); 13] = [
        (r#"{"uuid":"0190d3a5-7c1e-7abc-8def-0123456789ab"}"#, "0190d3a5-7c1e-7abc-8def-0123456789ab"),
        (r#"{"uuid":"C7E2F5A0-0000-1000-8000-00805F9B34FB"}"#, "C7E2F5A0-0000-1000-8000-00805F9B34FB"),
        (r#"{"uuid":"u1"}"#, "u1"),
        (r#"{"uuid":"!"}"#, "!"),
        (r#"{"uuid":"a~"}"#, "a~"),
        (r#"{"uuid":"{\"\\}"}"#, r#"{"\}"#),
        (&long, &"u".repeat(64)),
        (r#"{"uuid":"\u0061\u0062c"}"#, "abc"),
        (r#"{"uuid":"a","uuid":"b"}"#, "b"),
        (r#"{"uuid":5,"uuid":"c"}"#, "c"),
        (r#"{"uuid":null,"uuid":"d"}"#, "d"),
        (r#"{"\u0075uid":"e"}"#, "e"),
        (r#"{"nested":{"uuid":"x"},"uuid":"f","after":[{"uuid":"y"}]}"#, "f"),
    ];
    let session = server.session("s");
    let mut last: Option<String> = None;
    for (body, uuid) in rows {
        let answer = session.append(last.as_deref(), body.to_owned()).await;
        assert_eq!(answer.status, 201, "{body}: {answer:?}");
        assert_eq!(answer.json()["uuid"], uuid, "{body}");
        assert_eq!(answer.header("x-last-uuid"), Some(uuid));
        assert_eq!(session.append(None, body.to_owned()).await.status, 200, "{body}: the retry");
        last = Some(uuid.to_owned());
    }
    let chain = session.chain().await;
    for (event, (body, uuid)) in chain.iter().zip(rows) {
        assert_eq!((event.event_id.as_str(), event.payload.get()), (uuid, body));
    }
}

#[tokio::test]
async fn absent_null_and_empty_all_mean_none() {
    let server = Server::start().await;
    let session = server.session("s");
    for body in [
        "{}",
        r#"{"uuid":null}"#,
        r#"{"uuid":""}"#,
        r#"{"uuid":"a","uuid":null}"#,
        r#"{"uuid":"a","uuid":""}"#,
        r#"{"nested":{"uuid":"x"}}"#,
        r#"{"UUID":"x"}"#,
    ] {
        let answer = session.append(None, body).await;
        assert_eq!((answer.status, &answer.json()["uuid"]), (201, &Value::Null), "{body}: {answer:?}");
        assert_eq!(answer.header("x-last-uuid"), None, "{body}");
    }
}

#[tokio::test]
async fn what_a_uuid_may_not_be() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, plain("first")).await;
    let long = format!(r#"{{"uuid":"{}"}}"#, "u".repeat(65));
    for body in [
        &long,
        r#"{"uuid":"~"}"#,
        r#"{"uuid":"~0"}"#,
        r#"{"uuid":"two words"}"#,
        r#"{"uuid":" "}"#,
        r#"{"uuid":"caf\u00e9"}"#,
        r#"{"uuid":"café"}"#,
        r#"{"uuid":"\u0000"}"#,
        r#"{"uuid":"a\n"}"#,
        r#"{"uuid":"\u007f"}"#,
        r#"{"uuid":"\ud800"}"#,
        r#"{"uuid":7}"#,
        r#"{"uuid":true}"#,
        r#"{"uuid":{}}"#,
        r#"{"uuid":["a"]}"#,
        r#"{"uuid":"a","uuid":7}"#,
    ] {
        let answer = session.append(None, body.to_owned()).await;
        assert_eq!((answer.status, answer.error_type().as_str()), (400, "invalid_request_error"), "{body}");
    }
    assert_eq!(session.state().await, (None, 1));
}
