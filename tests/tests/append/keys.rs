//! `Idempotency-Key`: what a uuid is to an entry with one, the key is to an entry without.

use verbatim_tests::{
    entry::{entry, plain},
    server::Server,
    session::Session,
    wire::Answer,
};

async fn append_keyed(session: &Session, last: Option<&str>, key: &str, body: String) -> Answer {
    session.put(last, body).header("idempotency-key", key).send().await
}

#[tokio::test]
async fn a_retry_under_the_same_key_is_recognised() {
    let server = Server::start().await;
    let session = server.session("s");
    let first = append_keyed(&session, None, "k", plain("x")).await.expect(201).json();
    session.store_all(None, &["a", "b"]).await;
    for last in [None, Some("a"), Some("b"), Some("never-seen")] {
        let answer = append_keyed(&session, last, "k", plain("x")).await.expect(200);
        let receipt = answer.json();
        assert_eq!(receipt["status"], "already_stored");
        assert_eq!((&receipt["seq"], &receipt["created_at"]), (&first["seq"], &first["created_at"]));
        assert_eq!(receipt["uuid"], serde_json::Value::Null);
        assert_eq!(answer.header("x-last-uuid"), Some("b"));
        let other = append_keyed(&session, last, "k", plain("y")).await.expect(422);
        assert_eq!(other.error_type(), "uuid_reused_error");
    }
    let spaced = r#"{ "summary" : "x", "type" : "summary" }"#.to_owned();
    assert_eq!(append_keyed(&session, None, "k", spaced).await.status, 200, "equal JSON is the same content");
    assert_eq!(session.ids().await, ["~0", "a", "b"]);
}

#[tokio::test]
async fn keys_and_uuids_are_separate_name_spaces() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("k")).await;
    let keyed = append_keyed(&session, Some("k"), "k", plain("x")).await.expect(201);
    assert_eq!(keyed.header("x-last-uuid"), Some("k"));
    assert_eq!(append_keyed(&session, Some("k"), "l", plain("x")).await.status, 201);
    session.store(Some("k"), entry("l")).await;
    assert_eq!(session.ids().await, ["k", "~1", "~2", "l"]);
    // A session has keys of its own.
    assert_eq!(append_keyed(&server.session("t"), None, "k", plain("y")).await.status, 201);
}

#[tokio::test]
async fn without_a_key_an_entry_without_uuid_is_new_each_time() {
    let server = Server::start().await;
    let session = server.session("s");
    for seq in 0..3 {
        assert_eq!(session.store(None, plain("x")).await["seq"], seq);
    }
    assert_eq!(append_keyed(&session, None, "K", plain("x")).await.status, 201);
    assert_eq!(append_keyed(&session, None, "k", plain("x")).await.status, 201, "keys are compared exactly");
    assert_eq!(session.state().await, (None, 5));
}

#[tokio::test]
async fn a_conflict_under_a_new_key_stores_nothing_and_keeps_no_key() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    assert_eq!(append_keyed(&session, None, "k", plain("x")).await.status, 409);
    assert_eq!(append_keyed(&session, Some("a"), "k", plain("y")).await.status, 201, "the key was not taken");
}

#[tokio::test]
async fn keys_have_bounds() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    for good in ["~".to_owned(), "k".repeat(128), "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}".to_owned()] {
        assert_eq!(append_keyed(&session, Some("a"), &good, plain(&good)).await.status, 201, "{good}");
        assert_eq!(append_keyed(&session, None, &good, plain(&good)).await.status, 200, "{good}");
    }
    let length = session.state().await.1;
    for bad in ["", "two words", &"k".repeat(129), "é"] {
        let answer = append_keyed(&session, Some("a"), bad, plain("x")).await;
        assert_eq!((answer.status, answer.header("x-last-uuid")), (400, Some("a")), "{bad:?}: {answer:?}");
        assert_eq!(answer.error_type(), "invalid_request_error");
    }
    assert_eq!(session.state().await.1, length);
}
