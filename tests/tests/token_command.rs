//! `verbatim token`: what it prints, from what, and what it refuses.

use serde_json::json;
use verbatim_tests::{
    binary,
    clock::unix_seconds,
    entry::entry,
    server::Server,
    session::Session,
    token::{ORG, claims_of},
};

async fn mint(server: &Server, more: &[&str]) -> String {
    let data_dir = server.data_dir().to_str().unwrap();
    let args = [&["token", "--data-dir", data_dir], more].concat();
    let token = binary::run(args).await.expect_code(0).text();
    assert!(
        token.split('.').count() == 3 && !token.contains(char::is_whitespace),
        "one token and nothing else: {token:?}"
    );
    token
}

#[tokio::test]
async fn session_and_access_tokens() {
    let server = Server::start().await;
    let session = mint(&server, &["--session", "s", "--org", ORG]).await;
    let claims = claims_of(&session);
    assert_eq!((&claims["session_id"], &claims["organization_uuid"]), (&json!("s"), &json!(ORG)));
    let lifetime = claims["exp"].as_i64().unwrap() - unix_seconds();
    assert!((3_500..=3_600).contains(&lifetime), "an hour, not {lifetime} s");
    let session = Session::new(server.address, "s", &session);
    session.store(None, entry("a")).await;
    assert_eq!(session.ids().await, ["a"]);

    let access = mint(&server, &["--org", ORG]).await;
    assert_eq!(claims_of(&access).get("session_id"), None);
    // It reads, unless more is asked for; leaving `scope` out says the same.
    assert!(matches!(claims_of(&access)["scope"].as_str(), None | Some("read")), "{}", claims_of(&access));
    let access = Session::new(server.address, "s", &access);
    access.get("").send().await.expect(200);
    access.append(Some("a"), entry("b")).await.expect(403);
}

#[tokio::test]
async fn scopes_are_parted_by_commas_or_spaces() {
    let server = Server::start().await;
    for words in ["append,read", "append read", "read, append", "read append,admin"] {
        let token = mint(&server, &["--org", ORG, "--scope", words]).await;
        Session::new(server.address, "s", &token).append(None, entry("a")).await;
        let scope = claims_of(&token)["scope"].as_str().unwrap().to_owned();
        let mut granted: Vec<_> = scope.split(' ').collect();
        granted.sort_unstable();
        let mut asked: Vec<_> = words.split([',', ' ']).filter(|word| !word.is_empty()).collect();
        asked.sort_unstable();
        assert_eq!(granted, asked, "{words}");
    }
    let read_only = mint(&server, &["--session", "s", "--org", ORG, "--scope", "read"]).await;
    Session::new(server.address, "s", &read_only).append(None, entry("a")).await.expect(403);
}

#[tokio::test]
async fn lifetimes() {
    let server = Server::start().await;
    for (ttl, seconds) in [("90s", 90), ("5m", 300), ("1h", 3_600), ("1h30m", 5_400), ("48h", 48 * 3_600)] {
        let token = mint(&server, &["--org", ORG, "--ttl", ttl]).await;
        let lifetime = claims_of(&token)["exp"].as_i64().unwrap() - unix_seconds();
        assert!((seconds - 60..=seconds).contains(&lifetime), "{ttl}: {lifetime} s");
    }
}

/// It reads the key alone: it works beside a running server, and without one.
#[tokio::test]
async fn the_server_need_not_run_and_the_organisation_need_not_be_named() {
    let server = Server::start().await;
    let own = std::fs::read_to_string(server.data_dir().join("organization")).unwrap();
    let beside = mint(&server, &["--session", "s"]).await;
    assert_eq!(claims_of(&beside)["organization_uuid"], own.trim());
    let setup = server.stop().await;
    let data_dir = setup.folder().join("data");
    let args = ["token", "--data-dir", data_dir.to_str().unwrap(), "--session", "s"];
    let without = binary::run(args).await.expect_code(0).text();
    let server = setup.start().await;
    for token in [beside, without] {
        assert_ne!(Session::new(server.address, "s", &token).get("").send().await.status, 401);
    }
}

#[tokio::test]
async fn what_is_refused() {
    let server = Server::start().await;
    let data_dir = server.data_dir().to_str().unwrap();
    let nowhere = server.setup().folder().join("nowhere");
    let rows: [(&[&str], &str); 8] = [
        (&["token", "--data-dir", data_dir, "--scope", "write"], "scope"),
        (&["token", "--data-dir", data_dir, "--scope", ""], "scope"),
        (&["token", "--data-dir", data_dir, "--ttl", "soon"], "ttl"),
        (&["token", "--data-dir", data_dir, "--ttl=-1h"], "ttl"),
        (&["token", "--data-dir", data_dir, "--ttl", "0s"], "ttl"),
        (&["token", "--data-dir", data_dir, "--org", "acme"], "org"),
        (&["token", "--data-dir", data_dir, "--session", "a/b"], "session"),
        (&["token", "--data-dir", nowhere.to_str().unwrap()], "nowhere"),
    ];
    for (args, named) in rows {
        let finished = binary::run(args).await;
        assert_ne!(finished.code, 0, "{args:?}");
        assert!(finished.stdout.is_empty(), "{args:?}: {}", finished.text());
        assert!(finished.stderr.contains(named), "{args:?}: the message names {named}: {}", finished.stderr);
    }
    assert!(!nowhere.exists(), "reading a key makes no folder");
}
