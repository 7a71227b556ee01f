//! `verbatim import` and `verbatim export`: each entry once however often it is run, bad lines named, bytes kept.

use std::{
    fs,
    path::{Path, PathBuf},
};

use verbatim_tests::{
    binary::{self, Finished},
    corpus::{self, Transcript},
    entry::{entry, plain},
    proxy::Proxy,
    server::Server,
    session::Session,
    token::Token,
};

/// Lines to import, in a file of their own.
struct Lines {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Lines {
    fn new(name: &str, text: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        Self { folder, path }
    }
}

async fn import(server: &Server, path: &Path, more: &[&str]) -> Finished {
    let (url, data_dir) = (server.url(), server.data_dir().to_str().unwrap());
    let args = ["import", path.to_str().unwrap(), "--url", &url, "--data-dir", data_dir];
    binary::run(args.iter().chain(more)).await
}

async fn export(server: &Server, session: &str) -> Finished {
    let (url, data_dir) = (server.url(), server.data_dir().to_str().unwrap());
    binary::run(["export", session, "--url", &url, "--data-dir", data_dir]).await
}

/// A session of the data folder's own organisation, which the verbs act for.
fn own(server: &Server, id: &str) -> Session {
    let organization = fs::read_to_string(server.data_dir().join("organization")).unwrap();
    server.session_as(id, &Token::session(id, organization.trim()))
}

#[tokio::test]
async fn twice_is_once() {
    let server = Server::start().await;
    let clean = corpus::clean();
    for round in 0..2 {
        let finished = import(&server, &clean.path, &["--session", "s"]).await.expect_code(0);
        let appended = if round == 0 { clean.entries.len() } else { 0 };
        assert!(finished.text().contains(&appended.to_string()), "round {round}: {}", finished.text());
        assert_eq!(own(&server, "s").state().await.1, clean.entries.len() as u64, "round {round}");
    }
    assert_eq!(export(&server, "s").await.expect_code(0).stdout, clean.exported());
}

/// Equal entries without uuid are told apart by their place, on the first run and on every other.
#[tokio::test]
async fn equal_entries_without_uuid_are_each_stored_once() {
    let server = Server::start().await;
    let text = [plain("x"), plain("x"), entry("a"), plain("x"), plain("x")].join("\n");
    let lines = Lines::new("equal.jsonl", &text);
    for _ in 0..3 {
        import(&server, &lines.path, &["--session", "s"]).await.expect_code(0);
        assert_eq!(own(&server, "s").ids().await, ["~0", "~1", "a", "~3", "~4"]);
    }
}

#[tokio::test]
async fn only_what_is_missing_is_appended() {
    let server = Server::start().await;
    let all: Vec<_> =
        (0..40).map(|n| if n % 4 == 0 { plain(&format!("p{n}")) } else { entry(&format!("u{n}")) }).collect();
    for part in [1, 2, 17, 40] {
        let lines = Lines::new("growing.jsonl", all[..part].join("\n"));
        import(&server, &lines.path, &["--session", "s"]).await.expect_code(0);
        assert_eq!(own(&server, "s").state().await.1, part as u64);
    }
    // A chain that went on elsewhere keeps what it got there.
    let session = own(&server, "s");
    session.store(session.state().await.0.as_deref(), entry("elsewhere")).await;
    let more = [all.clone(), vec![entry("new")]].concat().join("\n");
    let lines = Lines::new("growing.jsonl", more);
    import(&server, &lines.path, &["--session", "s"]).await.expect_code(0);
    let ids = session.ids().await;
    assert_eq!((ids.len(), &ids[40..]), (42, &["elsewhere".to_owned(), "new".to_owned()][..]));
}

/// An import whose connection breaks again and again still stores each entry once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_answers_store_nothing_twice() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address).await;
    let clean = corpus::clean();
    proxy.cut_answers(3);
    let (url, data_dir) = (format!("http://{}", proxy.address), server.data_dir().to_str().unwrap());
    let args = ["import", clean.path.to_str().unwrap(), "--session", "s", "--url", &url, "--data-dir", data_dir];
    binary::run(args).await.expect_code(0);
    assert_eq!(proxy.cuts(), 3);
    assert_eq!(export(&server, "s").await.expect_code(0).stdout, clean.exported());
}

