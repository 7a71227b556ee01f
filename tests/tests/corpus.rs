//! Every real transcript at hand: where each line is one acceptable entry, what comes out is what went in, byte for byte;
//! in the others each odd line is told.

use std::fs;

use futures_util::{StreamExt, stream};
use verbatim_tests::{
    binary,
    corpus::{self, Transcript},
    server::Server,
};

/// Files under way at once: enough to share syncs, few enough for two cores.
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_file_comes_back_as_it_went_in() {
    let server = Server::start().await;
    let (server, files) = (&server, corpus::all());
    assert!(files.iter().any(Transcript::is_clean) && !files.iter().all(Transcript::is_clean), "files of both kinds");
    let entries: usize = files.iter().map(|file| file.entries.len()).sum();
    println!("{} files, {entries} entries", files.len());
    let checks = files.iter().enumerate().map(|(number, file)| check(server, file, format!("corpus-{number}")));
    stream::iter(checks).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

async fn check(server: &Server, file: &Transcript, session: String) {
    let (url, data_dir) = (server.url(), server.data_dir().to_str().unwrap());
    let remote = ["--url", &url, "--data-dir", data_dir];
    let path = file.path.to_str().unwrap();
    let import = [&["import", path, "--session", &session][..], &remote].concat();
    let first = binary::run(&import).await;
    let told = |line: &usize| first.stderr.contains(&format!("{path}:{line}:"));
    // Of each kind so many are named, and the rest are counted.
    const NAMED_MAX: usize = 20;
    for line in [&file.bad, &file.glued, &file.repeated].into_iter().flat_map(|lines| lines.iter().take(NAMED_MAX)) {
        assert!(told(line), "{}: line {line} is told: {}", file.name(), first.stderr);
    }
    assert_eq!(first.code == 0, file.bad.is_empty(), "{}: {}", file.name(), first.stderr);
    if file.is_clean() {
        assert!(!first.stderr.contains(&format!("{path}:")), "{}: nothing to tell: {}", file.name(), first.stderr);
        let text = fs::read(&file.path).unwrap();
        let ended = [text.strip_suffix(b"\n").unwrap_or(&text), b"\n"].concat();
        assert_eq!(file.exported(), ended, "{}: clean means that nothing is to change", file.name());
    }
    if !file.bad.is_empty() {
        binary::run([&import[..], &["--skip-bad"]].concat()).await;
    }
    if file.entries.is_empty() {
        return;
    }
    let export = [&["export", &session][..], &remote].concat();
    let exported = binary::run(&export).await.expect_code(0).stdout;
    assert!(exported == file.exported(), "{}: the export differs", file.name());
    binary::run([&import[..], &["--skip-bad"]].concat()).await;
    assert!(
        binary::run(&export).await.expect_code(0).stdout == exported,
        "{}: a second import changed it",
        file.name()
    );
}
