//! Settings: flags, then environment, then the file; a wrong one names itself and ends with status 64.

use std::{fs, path::PathBuf};

use verbatim_tests::{
    binary::{self, Finished},
    certificates::Authority,
    entry::{plain, sized},
    keys::Key,
    server::{Server, Setup},
};

const USAGE: i32 = 64;

struct Check {
    folder: tempfile::TempDir,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

impl Check {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), args: Vec::new(), env: Vec::new() }
    }

    fn args(mut self, args: &[&str]) -> Self {
        self.args.extend(args.iter().map(|arg| (*arg).to_owned()));
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    fn file(self, name: &str, text: &str) -> (Self, PathBuf) {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        (self, path)
    }

    fn config(self, text: &str) -> Self {
        let (check, path) = self.file("verbatim.toml", text);
        check.args(&["--config", path.to_str().unwrap()])
    }

    /// Runs `serve`, with `--check-config` or for real; a wrong setting ends both alike.
    async fn run(&self, for_real: bool) -> Finished {
        let mut command = binary::command();
        command.arg("serve").args(&self.args).envs(self.env.iter().cloned()).current_dir(self.folder.path());
        if !for_real {
            command.arg("--check-config");
        }
        binary::finish(&mut command, b"").await
    }
}

#[tokio::test]
async fn a_good_configuration_is_said_to_be_good() {
    for check in [
        Check::new(),
        Check::new().args(&["--listen", "127.0.0.1:0", "--entry-bytes-max", "1MiB", "--log-format", "json"]),
        Check::new().env("VERBATIM_ENTRY_BYTES_MAX", "65536").env("VERBATIM_LOG", "verbatim_server=debug"),
        Check::new()
            .config("listen = \"[::1]:0\"\nentry_bytes_max = 4096\nbody_timeout = \"5s\"\nlog_format = \"human\"\n"),
        Check::new().config(""),
        // A variable that is set to nothing says nothing.
        [
            "LISTEN",
            "ENTRY_BYTES_MAX",
            "CONFIG",
            "TRUSTED_KEYS",
            "TRUSTED_JWKS",
            "TLS_CERT",
            "REVOKED",
            "LOG",
            "LOG_FORMAT",
        ]
        .iter()
        .fold(Check::new(), |check, name| check.env(&format!("VERBATIM_{name}"), "")),
        Check::new().env("VERBATIM_ENTRY_BYTES_MAX", "").config("entry_bytes_max = 4096\n"),
    ] {
        let finished = check.run(false).await.expect_code(0);
        assert!(!finished.stdout.is_empty(), "it says so");
        let left = fs::read_dir(check.folder.path()).unwrap().map(|item| item.unwrap().file_name());
        assert!(left.filter(|name| name != "verbatim.toml").count() == 0, "checking makes nothing");
    }
}

