//! The bodies and headers of answers to an append, member by member.

use serde_json::{Value, json};
use verbatim_tests::{
    entry::{entry, plain},
    pages::is_timestamp,
    server::Server,
};

#[track_caller]
fn members(json: &Value) -> Vec<&str> {
    json.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test]
async fn stored_and_already_stored() {
    let server = Server::start().await;
    let session = server.session("s");
    let first = session.append(None, entry("a")).await.expect(201);
    assert_eq!(first.header("x-last-uuid"), Some("a"));
    assert_eq!(first.header("content-type"), Some("application/json"));
    let receipt = first.json();
    assert_eq!(members(&receipt), ["created_at", "seq", "status", "uuid"]);
    assert_eq!(receipt["status"], "stored");
    assert_eq!(receipt["uuid"], "a");
    assert_eq!(receipt["seq"], 0);
    assert!(is_timestamp(receipt["created_at"].as_str().unwrap()), "{receipt}");

    let second = session.store(Some("a"), entry("b")).await;
    assert_eq!(second["seq"], 1);

    let again = session.append(Some("b"), entry("a")).await.expect(200);
    assert_eq!(again.header("x-last-uuid"), Some("b"), "the head, not the entry");
    let mut expected = receipt;
    expected["status"] = json!("already_stored");
    assert_eq!(again.json(), expected, "the receipt of the first time, but for its status");
}

#[tokio::test]
async fn an_entry_without_uuid() {
    let server = Server::start().await;
    let session = server.session("s");
    let answer = session.append(None, plain("x")).await.expect(201);
    assert_eq!(answer.header("x-last-uuid"), None, "an entry without uuid makes no head");
    assert_eq!(members(&answer.json()), ["created_at", "seq", "status", "uuid"]);
    assert_eq!(answer.json()["uuid"], Value::Null);
    session.store(None, entry("a")).await;
    let after = session.append(Some("a"), plain("y")).await.expect(201);
    assert_eq!(after.header("x-last-uuid"), Some("a"), "the head stays");
    assert_eq!(after.json()["seq"], 2);
}

#[tokio::test]
async fn a_conflict_says_where_the_chain_stands() {
    let server = Server::start().await;
    let session = server.session("s");
    let rows = |head: Value, length: u64| {
        [(None, Value::Null), (Some("x"), json!("x")), (Some(""), Value::Null)]
            .map(|(last, expected)| (last, json!({"expected":expected,"head":head,"length":length})))
    };
    let check = async |rows: [(Option<&str>, Value); 3], head: Option<&str>| {
        for (last, wanted) in rows {
            if wanted["expected"] == wanted["head"] {
                continue;
            }
            let answer = session.append(last, entry("new")).await.expect(409);
            assert_eq!(answer.header("x-last-uuid"), head, "{last:?}");
            let mut body = answer.json();
            assert_eq!(body["error"]["type"], "conflict_error");
            assert!(body["error"]["message"].as_str().is_some_and(|message| message.len() > 20), "{body}");
            assert_eq!(body["outcome"], "not_stored");
            let body = body.as_object_mut().unwrap();
            body.remove("error");
            body.remove("outcome");
            assert_eq!(Value::Object(body.clone()), wanted, "{last:?}");
        }
    };
    check(rows(Value::Null, 0), None).await;
    session.store(None, plain("first")).await;
    check(rows(Value::Null, 1), None).await;
    session.store(None, entry("a")).await;
    session.store(Some("a"), plain("third")).await;
    check(rows(json!("a"), 3), Some("a")).await;
}

#[tokio::test]
async fn every_refusal_names_its_type_and_says_that_nothing_was_stored() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let rows = [
        (session.put(None, entry("b")), 409, "conflict_error"),
        (session.put(Some("a"), r#"{"uuid":"a"}"#), 422, "uuid_reused_error"),
        (session.put(Some("a"), "{"), 400, "invalid_request_error"),
        (session.put(Some("a"), entry("b")).without("content-type"), 415, "unsupported_media_type"),
    ];
    for (call, status, error_type) in rows {
        let answer = call.send().await.expect(status);
        let body = answer.json();
        assert_eq!(body["error"]["type"], error_type);
        assert_eq!(body["outcome"], "not_stored", "{body}");
        let detail = status == 409;
        for member in ["expected", "head", "length"] {
            assert_eq!(body.get(member).is_some(), detail, "{member} in {body}");
        }
        assert_eq!(members(&body["error"]), ["message", "type"]);
        assert_eq!(answer.header("x-last-uuid"), Some("a"));
        assert!(answer.header("request-id").is_some_and(|id| !id.is_empty()));
    }
}
