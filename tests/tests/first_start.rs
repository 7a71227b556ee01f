//! `verbatim serve` with no other set-up: what it makes, what it prints, and that it keeps to its own folder.

use std::{fs, os::unix::fs::PermissionsExt};

use verbatim_tests::{
    binary,
    entry::entry,
    server::{Server, Setup},
    token::{ORG, Signer, Token},
    wait::within,
};

#[tokio::test]
async fn it_makes_folder_key_and_organisation() {
    let setup = Setup::default();
    let dir = setup.folder().join("not/there/yet");
    let server = setup.data_dir(&dir).start().await;
    let mode = |name: &str| fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("signing.key"), 0o600);
    let organization = fs::read_to_string(dir.join("organization")).unwrap();
    assert_eq!(organization.trim().len(), 36, "{organization:?} is a UUID");
    assert!(dir.join("db").is_dir());
    assert!(server.address.ip().is_loopback() && server.address.port() != 0, "{}", server.address);
    let said = server.log();
    assert!(said.contains(&format!("listening on http://{}\n", server.address)), "{said}");
}

#[tokio::test]
async fn key_and_organisation_stay() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let read = |name: &str| fs::read_to_string(server.data_dir().join(name)).unwrap();
    let before = (read("signing.key"), read("organization"));
    let server = server.restart().await;
    let read = |name: &str| fs::read_to_string(server.data_dir().join(name)).unwrap();
    assert_eq!((read("signing.key"), read("organization")), before);
    assert_eq!(session.at(server.address).ids().await, ["a"], "yesterday's token still holds");
}

#[tokio::test]
async fn two_folders_do_not_trust_each_other() {
    let (one, two) = (Server::start().await, Server::start().await);
    let key = |server: &Server| fs::read_to_string(server.data_dir().join("signing.key")).unwrap();
    assert_ne!(key(&one), key(&two));
    let foreign = Signer::local(one.data_dir()).unwrap().sign(&Token::session("s", ORG));
    two.session("s").get("").bearer(&foreign).send().await.expect(401);
}

/// A new organisation would hide every session of the old one, a new key would void every token.
#[tokio::test]
async fn a_used_folder_that_lost_a_file_is_refused_until_it_is_back() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let dir = server.data_dir().to_owned();
    let mut setup = server.stop().await;
    for name in ["organization", "signing.key"] {
        let kept = fs::read(dir.join(name)).unwrap();
        fs::remove_file(dir.join(name)).unwrap();
        let refused = within("the server to give up", binary::finish(&mut setup.command(), b"")).await;
        assert_ne!(refused.code, 0);
        assert!(refused.stderr.contains(name) && refused.stderr.contains("backup"), "{}", refused.stderr);
        assert!(!dir.join(name).exists(), "nothing is made in its place");
        fs::write(dir.join(name), kept).unwrap();
        let server = setup.start().await;
        assert_eq!(session.at(server.address).ids().await, ["a"]);
        setup = server.stop().await;
    }
}

/// Two processes on one folder would each believe in heads of their own.
#[tokio::test]
async fn a_folder_in_use_is_refused() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let second = within("the second server to give up", binary::finish(&mut server.setup().command(), b"")).await;
    assert_ne!(second.code, 0);
    assert!(!second.text().contains("listening on"), "{}", second.text());
    assert!(!second.stderr.is_empty() && !second.stderr.contains("panicked"), "{}", second.stderr);
    session.store(Some("a"), entry("b")).await;
}

#[tokio::test]
async fn a_port_in_use_is_refused() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let args = ["serve", "--data-dir", data_dir.to_str().unwrap(), "--listen", &server.address.to_string()];
    let second = within("the second server to give up", binary::run(args)).await;
    assert_ne!(second.code, 0);
    assert!(second.stderr.contains(&server.address.to_string()), "the message names the address: {}", second.stderr);
    assert!(!second.stderr.contains("panicked"), "{}", second.stderr);
}
