//! What is stored stays, byte for byte, over a stop and over a kill.

use verbatim_tests::{
    entry::{boundary, entry, plain},
    server::Server,
    session::Session,
};

#[tokio::test]
async fn a_chain_is_the_same_after_a_stop_and_after_a_kill() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store_all(None, &["a", "b"]).await;
    session.put(Some("b"), plain("keyed")).header("idempotency-key", "k").send().await.expect(201);
    session.store(Some("b"), boundary("c")).await;
    session.store(Some("c"), entry("d")).await;
    let before = answers(&session).await;
    let server = server.kill().await.start().await;
    assert_eq!(answers(&session.at(server.address)).await, before, "after SIGKILL");
    let server = server.restart().await;
    let session = session.at(server.address);
    assert_eq!(answers(&session).await, before, "after SIGTERM");
    session.put(None, plain("keyed")).header("idempotency-key", "k").send().await.expect(200);
    session.put(None, plain("other")).header("idempotency-key", "k").send().await.expect(422);
    session.append(None, entry("a")).await.expect(200);
    session.append(Some("d"), r#"{"uuid":"a"}"#).await.expect(422);
    assert_eq!(session.store(Some("d"), entry("e")).await["seq"], 5);
}

/// Every read there is.
async fn answers(session: &Session) -> Vec<String> {
    let mut answers = Vec::new();
    for call in [session.get(""), session.get("?after_last_compact=true"), session.page(""), session.page("?limit=2")] {
        answers.push(call.send().await.expect(200).text());
    }
    answers.push(format!("{:?}", session.state().await));
    answers
}
