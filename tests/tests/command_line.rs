//! `verbatim append` and `verbatim teleport`, and how remote verbs find server and token.

use serde_json::Value;
use verbatim_tests::{
    binary::{self, Finished},
    entry::{entry, plain},
    pages::Page,
    server::Server,
    session::Session,
    token::{ORG, OTHER_ORG, Token},
};

struct Shell<'a> {
    server: &'a Server,
    token: String,
}

impl Shell<'_> {
    async fn run(&self, args: &[&str], input: &str) -> Finished {
        let mut command = binary::command();
        command.args(args).env("VERBATIM_URL", self.server.url()).env("VERBATIM_TOKEN", &self.token);
        binary::finish(&mut command, input.as_bytes()).await
    }
}

fn shell(server: &Server) -> Shell<'_> {
    Shell { server, token: server.signer().sign(&Token::access(ORG).scope("read append")) }
}

fn receipts(finished: &Finished) -> Vec<Value> {
    finished.text().lines().map(|line| serde_json::from_str(line).expect("a receipt a line")).collect()
}

#[tokio::test]
async fn append_from_standard_input_and_file() {
    let server = Server::start().await;
    let shell = shell(&server);
    let first = shell.run(&["append", "s"], &entry("a")).await.expect_code(0);
    assert_eq!((&receipts(&first)[0]["status"], &receipts(&first)[0]["seq"]), (&"stored".into(), &0.into()));
    let again = shell.run(&["append", "s"], &entry("a")).await.expect_code(0);
    assert_eq!(receipts(&again)[0]["status"], "already_stored");
    // It adopts the head that others have moved.
    shell.run(&["append", "s"], &entry("b")).await.expect_code(0);
    let file = server.setup().folder().join("entry.json");
    std::fs::write(&file, plain("x")).unwrap();
    for key in ["k", "k", "l"] {
        shell.run(&["append", "s", "--file", file.to_str().unwrap(), "--key", key], "").await.expect_code(0);
    }
    let lines = format!("{}\n\n{}\n", entry("c"), entry("d"));
    assert_eq!(receipts(&shell.run(&["append", "s", "--lines"], &lines).await.expect_code(0)).len(), 2);
    assert_eq!(server.session("s").ids().await, ["a", "b", "~2", "~3", "c", "d"]);
}

#[tokio::test]
async fn statuses_say_what_kind_of_trouble_it_is() {
    let server = Server::start().await;
    let shell = shell(&server);
    server.session("s").store(None, entry("a")).await;
    let rows: [(&[&str], &str, i32); 7] = [
        (&["append", "s"], "not json", 65),
        (&["append", "s"], r#"{"uuid":"a"}"#, 65),
        (&["append", "a/b"], "{}", 64),
        (&["append", "s", "--file", "/nowhere"], "", 66),
        (&["export", "nowhere"], "", 66),
        (&["teleport", "s", "--limit", "0"], "", 64),
        (&["append", "s", "--token", "x.y.z"], "{}", 77),
    ];
    for (args, input, code) in rows {
        let finished = shell.run(args, input).await;
        assert_eq!(finished.code, code, "{args:?}: {}", finished.stderr);
        assert!(!finished.stderr.is_empty() && !finished.stderr.contains("panicked"), "{args:?}: {}", finished.stderr);
        assert!(!finished.stderr.contains(&shell.token), "no token in a message");
    }
    let read_only = server.signer().sign(&Token::access(ORG).scope("read"));
    shell.run(&["append", "s", "--token", &read_only], &entry("b")).await.expect_code(77);
    shell.run(&["export", "s", "--token", &read_only, "--org", OTHER_ORG], "").await.expect_code(77);
    assert_eq!(server.session("s").ids().await, ["a"]);
}

#[tokio::test]
async fn teleport_prints_pages() {
    let server = Server::start().await;
    let shell = shell(&server);
    server.session("s").store_all(None, &["a", "b", "c", "d", "e"]).await;
    let pages = async |args: &[&str]| {
        let finished = shell.run(&[&["teleport", "s"], args].concat(), "").await.expect_code(0);
        finished.text().lines().map(|line| serde_json::from_str::<Page>(line).unwrap()).collect::<Vec<_>>()
    };
    let first = pages(&["--limit", "2"]).await;
    assert_eq!((first.len(), first[0].ids()), (1, vec!["a", "b"]));
    let cursor = first[0].next_cursor.clone().unwrap();
    let second = pages(&["--limit", "2", "--cursor", &cursor]).await;
    assert_eq!(second[0].ids(), ["c", "d"]);
    let all = pages(&["--limit", "2", "--all"]).await;
    assert_eq!(all.iter().map(|page| page.data.len()).collect::<Vec<_>>(), [2, 2, 1]);
    assert_eq!(all[2].next_cursor, None);
    shell.run(&["teleport", "s", "--cursor", "damaged"], "").await.expect_code(65);
}

/// On the server's own machine `--data-dir` mints a token, for its own organisation or a named one.
#[tokio::test]
async fn a_data_folder_stands_in_for_a_token() {
    let server = Server::start().await;
    let data_dir = server.data_dir().to_str().unwrap();
    let (url, folder) = (server.url(), ["--data-dir", data_dir]);
    let remote = [&["--url", url.as_str()][..], &folder].concat();
    let mut append = binary::command();
    append.args([&["append", "s", "--org", ORG][..], &remote].concat());
    binary::finish(&mut append, entry("a").as_bytes()).await.expect_code(0);
    assert_eq!(server.session("s").ids().await, ["a"]);
    let exported = binary::run([&["export", "s", "--org", ORG][..], &remote].concat()).await.expect_code(0);
    assert_eq!(exported.text(), entry("a"));
    binary::run([&["export", "s", "--org", OTHER_ORG][..], &remote].concat()).await.expect_code(66);

    let mut nothing = binary::command();
    nothing.args(["export", "s", "--url", &url]).current_dir(server.setup().folder());
    let finished = binary::finish(&mut nothing, b"").await.expect_code(77);
    assert!(finished.stderr.contains("--token") && finished.stderr.contains("--data-dir"), "{}", finished.stderr);
}

/// The environment's token is not shown by `--help`.
#[tokio::test]
async fn help_shows_no_token() {
    let mut command = binary::command();
    command.args(["append", "--help"]).env("VERBATIM_TOKEN", "SECRET-TOKEN");
    let help = binary::finish(&mut command, b"").await.expect_code(0).text();
    assert!(help.contains("VERBATIM_TOKEN") && !help.contains("SECRET-TOKEN"), "{help}");
}

/// A server that is not there: told as such, in the end.
#[tokio::test]
async fn an_unknown_scheme_is_a_usage_error() {
    let server = Server::start().await;
    let session = Session::new(server.address, "s", "t");
    for url in ["ftp://127.0.0.1", "nonsense", ""] {
        let finished = binary::run(["export", session.id(), "--token", "t", "--url", url]).await;
        assert_eq!(finished.code, 64, "{url:?}: {}", finished.stderr);
    }
}
