//! previews, usage, retention, sessions expiring.

use serde_json::json;

use super::{Shell, column};

#[tokio::test]
async fn previews_of_many_and_of_one_that_is_missing() {
    let shell = Shell::start().await;
    let said = |uuid: &str, text: &str| {
        json!({"uuid": uuid, "type": "user", "message": {"role": "user", "content": text}}).to_string()
    };
    let session = shell.server.session("s");
    session.store(None, said("a", "one")).await;
    session.store(Some("a"), said("b", "two  and\nmore")).await;
    let previews = shell.lines(&["sessions", "previews", "s", "-n", "2", "--chars", "5"]).await;
    let items = previews[0]["items"].as_array().unwrap();
    assert_eq!(column(items, "text"), ["one", "two a"]);
    assert_eq!(column(items, "truncated"), [false, true]);
    let finished = shell.run(&["sessions", "previews", "nowhere", "s"]).await.expect_code(66);
    let text = finished.text();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(column(&lines, "id"), ["nowhere", "s"]);
    assert_eq!(lines[0]["error"]["type"], "not_found_error");
    shell.run(&["sessions", "previews"]).await.expect_code(64);
    shell.run(&["sessions", "previews", "s", "-n", "21"]).await.expect_code(64);
}

#[tokio::test]
async fn usage_counts_what_is_there() {
    let shell = Shell::start().await;
    shell.server.session("s").store_all(None, &["a", "b"]).await;
    let usage = shell.line(&["usage"]).await;
    assert_eq!((&usage["total"]["sessions"], &usage["total"]["entries"]), (&1.into(), &2.into()));
    assert_eq!(usage["today"]["entries"], 2);
}

#[tokio::test]
async fn retention_is_shown_and_set_and_what_will_go_is_listed() {
    let shell = Shell::start().await;
    let retention = async |args: &[&str]| shell.line(&[&["retention"], args].concat()).await["retention_days"].clone();
    assert_eq!(retention(&[]).await, json!(null));
    assert_eq!(retention(&["30"]).await, 30);
    shell.server.session("s").store_all(None, &["a"]).await;
    shell.line(&["sessions", "patch", "s", "--expires-at", "2999-01-01T00:00:00Z"]).await;
    let expiring = shell.lines(&["sessions", "expiring"]).await;
    assert_eq!(column(&expiring, "cause"), ["expires_at", "retention"]);
    assert_eq!(column(&expiring, "session_id"), ["s", "s"]);
    let soon = shell.lines(&["sessions", "expiring", "--before", "2998-01-01T00:00:00Z"]).await;
    assert_eq!(column(&soon, "cause"), ["retention"]);
    assert_eq!(shell.lines(&["sessions", "expiring", "-n", "1"]).await.len(), 1);
    assert_eq!(retention(&["--for-ever"]).await, json!(null));
    for wrong in [&["0"][..], &["36501"], &["x"], &["1", "--for-ever"]] {
        shell.run(&[&["retention"], wrong].concat()).await.expect_code(64);
    }
}
