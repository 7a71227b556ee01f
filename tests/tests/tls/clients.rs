//! The client crate and the command line over TLS: whom they trust, what they show, and what they say where the two ends
//! cannot agree.

use std::{path::PathBuf, time::Duration};

use verbatim_client::{AppendError, Client, ClientBuilder, RetryPolicy, SessionId};
use verbatim_tests::{
    binary::{self, Finished},
    certificates::{Authority, replace},
    entry::entry,
    server::Server,
    tls::Tls,
    token::{ORG, Token},
};

use super::setup;

/// A server that wants client certificates, and the authorities of both sides.
struct Both {
    server: Server,
    authority: Authority,
    clients: Authority,
}

impl Both {
    async fn start() -> Self {
        let (authority, clients) = (Authority::default(), Authority::default());
        let setup = setup(&authority.server(), &Tls::showing(&authority, &clients.client()));
        let ca = replace(&setup.folder().join("clients.pem"), clients.pem());
        let server = setup.arg("--tls-client-ca").arg(ca).start().await;
        Self { server, authority, clients }
    }

    fn token(&self) -> String {
        self.server.signer().sign(&Token::session("s", ORG))
    }

    fn builder(&self) -> ClientBuilder {
        let delay_base = Duration::from_millis(5);
        let retry = RetryPolicy { attempts_max: 2, delay_base, ..RetryPolicy::default() };
        Client::builder(&self.server.url()).token(&self.token()).retry(retry)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        replace(&self.server.setup().folder().join(name), text)
    }
}

#[tokio::test]
async fn the_client_crate_trusts_and_shows_what_it_is_given() {
    let both = Both::start().await;
    let session = SessionId::new("s").unwrap();
    let shown = both.clients.client().both();
    let client = both.builder().trusted_ca(both.authority.pem().as_bytes()).client_certificate(shown.as_bytes());
    let client = client.build().unwrap();
    client.session(&session).append(entry("a")).await.unwrap();
    assert_eq!(client.reader(&session).read_all().await.unwrap().loglines.len(), 1);
    for (builder, mend) in [
        (both.builder().client_certificate(shown.as_bytes()), "trust the authority"),
        (both.builder().trusted_ca(both.clients.pem().as_bytes()), "trust the authority"),
        (both.builder().trusted_ca(both.authority.pem().as_bytes()), "show a client certificate"),
    ] {
        let error = builder.build().unwrap().session(&session).append(entry("b")).await.unwrap_err();
        // Nothing was sent, and so nothing is in doubt.
        assert!(matches!(error, AppendError::Unavailable(_)), "{error:?}");
        assert!(error.to_string().contains(mend), "{error}");
    }
    assert_eq!(both.server.session("s").ids().await, ["a"]);
}

#[tokio::test]
async fn the_command_line_takes_them_from_files() {
    let both = Both::start().await;
    let (url, token) = (both.server.url(), both.token());
    let ca = both.file("ca.pem", both.authority.pem());
    let shown = both.file("client.pem", &both.clients.client().both());
    let run = async |args: &[&str], env: &[(&str, &str)], input: &str| -> Finished {
        let mut command = binary::command();
        command.args(args).env("VERBATIM_URL", &url).env("VERBATIM_TOKEN", &token).envs(env.iter().copied());
        binary::finish(&mut command, input.as_bytes()).await
    };
    let (ca, shown) = (ca.to_str().unwrap(), shown.to_str().unwrap());
    run(&["append", "s", "--ca", ca, "--client-cert", shown], &[], &entry("a")).await.expect_code(0);
    let env = [("VERBATIM_CA", ca), ("VERBATIM_CLIENT_CERT", shown)];
    run(&["append", "s"], &env, &entry("b")).await.expect_code(0);
    assert_eq!(run(&["export", "s"], &env, "").await.expect_code(0).text(), format!("{}\n{}", entry("a"), entry("b")));
    // On the server's own machine its folder signs, over TLS as well.
    let data_dir = both.server.data_dir().to_str().unwrap();
    run(&["append", "s", "--data-dir", data_dir, "--org", ORG], &env, &entry("c")).await.expect_code(0);
    let missing = run(&["append", "s", "--ca", "/nowhere.pem"], &[], &entry("d")).await.expect_code(66);
    assert!(missing.stderr.contains("/nowhere.pem"), "{}", missing.stderr);
    let malformed = run(&["append", "s", "--ca", ca, "--client-cert", ca], &[], &entry("d")).await.expect_code(65);
    assert!(malformed.stderr.contains("private key"), "{}", malformed.stderr);
    assert_eq!(both.server.session("s").ids().await, ["a", "b", "c"]);
}