#[tokio::test]
async fn the_session_is_the_files_own_or_its_name() {
    let server = Server::start().await;
    let with_id =
        Lines::new("some name.jsonl", format!("{}\n{}", plain("x"), r#"{"uuid":"a","sessionId":"from-entry"}"#));
    let without = Lines::new("my file.v2.jsonl", entry("a"));
    import(&server, &with_id.path, &[]).await.expect_code(0);
    assert_eq!(own(&server, "from-entry").ids().await, ["~0", "a"]);
    import(&server, &without.path, &[]).await.expect_code(0);
    assert_eq!(own(&server, "my-file-v2").ids().await, ["a"]);
    import(&server, &without.path, &["--session", "given"]).await.expect_code(0);
    assert_eq!(own(&server, "given").ids().await, ["a"]);
}

#[tokio::test]
async fn several_files_at_once() {
    let server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = (0..12)
        .map(|n| {
            let path = folder.path().join(format!("file{n}.jsonl"));
            fs::write(&path, (0..=n).map(|m| entry(&format!("u{m}")) + "\n").collect::<String>()).unwrap();
            path
        })
        .collect();
    let (url, data_dir) = (server.url(), server.data_dir().to_owned());
    let args = [&["import".into(), "--url".into(), url.into(), "--data-dir".into(), data_dir][..], &paths].concat();
    binary::run(&args).await.expect_code(0);
    for n in 0..12 {
        assert_eq!(own(&server, &format!("file{n}")).state().await.1, n + 1);
    }
    let one_session = [&args[..], &["--session".into(), "s".into()]].concat();
    binary::run(&one_session).await.expect_code(64);
}

#[tokio::test]
async fn bad_lines_are_named_and_keep_the_file_out() {
    let server = Server::start().await;
    let good = entry("a");
    let secret = "SECRET-CONTENT";
    let text = [
        good.as_str(),
        &format!(r#"{{"uuid":"b","text":"{secret}"#),
        "",
        &format!("[\"{secret}\"]"),
        &format!(r#"{{"uuid":"two words {secret}"}}"#),
        &format!(r#"{{"uuid":"a","other":"{secret}"}}"#),
        &entry("c"),
        &format!(r#"{{"uuid":"d","cut":"{secret}"#),
    ]
    .join("\n");
    let lines = Lines::new("bad.jsonl", &text);
    let name = lines.path.display();
    for more in [&["--session", "s"][..], &["--session", "s", "--dry-run"]] {
        let finished = import(&server, &lines.path, more).await;
        assert_ne!(finished.code, 0);
        for line in [2, 4, 5, 6, 8] {
            assert!(finished.stderr.contains(&format!("{name}:{line}:")), "line {line} is named: {}", finished.stderr);
        }
        for line in [1, 3, 7] {
            assert!(!finished.stderr.contains(&format!("{name}:{line}:")), "line {line} is not: {}", finished.stderr);
        }
        assert!(!(finished.stderr.clone() + &finished.text()).contains(secret), "no content: {}", finished.stderr);
        assert_eq!(own(&server, "s").get("").send().await.status, 404, "nothing of the file is sent");
    }
    for _ in 0..2 {
        let finished = import(&server, &lines.path, &["--session", "s", "--skip-bad"]).await;
        assert!(finished.stderr.contains(&format!("{name}:2:")), "skipped, and said so: {}", finished.stderr);
        assert_eq!(own(&server, "s").ids().await, ["a", "c"]);
    }
}

#[tokio::test]
async fn glued_and_repeated_lines_are_told() {
    let server = Server::start().await;
    let Transcript { path, entries, glued, repeated, .. } = &corpus::glued();
    assert_eq!((glued.len(), repeated.len()), (1, 1), "the fixture shows both");
    let finished = import(&server, path, &["--session", "s"]).await.expect_code(0);
    for line in glued.iter().chain(repeated) {
        assert!(finished.stderr.contains(&format!("{}:{line}:", path.display())), "line {line}: {}", finished.stderr);
    }
    assert_eq!(own(&server, "s").state().await.1, entries.len() as u64);
    assert_eq!(export(&server, "s").await.expect_code(0).stdout, corpus::glued().exported());
    import(&server, path, &["--session", "s"]).await.expect_code(0);
    assert_eq!(own(&server, "s").state().await.1, entries.len() as u64, "again");
}

#[tokio::test]
async fn outer_white_space_and_line_ends_are_not_content() {
    let server = Server::start().await;
    let text = format!("\r\n  {}\t\r\n\n{}\r\n   \n{}", entry("a"), plain("x"), entry("b"));
    let lines = Lines::new("crlf.jsonl", text);
    import(&server, &lines.path, &["--session", "s"]).await.expect_code(0);
    let exported = export(&server, "s").await.expect_code(0).stdout;
    assert_eq!(String::from_utf8(exported).unwrap(), format!("{}\n{}\n{}\n", entry("a"), plain("x"), entry("b")));
}

#[tokio::test]
async fn a_dry_run_sends_nothing_and_needs_no_server() {
    let clean = corpus::clean();
    let args = ["import", clean.path.to_str().unwrap(), "--dry-run", "--url", "http://127.0.0.1:1"];
    let finished = binary::run(args).await.expect_code(0);
    assert!(finished.text().contains(&clean.entries.len().to_string()), "{}", finished.text());
    let pretty = corpus::pretty_printed();
    let args = ["import", pretty.path.to_str().unwrap(), "--dry-run", "--url", "http://127.0.0.1:1"];
    let finished = binary::run(args).await;
    assert_ne!(finished.code, 0);
    let (named, counted) = pretty.bad.split_at(20);
    let is_named = |line| finished.stderr.contains(&format!("{}:{line}:", pretty.path.display()));
    assert!(named.iter().all(is_named) && !counted.iter().any(is_named), "{}", finished.stderr);
    let rest = format!("{}: and {} more bad lines", pretty.path.display(), counted.len());
    assert!(finished.stderr.contains(&rest), "{}", finished.stderr);
    assert!(finished.stderr.lines().all(|line| line.starts_with("verbatim: ")), "{}", finished.stderr);
}

/// A chain only grows at its end: what was put in front is told to be behind.
#[tokio::test]
async fn a_line_put_in_front_is_appended_at_the_end_and_said_so() {
    let server = Server::start().await;
    let import_of = async |uuids: &[&str]| {
        let text = uuids.iter().map(|uuid| entry(uuid) + "\n").collect::<String>();
        let lines = Lines::new("file.jsonl", text);
        import(&server, &lines.path, &["--session", "s"]).await.expect_code(0).stderr
    };
    assert_eq!(import_of(&["a", "b"]).await, "");
    assert_eq!(import_of(&["a", "b", "c"]).await, "", "what is new at the end is where it belongs");
    let told = import_of(&["new", "a", "b", "c", "d"]).await;
    assert!(told.contains("held already: 1, the first on line 1"), "{told}");
    assert_eq!(own(&server, "s").ids().await, ["a", "b", "c", "new", "d"]);
}

#[tokio::test]
async fn an_export_to_a_file_is_whole_or_not_there() {
    let server = Server::start().await;
    let compacted = corpus::compacted();
    import(&server, &compacted.path, &["--session", "s"]).await.expect_code(0);
    let lines = Lines::new("unused", "");
    let to = lines.folder.path().join("out.jsonl");
    let (url, data_dir) = (server.url(), server.data_dir().to_str().unwrap());
    let args = ["--url", &url, "--data-dir", data_dir, "-o", to.to_str().unwrap()];
    binary::run(["export", "s"].iter().chain(&args)).await.expect_code(0);
    assert_eq!(fs::read(&to).unwrap(), compacted.exported());
    fs::remove_file(&to).unwrap();
    let missing = binary::run(["export", "nowhere"].iter().chain(&args)).await;
    assert_ne!(missing.code, 0);
    assert!(!to.exists() && !missing.stderr.is_empty());
}
