//! rm --purge, reset, redact: what cannot be undone is not done by mistake.

use serde_json::json;
use verbatim_tests::entry::entry;

use super::{Shell, column};

#[tokio::test]
async fn a_purge_needs_a_yes() {
    let shell = Shell::start().await;
    shell.server.session("s").store(None, entry("a")).await;
    let refused = shell.run_with(&["sessions", "rm", "s", "--purge"], "y\n").await.expect_code(64);
    assert!(refused.stderr.contains("--yes"), "{}", refused.stderr);
    assert_eq!(shell.line(&["sessions", "show", "s"]).await["length"], 1);
    let purged = shell.line(&["sessions", "rm", "s", "--purge", "--yes"]).await;
    assert_eq!(purged["id"], "s");
    assert!(purged["purged_at"].as_str() < purged["id_free_at"].as_str(), "{purged}");
    shell.run(&["sessions", "rm", "s", "--purge", "--yes"]).await.expect_code(66);
    shell.run_with(&["append", "s"], &entry("a")).await.expect_code(65);
}

#[tokio::test]
async fn a_purge_takes_children_along_unless_they_are_kept() {
    let shell = Shell::start().await;
    let organization = shell.organization();
    for (id, parent) in [("a", None), ("b", Some("a")), ("c", None), ("d", Some("c"))] {
        organization.create(&json!({"id": id, "parent_session_id": parent})).send().await.expect(201);
    }
    shell.line(&["sessions", "rm", "a"]).await;
    shell.line(&["sessions", "rm", "a", "--purge", "-y"]).await;
    shell.line(&["sessions", "rm", "c", "--purge", "-y", "--keep-children"]).await;
    assert_eq!(column(&shell.lines(&["sessions", "list"]).await, "id"), ["d"]);
    assert!(shell.lines(&["sessions", "list", "--status", "deleted"]).await.is_empty());
}

#[tokio::test]
async fn a_reset_of_the_head_that_is_named_or_whatever_it_is() {
    let shell = Shell::start().await;
    let session = shell.server.session("s");
    session.store_all(None, &["a", "b"]).await;
    shell.run(&["sessions", "reset", "s"]).await.expect_code(64);
    let refused = shell.run(&["sessions", "reset", "s", "--last-uuid", "a"]).await.expect_code(65);
    assert!(refused.stderr.contains("the head is b"), "{}", refused.stderr);
    let reset = shell.line(&["sessions", "reset", "s", "--last-uuid", "b"]).await;
    assert_eq!((&reset["id"], &reset["length"]), (&"s".into(), &0.into()));
    let archived = reset["archived_session_id"].as_str().expect("an archive").to_owned();
    assert!(reset["etag"].is_string());
    let shown = shell.line(&["sessions", "show", &archived]).await;
    assert_eq!((&shown["length"], &shown["archived_from"]["session_id"]), (&2.into(), &"s".into()));
    session.store_all(None, &["a"]).await;
    let reset = shell.line(&["sessions", "reset", "s", "--adopt"]).await;
    assert_ne!(reset["archived_session_id"], archived.as_str());
    assert_eq!(session.state().await, (None, 0));
    shell.run(&["sessions", "reset", "nowhere", "--adopt"]).await.expect_code(66);
}

#[tokio::test]
async fn a_redaction_needs_a_yes() {
    let shell = Shell::start().await;
    let secret = r#"{"uuid":"a","type":"user","secret":"SECRET-CONTENT"}"#;
    shell.server.session("s").store(None, secret).await;
    shell.run_with(&["sessions", "redact", "s", "a"], "y\n").await.expect_code(64);
    assert!(shell.run(&["export", "s"]).await.text().contains("SECRET-CONTENT"));
    for id in ["a", "~0"] {
        let stub = shell.line(&["sessions", "redact", "s", id, "--yes"]).await;
        assert_eq!((&stub["event_id"], &stub["payload"]["uuid"]), (&"a".into(), &"a".into()));
        assert!(stub["payload"]["redacted"]["blake3"].is_string(), "{stub}");
    }
    assert!(!shell.run(&["export", "s"]).await.expect_code(0).text().contains("SECRET-CONTENT"));
    assert!(shell.lines(&["tail", "s"]).await[0]["payload"]["redacted"].is_object());
    shell.run(&["sessions", "redact", "s", "~9", "--yes"]).await.expect_code(66);
    shell.run(&["sessions", "redact", "s", "~01", "--yes"]).await.expect_code(64);
}

/// A file whose entries were redacted since it was imported has nothing that is missing.
#[tokio::test]
async fn an_import_does_not_bring_back_what_was_redacted() {
    let shell = Shell::start().await;
    let file = shell.server.setup().folder().join("file.jsonl");
    std::fs::write(&file, "{\"uuid\":\"a\",\"n\":1}\n{\"n\":2}\n").unwrap();
    let import = ["import", file.to_str().unwrap(), "--session", "s"];
    shell.run(&import).await.expect_code(0);
    for id in ["~0", "~1"] {
        shell.line(&["sessions", "redact", "s", id, "--yes"]).await;
    }
    // Another place in the file, and so another key.
    std::fs::write(&file, "{\"uuid\":\"a\",\"n\":1}\n\n{\"n\":2}\n").unwrap();
    let again = shell.run(&import).await.expect_code(0);
    assert!(again.text().contains("appended 0"), "{}", again.text());
    assert_eq!(shell.server.session("s").state().await.1, 2);
}
