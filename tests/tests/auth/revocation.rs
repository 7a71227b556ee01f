//! The revocation list: tokens and subjects that are refused before their time.

use std::fs;

use rustix::process::Signal;
use verbatim_tests::{
    binary,
    certificates::replace,
    entry::entry,
    events::Events,
    server::{Server, Setup},
    token::{ORG, Token, claims_of},
    wait::until,
};

use super::{answers, assert_refused};

async fn start(list: &str) -> (Server, std::path::PathBuf) {
    let setup = Setup::default();
    let path = replace(&setup.folder().join("revoked"), list);
    let server = setup.arg("--revoked").arg(&path).start().await;
    server.session("s").store(None, entry("a")).await;
    (server, path)
}

fn token(server: &Server, jti: &str, sub: &str) -> String {
    server.signer().sign(&Token::session("s", ORG).claim("jti", jti).claim("sub", sub))
}

#[tokio::test]
async fn by_id_and_by_subject() {
    let (server, path) = start("# nothing yet\n").await;
    let [one, two, three] = [("1", "jane"), ("2", "jane"), ("3", "joe")].map(|(jti, sub)| token(&server, jti, sub));
    for token in [&one, &two, &three] {
        answers(&server, token, 200).await;
    }
    replace(&path, "jti 1\n");
    answers(&server, &one, 401).await;
    let refused = server.session_by("s", &one).append(Some("a"), entry("b")).await;
    assert_refused(&refused, 401, "a revoked token");
    assert!(refused.text().contains("revoked"), "{}", refused.text());
    answers(&server, &two, 200).await;
    replace(&path, "jti 1\nsub jane\n");
    server.signal(Signal::HUP);
    answers(&server, &two, 401).await;
    answers(&server, &three, 200).await;
    // A line is taken back, too.
    replace(&path, "jti 3\n");
    answers(&server, &three, 401).await;
    answers(&server, &one, 200).await;
}

/// A list that cannot be read, or not understood, gives nobody back what was taken.
#[tokio::test]
async fn a_bad_list_changes_nothing() {
    let (server, path) = start("jti 1\n").await;
    let [one, two] = ["1", "2"].map(|jti| token(&server, jti, "jane"));
    answers(&server, &one, 401).await;
    let until_said = async |text: &str| {
        until(text, async || if server.log().contains(text) { Ok(()) } else { Err(server.log()) }).await;
    };
    replace(&path, &format!("jti 2\n{two}\n"));
    until_said("revoked, line 2: ").await;
    assert!(!server.log().contains(&two), "what a line holds is not logged");
    answers(&server, &one, 401).await;
    answers(&server, &two, 200).await;
    fs::remove_file(&path).unwrap();
    until_said("cannot read").await;
    answers(&server, &one, 401).await;
    replace(&path, "");
    answers(&server, &one, 200).await;
}

#[tokio::test]
async fn what_a_revoked_token_began_ends() {
    for line in ["jti 1", "sub jane"] {
        let (server, path) = start("").await;
        let (revoked, other) = (token(&server, "1", "jane"), token(&server, "2", "joe"));
        let mut stream = Events::open(&server.session_by("s", &revoked).read("/stream")).await;
        let mut others = Events::open(&server.session_by("s", &other).read("/stream")).await;
        assert_eq!((stream.ids(1).await, others.ids(1).await), (vec!["a".to_owned()], vec!["a".to_owned()]));
        let poll = server.session_by("s", &revoked).read("/stream?live=long-poll&wait=60&from_seq=1");
        let polling = tokio::spawn(async move { poll.send().await });
        let access = server.signer().sign(&Token::access(ORG).claim("jti", "1").claim("sub", "jane"));
        let changes = |query| server.call("GET", &format!("/v1/organization/changes{query}")).bearer(&access);
        let mut feed = Events::open(&changes("?from=now")).await;
        let poll = changes("?from=now&live=long-poll&wait=60");
        let polling_changes = tokio::spawn(async move { poll.send().await });
        replace(&path, line);
        assert_eq!((stream.next().await, feed.next().await), (None, None), "{line}");
        for polling in [polling, polling_changes] {
            assert_refused(&polling.await.unwrap(), 401, line);
        }
        server.session("s").store(Some("a"), entry("b")).await;
        assert_eq!(others.ids(1).await, ["b"], "{line}");
    }
}

/// Every token that the command prints can be revoked.
#[tokio::test]
async fn tokens_are_printed_with_an_id() {
    let (server, path) = start("").await;
    let data_dir = server.data_dir().to_str().unwrap();
    let print = async |more: &[&str]| {
        let args = [&["token", "--data-dir", data_dir, "--session", "s", "--org", ORG], more].concat();
        binary::run(args).await.expect_code(0).text()
    };
    let (one, two, named) = (print(&[]).await, print(&[]).await, print(&["--id", "of my own"]).await);
    let id = |token: &str| claims_of(token)["jti"].as_str().unwrap().to_owned();
    assert_ne!(id(&one), id(&two));
    replace(&path, &format!("jti {}\njti {}\n", id(&one), id(&named)));
    answers(&server, &one, 401).await;
    answers(&server, &named, 401).await;
    answers(&server, &two, 200).await;
}
