//! changes: the audit trail, and what happens as it happens.

use verbatim_tests::{entry::entry, proxy::Proxy, server::Server};

use super::{Shell, column};

#[tokio::test]
async fn what_happened_until_now_with_who_did_it() {
    let shell = Shell::start().await;
    shell.run_with(&["append", "s"], &entry("a")).await.expect_code(0);
    shell.line(&["sessions", "end", "s"]).await;
    shell.line(&["sessions", "rm", "s"]).await;
    let changes = shell.lines(&["changes", "--until-now"]).await;
    let kept: Vec<_> = changes.iter().filter(|change| change["type"] != "appended").cloned().collect();
    assert_eq!(column(&kept, "type"), ["created", "ended", "deleted"]);
    assert_eq!(column(&kept, "subject"), ["agent-7", "agent-7", "agent-7"]);
    assert!(changes.iter().all(|change| change["session_id"] == "s"));
    let cursor = changes.last().unwrap()["cursor"].as_str().expect("the last has the cursor").to_owned();
    shell.line(&["sessions", "restore", "s"]).await;
    let more = shell.lines(&["changes", "--until-now", "--cursor", &cursor]).await;
    assert_eq!(more[0]["type"], "restored");
    shell.run(&["changes", "--cursor", "damaged"]).await.expect_code(65);
    shell.run(&["changes", "--from-now", "--until-now"]).await.expect_code(64);
}

#[tokio::test]
async fn what_happens_as_it_happens_through_a_restart() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address).await;
    let shell = Shell::of(server);
    let url = format!("http://{}", proxy.address);
    shell.server.session("s").store(None, entry("a")).await;
    let mut changes = shell.follow(&["changes", "--url", &url]);
    assert_eq!(changes.line().await["type"], "created");
    let appended = changes.line().await;
    assert_eq!((&appended["type"], &appended["length"]), (&"appended".into(), &1.into()));
    assert!(appended["cursor"].is_string());
    let server = shell.server.restart().await;
    proxy.redirect(server.address);
    let shell = Shell::of(server);
    shell.line(&["sessions", "end", "s"]).await;
    loop {
        let change = changes.line().await;
        if change["type"] != "appended" {
            assert_eq!(change["type"], "ended");
            break;
        }
    }
}
