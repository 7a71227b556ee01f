//! tail, at the end of a session and along with it.

use verbatim_tests::entry::{entry, plain};

use super::{Shell, column};

#[tokio::test]
async fn the_last_entries_the_oldest_first() {
    let shell = Shell::start().await;
    let session = shell.server.session("s");
    session.store_all(None, &["a", "b", "c"]).await;
    session.store(Some("c"), plain("x")).await;
    let lines = shell.lines(&["tail", "s", "-n", "2"]).await;
    assert_eq!(column(&lines, "event_id"), ["c", "~3"]);
    assert_eq!(column(&lines, "seq"), [2, 3]);
    assert_eq!(lines[1]["payload"], serde_json::from_str::<serde_json::Value>(&plain("x")).unwrap());
    assert_eq!(shell.lines(&["tail", "s"]).await.len(), 4);
    assert!(shell.lines(&["tail", "s", "-n", "0"]).await.is_empty());
    shell.run(&["tail", "nowhere"]).await.expect_code(66);
}

#[tokio::test]
async fn along_with_the_session_to_its_end() {
    let shell = Shell::start().await;
    let session = shell.server.session("s");
    session.store_all(None, &["a", "b", "c"]).await;
    let mut tail = shell.follow(&["tail", "-f", "-n", "1", "s"]);
    assert_eq!(tail.line().await["event_id"], "c");
    session.store_all(Some("c"), &["d", "e"]).await;
    assert_eq!((tail.line().await["event_id"].clone(), tail.line().await["seq"].clone()), ("d".into(), 4.into()));
    shell.line(&["sessions", "end", "s"]).await;
    tail.expect_end(0).await;
}

/// The server goes away and comes back: whoever follows goes on.
#[tokio::test]
async fn through_a_restart() {
    let server = verbatim_tests::server::Server::start().await;
    let proxy = verbatim_tests::proxy::Proxy::start(server.address).await;
    server.session("s").store(None, entry("a")).await;
    let shell = Shell::of(server);
    let url = format!("http://{}", proxy.address);
    let mut tail = shell.follow(&["tail", "-f", "s", "--url", &url]);
    assert_eq!(tail.line().await["event_id"], "a");
    let server = shell.server.restart().await;
    proxy.redirect(server.address);
    server.session("s").store(Some("a"), entry("b")).await;
    assert_eq!(tail.line().await["event_id"], "b");
}