#[tokio::test]
async fn a_wrong_setting_names_itself() {
    let (bad_pem, path) = Check::new().file("not.pem", "-----BEGIN NOTHING-----\n");
    let pem = format!("ES256={}", path.display());
    let (bad_jwks, jwks) = Check::new().file("jwks.json", r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#);
    let (public, own) = (Key::p256().public_pem(), Authority::default());
    let (doubled, key) = Check::new().file("key.pem", &public);
    let key = key.to_str().unwrap();
    let doubled =
        doubled.args(&["--trusted-key", &format!("ES256:k={key}"), "--trusted-key", &format!("ES256:k={key}")]);
    let (reserved, key) = Check::new().file("key.pem", &public);
    let reserved = reserved.args(&["--trusted-key", &format!("ES256:local={}", key.display())]);
    let (certificate, cert) = Check::new().file("cert.pem", &own.server().pem);
    let (certificate, key) = certificate.file("key.pem", &own.server().key);
    let another_key = certificate.args(&["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()]);
    let (bad_list, list) = Check::new().file("revoked", "jti a\nsomething\n");
    let rows = [
        (doubled, "\"k\" is given to two keys"),
        (reserved, "`local`"),
        (another_key, "cert.pem"),
        (bad_list.args(&["--revoked", list.to_str().unwrap()]), "line 2"),
        (Check::new().args(&["--revoked", "/nowhere"]), "--revoked"),
        (Check::new().args(&["--tls-cert", "/nowhere.pem"]), "--tls-key"),
        (Check::new().args(&["--tls-key", "/nowhere.pem"]), "--tls-cert"),
        (Check::new().args(&["--tls-client-ca", "/nowhere.pem"]), "--tls-cert"),
        (Check::new().args(&["--tls-cert", "/nowhere.pem", "--tls-key", "/nowhere.key"]), "/nowhere.pem"),
        (Check::new().args(&["--trusted-jwks-url", "http://issuer.example/jwks.json"]), "https"),
        (Check::new().args(&["--trusted-jwks-interval", "0s"]), "--trusted-jwks-interval"),
        (Check::new().args(&["--listen", "nonsense"]), "--listen"),
        (Check::new().args(&["--listen", "127.0.0.1:70000"]), "--listen"),
        (Check::new().args(&["--entry-bytes-max", "0"]), "--entry-bytes-max"),
        (Check::new().args(&["--entry-bytes-max=-1"]), "--entry-bytes-max"),
        (Check::new().args(&["--entry-bytes-max", "plenty"]), "--entry-bytes-max"),
        (Check::new().args(&["--entry-bytes-max", "1TiB"]), "--entry-bytes-max"),
        (Check::new().args(&["--queue-bytes-max", "1"]), "--queue-bytes-max"),
        (Check::new().args(&["--connections-max", "0"]), "--connections-max"),
        (Check::new().args(&["--body-timeout", "0s"]), "--body-timeout"),
        (Check::new().args(&["--header-timeout", "soon"]), "--header-timeout"),
        (Check::new().args(&["--drain-timeout", "2h"]), "--drain-timeout"),
        (Check::new().args(&["--log", "verbatim=loud=very"]), "--log"),
        (Check::new().args(&["--log-format", "xml"]), "--log-format"),
        (Check::new().args(&["--no-such-flag"]), "--no-such-flag"),
        (Check::new().args(&["--trusted-key", "HS256=secret"]), "--trusted-key"),
        (Check::new().args(&["--trusted-key", "ES256=/nowhere.pem"]), "/nowhere.pem"),
        (bad_pem.args(&["--trusted-key", &pem]), "not.pem"),
        (Check::new().args(&["--trusted-jwks", "/nowhere.json"]), "/nowhere.json"),
        (bad_jwks.args(&["--trusted-jwks", jwks.to_str().unwrap()]), "jwks.json"),
        (Check::new().args(&["--config", "/nowhere.toml"]), "/nowhere.toml"),
        (Check::new().env("VERBATIM_ENTRY_BYTES_MAX", "plenty"), "entry-bytes-max"),
        (Check::new().env("VERBATIM_LISTEN", "nonsense"), "listen"),
        (Check::new().config("entry_bytes_max = \"plenty\"\n"), "entry_bytes_max"),
        (Check::new().config("entry_bytes_max = 0\n"), "entry-bytes-max"),
        (Check::new().config("no_such_setting = 1\n"), "no_such_setting"),
        (Check::new().config("listen = 5\n"), "listen"),
        (Check::new().config("this is no TOML"), "verbatim.toml"),
    ];
    for (check, named) in rows {
        for for_real in [false, true] {
            let finished = check.run(for_real).await;
            assert_eq!(finished.code, USAGE, "{:?} {:?}: {}", check.args, check.env, finished.stderr);
            assert!(
                finished.stderr.contains(named),
                "{:?}: the message names {named}: {}",
                check.args,
                finished.stderr
            );
            assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
        }
    }
}

/// The largest entry that a server takes tells which layer it went by.
async fn takes(server: &Server) -> usize {
    let session = server.session("s");
    let mut taken = 0;
    for bytes in [100, 200, 300, 400] {
        let answer = session.put(None, sized("", bytes)).send().await;
        if answer.status == 201 {
            taken = bytes;
        }
    }
    taken
}

#[tokio::test]
async fn flags_then_environment_then_file() {
    let with_file = |text: &str| {
        let setup = Setup::default();
        let path = setup.folder().join("verbatim.toml");
        fs::write(&path, text).unwrap();
        setup.env("VERBATIM_CONFIG", path)
    };
    let file = with_file("entry_bytes_max = 200\n").start().await;
    assert_eq!(takes(&file).await, 200);
    let environment = with_file("entry_bytes_max = 200\n").env("VERBATIM_ENTRY_BYTES_MAX", "300").start().await;
    assert_eq!(takes(&environment).await, 300);
    let flag = with_file("entry_bytes_max = 200\n").env("VERBATIM_ENTRY_BYTES_MAX", "300").arg("--entry-bytes-max=400");
    assert_eq!(takes(&flag.start().await).await, 400);
    let neither = Server::start().await;
    assert_eq!(takes(&neither).await, 400);
    neither.session("s").store(None, plain("x")).await;
}

#[tokio::test]
async fn no_verb_and_no_such_verb() {
    for args in [&[][..], &["fly"], &["serve", "twice"]] {
        let finished = binary::run(args).await.expect_code(USAGE);
        assert!(finished.stdout.is_empty() && !finished.stderr.is_empty(), "{args:?}");
    }
    for args in [["--help"], ["--version"]] {
        assert!(!binary::run(args).await.expect_code(0).stdout.is_empty(), "{args:?}");
    }
    let help = binary::run(["serve", "--help"]).await.expect_code(0).text();
    for setting in ["--data-dir", "--listen", "--entry-bytes-max", "--config", "--check-config", "VERBATIM_LISTEN"] {
        assert!(help.contains(setting), "{setting}");
    }
}
