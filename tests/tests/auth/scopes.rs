//! What a token may do: its kind, its session and its scope.

use verbatim_tests::{
    entry::entry,
    server::Server,
    token::{ORG, Token},
};

use super::{append, assert_refused, reads};

#[tokio::test]
async fn each_kind_of_token_with_each_scope() {
    let server = Server::start().await;
    server.session("s").store(None, entry("a")).await;
    let rows = [
        (true, None, true, true),
        (true, Some("read"), true, false),
        (true, Some("append"), false, true),
        (true, Some("append read"), true, true),
        (true, Some("read append admin"), true, true),
        (true, Some("admin"), false, false),
        (true, Some(""), false, false),
        (true, Some("other"), false, false),
        (true, Some("Read"), false, false),
        (true, Some("read,append"), false, false),
        (true, Some("openid read"), true, false),
        (false, None, true, false),
        (false, Some("read"), true, false),
        (false, Some("append"), false, true),
        (false, Some("append read"), true, true),
        (false, Some("admin"), false, false),
        (false, Some(""), false, false),
    ];
    for (is_session, scope, may_read, may_append) in rows {
        let token = if is_session { Token::session("s", ORG) } else { Token::access(ORG) };
        let token = scope.into_iter().fold(token, Token::scope);
        let token = server.signer().sign(&token);
        let what = format!("session token: {is_session}, scope {scope:?}");
        for call in reads(&server, "s") {
            let answer = call.bearer(&token).send().await;
            if may_read {
                assert_eq!((answer.status, answer.header("x-last-uuid")), (200, Some("a")), "{what}");
            } else {
                assert_refused(&answer, 403, &what);
            }
        }
        let answer = append(&server, "s", "a", "a").bearer(&token).send().await;
        if may_append {
            assert_eq!(answer.status, 200, "{what}: {answer:?}");
        } else {
            assert_refused(&answer, 403, &what);
        }
    }
}

/// A session token cannot even tell whether another session exists.
#[tokio::test]
async fn a_session_token_is_for_its_own_session() {
    let server = Server::start().await;
    server.session("theirs").store(None, entry("a")).await;
    let own = server.signer().sign(&Token::session("mine", ORG));
    let mut answers = Vec::new();
    for id in ["theirs", "nowhere", "MINE", "mine2"] {
        for call in reads(&server, id) {
            let answer = call.bearer(&own).send().await;
            assert_refused(&answer, 403, id);
            answers.push(answer);
        }
        assert_refused(&append(&server, id, "a", "b").bearer(&own).send().await, 403, id);
    }
    let (existing, missing) = answers.split_at(3);
    for (one, other) in existing.iter().zip(missing) {
        assert_eq!(one.body, other.body, "existing or not makes no difference");
    }
    assert_eq!(server.session("theirs").ids().await, ["a"]);
    assert_eq!(server.session("nowhere").get("").send().await.status, 404);
}

#[tokio::test]
async fn an_access_token_is_for_every_session_of_its_organisation() {
    let server = Server::start().await;
    let token = server.signer().sign(&Token::access(ORG).scope("append read"));
    for id in ["one", "two"] {
        append(&server, id, "", "a").bearer(&token).send().await.expect(201);
        for call in reads(&server, id) {
            call.bearer(&token).send().await.expect(200);
        }
    }
}
