//! Bodies at and past each bound: what is one JSON object, how deep, under which session ids.

use verbatim_tests::{
    entry::{entry, nested},
    server::Server,
    token::{ORG, Token},
    wire::Call,
};

#[tokio::test]
async fn one_json_object_and_nothing_else() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let bad: [&[u8]; 31] = [
        b"",
        b" ",
        b"null",
        b"1",
        b"\"x\"",
        b"[]",
        b"[{}]",
        b"{",
        b"}",
        b"{}{}",
        b"{},",
        b"{} x",
        b"{}\0",
        b"{'a':1}",
        b"{\"a\":1,}",
        b"{\"a\"}",
        b"{a:1}",
        b"{\"a\":01}",
        b"{\"a\":+1}",
        b"{\"a\":.5}",
        b"{\"a\":1.}",
        b"{\"a\":NaN}",
        b"{\"a\":\"\n\"}",
        b"{\"a\":\"\\x\"}",
        b"{\"a\":\"\\u12\"}",
        b"{\"a\":tru}",
        b"{\"a\":\"\xff\"}",
        b"{\"\xc3\":1}",
        b"\xef\xbb\xbf{}",
        b"\x0c{}",
        b"{\"a\":\"\xed\xa0\x80\"}",
    ];
    for body in bad {
        let answer = session.append(Some("a"), body).await;
        let shown = String::from_utf8_lossy(body);
        assert_eq!((answer.status, answer.error_type().as_str()), (400, "invalid_request_error"), "{shown:?}");
        assert_eq!(answer.header("x-last-uuid"), Some("a"), "{shown:?}");
    }
    assert_eq!(session.state().await.1, 1);
}

/// Everything that JSON allows is taken and returned byte for byte, outer white space aside.
#[tokio::test]
async fn what_is_stored_is_what_was_sent() {
    let server = Server::start().await;
    let session = server.session("s");
    let bodies = [
        "{}",
        "{ }",
        "{\"a\" :\t1 ,\r\n\"b\":2}",
        r#"{"big":123456789012345678901234567890,"e":1E+400,"z":-0.0,"f":0.10}"#,
        r#"{"lone":"\ud800","pair":"\ud83d\ude00","low":"\uDC00x"}"#,
        r#"{"k":1,"k":2,"":3,"":4}"#,
        "{\"text\":\"é😀\u{feff}\u{2028}\u{2029}\u{fffd}\u{7f}\"}",
        r#"{"escapes":"\"\\\/\b\f\n\r\t\u001b\u0000"}"#,
        r#"{"nested":{"loglines":[],"count":0,"data":[{"next_cursor":"x"}]}}"#,
    ];
    for body in bodies {
        session.store(None, format!(" \r\n\t{body}\t\r\n ")).await;
    }
    let payloads: Vec<_> = session.chain().await.iter().map(|event| event.payload.get().to_owned()).collect();
    assert_eq!(payloads, bodies);
    let whole = session.get("").send().await;
    let transcript = verbatim_tests::pages::Transcript::of(&whole);
    assert_eq!(transcript.lines(), bodies);
}

#[tokio::test]
async fn nesting_has_a_bound() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, nested("deep", 128)).await;
    assert_eq!(session.append(Some("deep"), nested("deeper", 129)).await.status, 400);
    let objects = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    session.store(Some("deep"), objects(128)).await;
    assert_eq!(session.append(Some("deep"), objects(129)).await.status, 400);
    let abyss = format!(r#"{{"a":{}"#, "[".repeat(1 << 20));
    assert_eq!(session.append(Some("deep"), abyss).await.status, 400);
    let chain = session.chain().await;
    assert_eq!(chain[0].payload.get(), nested("deep", 128));
    assert_eq!(chain.len(), 2);
}

#[tokio::test]
async fn session_ids_have_bounds() {
    let server = Server::start().await;
    let access = Token::access(ORG).scope("read append");
    let all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    for id in ["a", "-", "_", "0", all, &"s".repeat(128)] {
        let session = server.session_as(id, &access);
        session.store(None, entry("a")).await;
        assert_eq!(session.ids().await, ["a"], "{id}");
    }
    let token = server.signer().sign(&access);
    let long = "s".repeat(129);
    for id in [long.as_str(), "a.b", "a%20b", "a%2Fb", "%41", "caf%C3%A9", "a~", "a+b", "a@b", "%00", "%ff"] {
        let put = format!("/v1/session_ingress/session/{id}");
        let pages = format!("/v1/code/sessions/{id}/teleport-events");
        for (method, path) in [("PUT", &put), ("GET", &put), ("GET", &pages)] {
            let call =
                Call::new(server.address, method, path).bearer(&token).header("content-type", "application/json");
            let answer = call.body(entry("a")).send().await;
            assert_eq!(
                (answer.status, answer.error_type().as_str()),
                (400, "invalid_request_error"),
                "{method} {path}"
            );
            assert_eq!(call_without_token(&server, method, path).await, 401, "{method} {path}");
        }
    }
    // Ids are told apart by case.
    assert_eq!(server.session_as("A", &access).state().await, (None, 0));
}

async fn call_without_token(server: &Server, method: &str, path: &str) -> u16 {
    server.call(method, path).send().await.status
}
