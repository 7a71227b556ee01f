//! The condition of an append: `Last-Uuid` must be the head, letter for letter.

use verbatim_tests::{
    entry::{entry, plain},
    server::Server,
};

#[tokio::test]
async fn only_the_head_is_the_head() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store_all(None, &["A", "b", "Head"]).await;
    let long = "h".repeat(65);
    for last in [None, Some(""), Some("A"), Some("b"), Some("head"), Some("HEAD"), Some("Hea"), Some("~2"), Some(&long)]
    {
        for body in [entry("new"), plain("new")] {
            let answer = session.append(last, body).await;
            assert_eq!((answer.status, answer.header("x-last-uuid")), (409, Some("Head")), "{last:?}: {answer:?}");
        }
    }
    assert_eq!(session.ids().await, ["A", "b", "Head"]);
    session.store(Some("Head"), entry("new")).await;
}

#[tokio::test]
async fn an_empty_last_uuid_is_none() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(Some(""), plain("x")).await;
    session.store(Some(""), entry("a")).await;
    assert_eq!(session.append(Some(""), entry("b")).await.status, 409);
}

#[tokio::test]
async fn entries_without_uuid_leave_the_head_alone_and_need_it() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, plain("1")).await;
    session.store(None, plain("2")).await;
    session.store(None, entry("a")).await;
    session.store(Some("a"), plain("3")).await;
    session.store(Some("a"), plain("4")).await;
    assert_eq!(session.append(None, plain("5")).await.status, 409);
    session.store(Some("a"), entry("b")).await;
    assert_eq!(session.append(Some("a"), plain("5")).await.status, 409);
    assert_eq!(session.ids().await, ["~0", "~1", "a", "~3", "~4", "b"]);
}

#[tokio::test]
async fn bytes_that_no_uuid_can_be_are_never_the_head() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    for last in [&b"a b"[..], b"caf\xc3\xa9", b"\xff\xfe"] {
        let answer = session.put(None, entry("b")).header("last-uuid", last).send().await;
        assert_eq!((answer.status, answer.header("x-last-uuid")), (409, Some("a")), "{last:?}");
    }
}

#[tokio::test]
async fn sessions_and_organisations_do_not_see_each_other() {
    use verbatim_tests::token::{OTHER_ORG, Token};
    let server = Server::start().await;
    let (one, two) = (server.session("one"), server.session("two"));
    let elsewhere = server.session_as("one", &Token::session("one", OTHER_ORG));
    for session in [&one, &two, &elsewhere] {
        session.store(None, entry("a")).await;
    }
    elsewhere.store(Some("a"), entry("c")).await;
    assert_eq!(one.append(Some("c"), entry("b")).await.header("x-last-uuid"), Some("a"));
    one.store(Some("a"), r#"{"uuid":"c","other":"content"}"#).await;
    assert_eq!(two.state().await.1, 1);
}
