//! Organisations never meet, and a request that names another one than its token is refused.

use verbatim_tests::{
    entry::entry,
    server::Server,
    token::{ORG, OTHER_ORG, Token},
};

use super::{append, assert_refused, reads};

/// A session of another organisation answers exactly as one that does not exist.
#[tokio::test]
async fn another_organisations_session_does_not_exist() {
    let server = Server::start().await;
    server.session("s").store(None, entry("a")).await;
    let other = server.signer().sign(&Token::access(OTHER_ORG).scope("read append"));
    for (theirs, nowhere) in reads(&server, "s").into_iter().zip(reads(&server, "nowhere")) {
        let theirs = theirs.bearer(&other).header("x-request-id", "r").send().await.expect(404);
        let nowhere = nowhere.bearer(&other).header("x-request-id", "r").send().await;
        assert_eq!((theirs.status, &theirs.body), (nowhere.status, &nowhere.body));
        let without_date = |mut headers: http::HeaderMap| {
            headers.remove("date");
            headers
        };
        assert_eq!(without_date(theirs.headers), without_date(nowhere.headers));
    }
    let answer = append(&server, "s", "a", "b").bearer(&other).send().await.expect(409);
    assert_eq!((&answer.json()["head"], &answer.json()["length"]), (&serde_json::Value::Null, &0.into()));
    append(&server, "s", "", "theirs").bearer(&other).send().await.expect(201);
    assert_eq!(server.session("s").ids().await, ["a"]);
}

#[tokio::test]
async fn a_request_may_name_the_tokens_organisation_and_no_other() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    for token in [session.token().to_owned(), server.signer().sign(&Token::access(ORG).scope("append read"))] {
        let calls = reads(&server, "s").into_iter().chain([append(&server, "s", "a", "a")]);
        for call in calls.map(|call| call.bearer(&token)) {
            for same in [ORG, &ORG.to_uppercase()] {
                call.clone().header("x-organization-uuid", same).send().await.expect(200);
            }
            for other in [OTHER_ORG, "", "acme", &ORG[..35]] {
                let answer = call.clone().header("x-organization-uuid", other).send().await;
                assert_refused(&answer, 403, other);
            }
        }
    }
    // A token that does not hold is a 401, whatever organisation is named.
    let answer = append(&server, "s", "a", "b").bearer("x").header("x-organization-uuid", OTHER_ORG).send().await;
    assert_refused(&answer, 401, "a bad token");
}
