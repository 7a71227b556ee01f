//! "The same content": equal bytes, or else equal JSON.

use verbatim_tests::server::Server;

const STORED: &str = r#"{"uuid":"u","a":1.50,"b":"é😀\/A","c":[1,{"x":1,"y":null}],"k":1,"k":2,"l":"\ud800"}"#;

#[tokio::test]
async fn equal_json_in_another_layout_is_the_same_content() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, STORED).await;
    for same in [
        STORED,
        " \t\r\n{\"uuid\":\"u\", \"a\":1.50,\"b\":\"é😀\\/A\",\"c\":[1,{\"x\":1,\"y\":null}],\"k\":1,\"k\":2,\"l\":\"\\ud800\"}\n",
        r#"{"c":[1,{"y":null,"x":1}],"k":1,"l":"\uD800","b":"\u00e9\ud83d\uDE00/\u0041","a":1.50,"k":2,"uuid":"\u0075"}"#,
        r#"{"\u0075uid":"u","\u0061":1.50,"b":"é😀\/A","c":[1,{"x":1,"y":null}],"k":1,"k":2,"l":"\ud800"}"#,
    ] {
        let answer = session.append(None, same).await;
        assert_eq!((answer.status, answer.json()["status"].as_str()), (200, Some("already_stored")), "{same}");
    }
    assert_eq!(session.chain().await[0].payload.get(), STORED, "the bytes that came first are kept");
}

#[tokio::test]
async fn anything_else_is_other_content() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, STORED).await;
    for (from, to, what) in [
        ("1.50", "1.5", "numbers are compared by their literal"),
        ("1.50", "15e-1", "numbers are compared by their literal"),
        ("1.50", "\"1.50\"", "a string is no number"),
        ("😀", "😁", "another character"),
        ("é", "e\u{301}", "another normal form"),
        ("A", "a", "another case"),
        (r"\/A", r"\\/A", "a backslash"),
        (r#"[1,{"x""#, r#"[{"x""#, "a shorter array"),
        (r#"[1,{"x":1,"y":null}]"#, r#"[{"x":1,"y":null},1]"#, "another order in an array"),
        (r#","y":null"#, "", "null is not absence"),
        ("null", "false", "another literal"),
        (r#""k":1,"k":2"#, r#""k":2,"k":1"#, "duplicate keys in another order"),
        (r#""k":1,"k":2"#, r#""k":2"#, "one of two duplicate keys"),
        (r#""k":1,"k":2"#, r#""k":1,"k":2,"k":2"#, "a third duplicate key"),
        (r"\ud800", r"\ud801", "another lone surrogate"),
        (r"\ud800", "\u{fffd}", "the replacement character"),
        (r#""a":"#, r#""A":"#, "another key"),
        (r#","l""#, r#","m":0,"l""#, "one more member"),
    ] {
        let other = STORED.replacen(from, to, 1);
        assert_ne!(other, STORED, "{what}: nothing was replaced");
        let answer = session.append(Some("u"), other).await;
        assert_eq!(answer.status, 422, "{what}: {answer:?}");
    }
    assert_eq!(session.state().await, (Some("u".to_owned()), 1));
}

#[tokio::test]
async fn duplicate_keys_may_stand_apart() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, r#"{"uuid":"u","k":1,"j":0,"k":2}"#).await;
    assert_eq!(session.append(None, r#"{"j":0,"uuid":"u","k":1,"k":2}"#).await.status, 200);
}

/// Comparing large entries, retried with another layout, many at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_entries_are_compared_too() {
    let server = Server::start().await;
    let session = server.session("s");
    let values: Vec<_> = (0..200_000).map(|n| format!(r#""k{n}":{n}"#)).collect();
    let reversed: Vec<_> = values.iter().rev().cloned().collect();
    let object = |members: &[String], end: &str| format!(r#"{{"uuid":"u",{}{end}}}"#, members.join(","));
    session.store(None, object(&values, "")).await;
    let attempts = (0..8).map(|n| {
        let (body, status) =
            if n % 2 == 0 { (object(&reversed, ""), 200) } else { (object(&reversed, r#","z":0"#), 422) };
        let call = session.put(None, body);
        tokio::spawn(async move { call.send().await.expect(status) })
    });
    for attempt in attempts.collect::<Vec<_>>() {
        attempt.await.unwrap();
    }
}
