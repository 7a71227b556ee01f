//! HTTP/2 on the same port: the same answers, many at once on one connection.

use verbatim_tests::{
    entry::{entry, sized},
    pages::{Page, Transcript},
    server::Server,
    wire::{Connection, Lost},
};

#[tokio::test]
async fn the_contract_holds_over_http2() -> Result<(), Lost> {
    let server = Server::start().await;
    let session = server.session("s");
    let mut connection = Connection::open_http2(server.address).await?;
    for (call, status) in [
        (session.put(None, entry("a")), 201),
        (session.put(None, entry("a")), 200),
        (session.put(None, entry("b")), 409),
        (session.put(None, r#"{"uuid":"a"}"#), 422),
        (session.put(Some("a"), "{"), 400),
        (session.put(Some("a"), entry("b")).without("content-type"), 415),
        (session.put(Some("a"), entry("b")).without("authorization"), 401),
        (session.put(Some("a"), sized("b", 1 << 20)), 201),
        (session.get(""), 200),
        (session.page("?limit=1"), 200),
        (session.head(), 200),
        (server.call("POST", "/healthz"), 405),
        (server.call("GET", "/nowhere"), 404),
    ] {
        let answer = connection.send(&call).await?.expect(status);
        assert!(answer.header("request-id").is_some());
        assert_eq!(answer.header("connection"), None, "RFC 9113, section 8.2.2");
    }
    let transcript = Transcript::of(&connection.send(&session.get("")).await?);
    assert_eq!(transcript.lines(), [entry("a"), sized("b", 1 << 20)]);
    assert_eq!(Page::of(&connection.send(&session.page("")).await?).ids(), ["a", "b"]);
    Ok(())
}

/// A refused body does not take the connection's other requests with it.
#[tokio::test]
async fn a_body_over_the_limit_ends_its_stream_alone() -> Result<(), Lost> {
    let server = Server::start().await;
    let session = server.session("s");
    let mut connection = Connection::open_http2(server.address).await?;
    let answer = connection.send(&session.put(None, sized("a", (16 << 20) + 1))).await?.expect(413);
    assert_eq!(answer.error_type(), "request_too_large");
    connection.send(&session.put(None, entry("a"))).await?.expect(201);
    Ok(())
}
