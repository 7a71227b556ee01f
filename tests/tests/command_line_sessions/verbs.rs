//! list, show, patch, fork, end, rm, restore.

use serde_json::json;
use verbatim_tests::{binary, entry::entry, server::Server};

use super::{Shell, column};

#[tokio::test]
async fn list_filters_and_bounds() {
    let shell = Shell::start().await;
    let organization = shell.organization();
    for (id, project, parent) in [("a", "blue", None), ("b", "blue", Some("a")), ("c", "red", None)] {
        let body = json!({"id": id, "project": project, "parent_session_id": parent, "title": format!("T {id}"),
            "metadata": {"n": id == "a"}});
        organization.create(&body).send().await.expect(201);
    }
    organization.patch("c", &json!({"status": "ended"})).send().await.expect(200);
    let rows: [(&[&str], &[&str]); 8] = [
        (&[], &["a", "b", "c"]),
        (&["--project", "blue"], &["a", "b"]),
        (&["--parent", "a"], &["b"]),
        (&["--status", "ended"], &["c"]),
        (&["--metadata", "n=true"], &["a"]),
        (&["--title", "T b"], &["b"]),
        (&["--updated-after", "2999-01-01T00:00:00Z"], &[]),
        (&["--status", "deleted"], &[]),
    ];
    for (filter, wanted) in rows {
        let lines = shell.lines(&[&["sessions", "list"], filter].concat()).await;
        let mut ids: Vec<_> = column(&lines, "id").into_iter().map(|id| id.as_str().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids, wanted, "{filter:?}");
    }
    assert_eq!(shell.lines(&["sessions", "list", "-n", "2"]).await.len(), 2);
    assert_eq!(shell.lines(&["sessions", "list", "--all"]).await.len(), 3);
    for wrong in [&["--status", "gone"][..], &["--metadata", "n"], &["--updated-after", "soon"], &["-n", "1", "--all"]]
    {
        shell.run(&[&["sessions", "list"], wrong].concat()).await.expect_code(64);
    }
}

#[tokio::test]
async fn show_and_patch() {
    let shell = Shell::start().await;
    shell.server.session("s").store(None, entry("a")).await;
    let shown = shell.line(&["sessions", "show", "s"]).await;
    assert_eq!((&shown["id"], &shown["length"], &shown["head"]), (&"s".into(), &1.into(), &"a".into()));
    let etag = shown["etag"].as_str().unwrap();
    let patch = ["--title", "New", "--metadata", "n=1", "--metadata", "t=x", "--expires-at", "2999-01-01T00:00:00Z"];
    let patched = shell.line(&[&["sessions", "patch", "s", "--if-match", etag][..], &patch].concat()).await;
    assert_eq!((&patched["title"], &patched["metadata"]), (&"New".into(), &json!({"n": 1, "t": "x"})));
    assert_eq!(patched["expires_at"], "2999-01-01T00:00:00.000000Z");
    let stale = ["sessions", "patch", "s", "--if-match", etag, "--title", "Newer"];
    shell.run(&stale).await.expect_code(65);
    let less = ["sessions", "patch", "s", "--no-title", "--no-metadata", "n", "--no-expires-at", "--status", "paused"];
    let patched = shell.line(&less).await;
    assert_eq!((&patched["title"], &patched["metadata"]), (&"says a".into(), &json!({"t": "x"})));
    assert_eq!((&patched["expires_at"], &patched["status"]), (&json!(null), &"paused".into()));
    shell.run(&["sessions", "patch", "s"]).await.expect_code(64);
    shell.run(&["sessions", "show", "nowhere"]).await.expect_code(66);
    shell.run(&["sessions", "patch", "nowhere", "--no-title"]).await.expect_code(66);
}

#[tokio::test]
async fn fork_and_end() {
    let shell = Shell::start().await;
    shell.server.session("s").store_all(None, &["a", "b", "c"]).await;
    let fork = shell.line(&["sessions", "fork", "s", "--id", "f", "--at", "b"]).await;
    assert_eq!((&fork["id"], &fork["length"]), (&"f".into(), &2.into()));
    assert_eq!(fork["forked_from"], json!({"session_id": "s", "at": "b", "length": 2}));
    assert_eq!(shell.run(&["export", "f"]).await.expect_code(0).text(), [entry("a"), entry("b")].join("\n"));
    let made_up = shell.line(&["sessions", "fork", "s"]).await;
    assert_eq!(made_up["length"], 3);
    assert_eq!(shell.line(&["sessions", "show", "s"]).await["forks"].as_array().map(Vec::len), Some(2));
    shell.run(&["sessions", "fork", "s", "--at", "nowhere"]).await.expect_code(65);
    assert_eq!(shell.line(&["sessions", "end", "s"]).await["status"], "ended");
    shell.run_with(&["append", "s"], &entry("d")).await.expect_code(65);
    shell.run_with(&["append", "f"], &entry("d")).await.expect_code(0);
}

#[tokio::test]
async fn rm_and_restore_with_and_without_children() {
    let shell = Shell::start().await;
    let organization = shell.organization();
    for (id, parent) in [("a", None), ("b", Some("a"))] {
        organization.create(&json!({"id": id, "parent_session_id": parent})).send().await.expect(201);
    }
    assert_eq!(shell.line(&["sessions", "rm", "a", "--keep-children"]).await["status"], "deleted");
    assert_eq!(shell.lines(&["sessions", "list"]).await.len(), 1);
    assert_eq!(shell.line(&["sessions", "restore", "a"]).await["status"], "active");
    shell.line(&["sessions", "rm", "a"]).await;
    assert!(shell.lines(&["sessions", "list"]).await.is_empty());
    assert_eq!(shell.lines(&["sessions", "list", "--status", "deleted"]).await.len(), 2);
    shell.run(&["sessions", "show", "b"]).await.expect_code(66);
    shell.line(&["sessions", "restore", "a"]).await;
    assert_eq!(shell.lines(&["sessions", "list"]).await.len(), 2);
    shell.run(&["sessions", "rm", "nowhere"]).await.expect_code(66);
}

/// On the server's own machine each verb signs a token that may do what it needs.
#[tokio::test]
async fn a_data_folder_signs_for_every_scope() {
    let server = Server::start().await;
    let (url, data_dir) = (server.url(), server.data_dir().to_str().unwrap());
    let run = async |args: &[&str], input: &str| {
        let mut command = binary::command();
        command.args([args, &["--url", &url, "--data-dir", data_dir]].concat());
        binary::finish(&mut command, input.as_bytes()).await.expect_code(0).text()
    };
    run(&["append", "s", "--batch"], &entry("a")).await;
    for verb in [&["show"][..], &["patch", "--title", "T"], &["fork", "--id", "f"], &["end"], &["rm"], &["restore"]] {
        run(&[&["sessions", verb[0], "s"], &verb[1..]].concat(), "").await;
    }
    assert_eq!(run(&["sessions", "list"], "").await.lines().count(), 2);
    assert!(run(&["tail", "s"], "").await.contains("\"a\""));
}
