//! `Content-Type`: JSON, however it is spelt, and nothing else.

use verbatim_tests::{entry::entry, server::Server};

#[tokio::test]
async fn only_json_is_taken() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let good = [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/json ; charset=\"utf-8\"",
    ];
    for media_type in good {
        let answer = session.put(None, entry("a")).with("content-type", media_type).send().await;
        assert_eq!(answer.status, 200, "{media_type}: {answer:?}");
    }
    let bad = [
        "",
        "text/plain",
        "text/json",
        "application/jsonp",
        "application/jso",
        "application/json-patch+json",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
        "json",
    ];
    for media_type in bad {
        let answer = session.put(Some("a"), entry("b")).with("content-type", media_type).send().await;
        assert_eq!((answer.status, answer.header("x-last-uuid")), (415, Some("a")), "{media_type:?}");
        assert_eq!(answer.error_type(), "unsupported_media_type");
    }
    let answer = session.put(Some("a"), entry("b")).without("content-type").send().await;
    assert_eq!(answer.error_type(), "unsupported_media_type", "none at all");
    assert_eq!(session.ids().await, ["a"]);
}
