//! Reads the imports of every source file: no room reaches where it must not (docs/ARCHITECTURE.md).

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A room, and the crates and modules that no file of it may name.
const ROOMS: [(&str, &[&str]); 9] = [
    ("proto/src", &["tokio", "hyper", "hyper_util", "rocksdb", "reqwest", "jsonwebtoken"]),
    (
        "server/src/transport",
        &[
            "verbatim_proto::ids",
            "SessionId",
            "crate::auth",
            "crate::routes",
            "crate::service",
            "crate::store",
            "rocksdb",
        ],
    ),
    ("server/src/auth", &["crate::routes", "crate::service", "crate::transport", "rocksdb", "hyper"]),
    ("server/src/routes", &["rocksdb", "crate::transport", "crate::store::rocks"]),
    (
        "server/src/service",
        &[
            "hyper",
            "hyper_util",
            "http",
            "rocksdb",
            "crate::routes",
            "crate::transport",
            "crate::auth",
            "crate::store::rocks",
        ],
    ),
    (
        "server/src/store",
        &[
            "http",
            "hyper",
            "hyper_util",
            "jsonwebtoken",
            "crate::auth",
            "crate::routes",
            "crate::service",
            "crate::transport",
        ],
    ),
    (
        "server/src/metrics",
        &[
            "http",
            "hyper",
            "rocksdb",
            "verbatim_proto",
            "crate::auth",
            "crate::routes",
            "crate::service",
            "crate::store",
            "crate::transport",
        ],
    ),
    ("client", &["verbatim_server", "rocksdb"]),
    ("load", &["verbatim_server", "rocksdb"]),
];

/// What one room alone may do.
const ALONE: [(&str, &[&str]); 8] = [
    ("rocksdb", &["server/src/store/rocks"]),
    ("jsonwebtoken", &["server/src/auth"]),
    ("metrics_exporter_prometheus", &["server/src/metrics"]),
    ("rustls", &["server/src/transport", "client/src/tls.rs"]),
    ("tokio_rustls", &["server/src/transport"]),
    ("reqwest", &["server/src/auth/fetch.rs", "client/src"]),
    ("backoff", &["client/src/retry.rs"]),
    ("clap", &["server/src/cli", "server/src/config", "load/src"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = item.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// Whether code of the file names `path`, as an import or in place; comments do not count.
fn names(text: &str, path: &str) -> bool {
    let code = text.lines().map(|line| line.trim()).filter(|line| !line.starts_with("//"));
    let code = expanded(&code.collect::<Vec<_>>().join("\n"));
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(path).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + path.len()..].chars().next();
        let is_path =
            path.contains("::") || path.starts_with(char::is_uppercase) || code[at + path.len()..].starts_with("::");
        let is_import = code[..at].ends_with("use ");
        !before.is_some_and(|c| is_part(c) || c == ':' || c == '.')
            && !after.is_some_and(is_part)
            && (is_path || is_import)
    })
}

/// The code, and `crate::a` spelt out for each `a` of a `use crate::{a::…, b::…}`.
fn expanded(code: &str) -> String {
    let mut all = code.to_owned();
    for (at, _) in code.match_indices("crate::{") {
        let mut depth = 0;
        let mut item = String::new();
        for c in code[at + "crate::".len()..].chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => item.clear(),
                c if depth == 1 && !c.is_whitespace() => item.push(c),
                _ => {}
            }
            if depth == 0 {
                break;
            }
            all.push_str(&format!("\nuse crate::{item};"));
        }
    }
    all
}

#[test]
fn no_room_reaches_where_it_must_not() {
    let root = root();
    let mut wrong = Vec::new();
    for (room, forbidden) in ROOMS {
        let files = sources(&root.join(room));
        assert!(!files.is_empty(), "{room} is empty: has it moved?");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let reached = forbidden.iter().filter(|path| names(&text, path));
            wrong.extend(reached.map(|path| format!("{} names {path}", file.strip_prefix(&root).unwrap().display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_one_room_does_alone_no_other_does() {
    let root = root();
    let mut wrong = Vec::new();
    for (path, rooms) in ALONE {
        let all =
            ["proto/src", "server/src", "client/src", "load/src"].iter().flat_map(|folder| sources(&root.join(folder)));
        for file in all {
            let own = file.strip_prefix(&root).unwrap();
            if !rooms.iter().any(|room| own.starts_with(room)) && names(&fs::read_to_string(&file).unwrap(), path) {
                wrong.push(format!("{} names {path}", own.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The harness shares no code with what it tests; the client crate is under test here as a client, in modules of its own.
#[test]
fn the_wire_client_is_independent() {
    let root = root();
    for file in sources(&root.join("tests/src")) {
        let text = fs::read_to_string(&file).unwrap();
        for path in ["verbatim_client", "verbatim_proto", "verbatim_server", "jsonwebtoken", "reqwest"] {
            assert!(!names(&text, path), "{} names {path}", file.display());
        }
    }
    let manifest = fs::read_to_string(root.join("tests/Cargo.toml")).unwrap();
    assert!(!manifest.contains("verbatim-server") && !manifest.contains("verbatim-proto"), "{manifest}");
}

#[test]
fn the_reader_of_imports_sees_what_it_should() {
    let rows = [
        ("use rocksdb::DB;", "rocksdb", true),
        ("    let db = rocksdb::DB::open();", "rocksdb", true),
        ("use rocksdb;", "rocksdb", true),
        ("// use rocksdb::DB;", "rocksdb", false),
        ("//! RocksDB and rocksdb:: are not named", "rocksdb", false),
        ("use my_rocksdb::DB;", "rocksdb", false),
        ("use crate::store::{rocks, Store};", "crate::store::rocks", false),
        ("use crate::{auth::Caller, store::Store};", "crate::store", true),
        ("use crate::{\n    auth::{Caller, store::X},\n};", "crate::store", false),
        ("use crate::{\n    limits::A,\n    service::B,\n};", "crate::service", true),
        ("use http_body::Body;", "http", false),
        ("use http::Request;", "http", true),
        ("fn f(id: SessionId) {}", "SessionId", true),
        ("fn f(id: MySessionId) {}", "SessionId", false),
    ];
    for (text, path, wanted) in rows {
        assert_eq!(names(text, path), wanted, "{path} in {text:?}");
    }
}
