//! TLS: what is agreed on, certificates that change while the server runs, client certificates, and that the rules for
//! connections hold under it too.

mod clients;

use std::fs;

use rustix::process::Signal;
use verbatim_tests::{
    certificates::{Authority, Certificate, replace},
    entry::{entry, sized},
    pages::Transcript,
    raw::Raw,
    server::{Server, Setup},
    tls::Tls,
    token::{ORG, Token},
    wait::until,
    wire::{Connection, Lost},
};

/// A server that speaks TLS with `certificate`, whose client is `tls`.
fn setup(certificate: &Certificate, tls: &Tls) -> Setup {
    let setup = Setup::default();
    let (cert, key) = certificate.write(setup.folder());
    setup.arg("--tls-cert").arg(cert).arg("--tls-key").arg(key).over(tls)
}

async fn start(authority: &Authority) -> (Server, Tls) {
    let tls = Tls::new(authority);
    (setup(&authority.server(), &tls).start().await, tls)
}

#[tokio::test]
async fn either_version_of_http_is_agreed_on() -> Result<(), Lost> {
    let (server, tls) = start(&Authority::default()).await;
    let session = server.session("s");
    let mut last = None;
    for (offered, is_http2, uuid) in [
        (&["h2", "http/1.1"][..], true, "a"),
        (&["http/1.1"], false, "b"),
        (&[], false, "c"),
        (&["spdy/1", "http/1.1", "h2"], true, "d"),
    ] {
        let mut connection = Connection::open_over(server.address, Some(&tls.offering(offered))).await?;
        assert_eq!(connection.is_http2(), is_http2, "{offered:?}");
        connection.send(&session.put(last, entry(uuid))).await?.expect(201);
        connection.send(&session.put(last, sized(uuid, 1 << 20))).await?.expect(422);
        last = Some(uuid);
    }
    assert_eq!(session.ids().await, ["a", "b", "c", "d"]);
    assert!(tls.offering(&["spdy/1"]).connect(server.address).await.is_err(), "nothing in common");
    Ok(())
}

#[tokio::test]
async fn what_is_not_tls_is_not_answered() {
    let (server, _) = start(&Authority::default()).await;
    let mut plain = Raw::open(server.address).await;
    plain.send("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(!plain.rest().await.contains("HTTP"));
    assert!(Tls::new(&Authority::default()).connect(server.address).await.is_err(), "another authority's client");
    server.call("GET", "/healthz").send().await.expect(200);
}

async fn shows(server: &Server, tls: &Tls, certificate: &Certificate) {
    until("the certificate to be shown", async || {
        let shown = tls.shown_by(server.address).await.map_err(|error| error.to_string())?;
        if shown == certificate.der { Ok(()) } else { Err("another".to_owned()) }
    })
    .await;
}

async fn logs(server: &Server, text: &str) {
    until(text, async || if server.log().contains(text) { Ok(()) } else { Err(server.log()) }).await;
}

/// New connections get the new certificate, those that are open go on, and nothing is refused in between.
#[tokio::test]
async fn certificates_change_while_the_server_runs() -> Result<(), Lost> {
    let authority = Authority::default();
    let [first, second, third] = [(); 3].map(|()| authority.server());
    let tls = Tls::new(&authority);
    let server = setup(&first, &tls).start().await;
    let folder = server.setup().folder();
    assert_eq!(tls.shown_by(server.address).await?, first.der);
    let session = server.session("s");
    let mut open = session.connect().await;
    open.send(&session.put(None, entry("a"))).await?.expect(201);
    second.write(folder);
    shows(&server, &tls, &second).await;
    third.write(folder);
    server.signal(Signal::HUP);
    shows(&server, &tls, &third).await;
    logs(&server, "SIGHUP").await;
    open.send(&session.put(Some("a"), entry("b"))).await?.expect(201);
    Ok(())
}

/// A file that is no good is named, and what was in force stays so until the file is mended.
#[tokio::test]
async fn a_bad_certificate_changes_nothing() -> Result<(), Lost> {
    let authority = Authority::default();
    let [first, second] = [(); 2].map(|()| authority.server());
    let tls = Tls::new(&authority);
    let server = setup(&first, &tls).start().await;
    let (cert, key) = first.write(server.setup().folder());
    for (path, text, said) in [
        (&cert, "no certificate", "there is none in it"),
        (&cert, &second.pem, "cannot be used together"),
        (&key, "", "does not hold a private key"),
    ] {
        replace(path, text);
        logs(&server, said).await;
        assert_eq!(tls.shown_by(server.address).await?, first.der, "{said}");
    }
    fs::remove_file(&cert).unwrap();
    logs(&server, "cannot read").await;
    assert_eq!(tls.shown_by(server.address).await?, first.der);
    let log = server.log();
    assert!(log.contains(cert.to_str().unwrap()) && log.contains(key.to_str().unwrap()), "{log}");
    second.write(server.setup().folder());
    shows(&server, &tls, &second).await;
    Ok(())
}

async fn is_let_in(server: &Server, tls: &Tls) -> bool {
    server.call("GET", "/healthz").over(Some(tls)).attempt().await.is_ok()
}

#[tokio::test]
async fn client_certificates_are_required_where_an_authority_is_given() {
    let (authority, clients, others) = (Authority::default(), Authority::default(), Authority::default());
    let known = Tls::showing(&authority, &clients.client());
    let setup = setup(&authority.server(), &known);
    let ca = replace(&setup.folder().join("clients.pem"), clients.pem());
    let server = setup.arg("--tls-client-ca").arg(&ca).start().await;
    server.session("s").store(None, entry("a")).await;
    let stranger = Tls::showing(&authority, &others.client());
    for (what, tls) in [
        ("no certificate", &Tls::new(&authority)),
        ("another authority's", &stranger),
        ("the server's own, of the server's authority", &Tls::showing(&authority, &authority.server())),
        ("a server's, of the clients' authority", &Tls::showing(&authority, &clients.server())),
    ] {
        assert!(!is_let_in(&server, tls).await, "{what}");
    }
    assert!(is_let_in(&server, &known.offering(&["h2"])).await);
    // The authorities change while the server runs, too.
    replace(&ca, &format!("{}{}", clients.pem(), others.pem()));
    until("the other authority to be trusted", async || {
        if is_let_in(&server, &stranger).await { Ok(()) } else { Err("not yet") }
    })
    .await;
    assert!(is_let_in(&server, &known).await);
    replace(&ca, others.pem());
    until("the first authority to be trusted no more", async || {
        if is_let_in(&server, &known).await { Err("it is still let in") } else { Ok(()) }
    })
    .await;
    assert!(is_let_in(&server, &stranger).await);
}

/// Whoever takes its time to agree on TLS holds nobody up, and is sent away once its time is over.
#[tokio::test]
async fn a_slow_handshake_ends_in_time_and_blocks_nobody() {
    let authority = Authority::default();
    let tls = Tls::new(&authority);
    let setup = setup(&authority.server(), &tls).arg("--header-timeout").arg("500ms");
    let server = setup.start().await;
    let mut slow = Vec::new();
    // The beginning of a ClientHello (RFC 8446, section 5.1).
    for part in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"] {
        let mut raw = Raw::open(server.address).await;
        raw.send(part).await;
        slow.push(raw);
    }
    server.call("GET", "/healthz").send().await.expect(200);
    for mut raw in slow {
        assert!(raw.rest().await.is_empty());
    }
    // Nor does one that agrees on TLS, and then says nothing.
    assert_eq!(Raw::open_over(server.address, &tls).await.rest().await, "");
}

#[tokio::test]
async fn a_slow_handshake_holds_a_place_like_any_connection() {
    let authority = Authority::default();
    let tls = Tls::new(&authority);
    let setup = setup(&authority.server(), &tls).arg("--header-timeout").arg("500ms").arg("--connections-max").arg("2");
    let server = setup.start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let silent = [Raw::open(server.address).await, Raw::open(server.address).await];
    assert_eq!(Transcript::of(&session.get("").send().await).count, 1, "it waits until they are sent away");
    drop(silent);
}

#[tokio::test]
async fn a_drain_under_tls_finishes_what_was_begun_and_waits_for_nothing_else() {
    let (server, tls) = start(&Authority::default()).await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let body = entry("b");
    let mut under_way = Raw::open_over(server.address, &tls).await;
    under_way
        .send(format!(
            "PUT {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nlast-uuid: a\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
            session.path(),
            session.token(),
            body.len(),
        ))
        .await;
    assert!(under_way.head().await.starts_with("http/1.1 100 "));
    let in_handshake = Raw::open(server.address).await;
    let silent = Raw::open_over(server.address, &tls).await;
    let mut idle = Connection::open_over(server.address, Some(&tls.offering(&["h2"]))).await.unwrap();
    idle.send(&session.head()).await.unwrap().expect(200);
    server.signal(Signal::TERM);
    server.refuses_connections().await;
    under_way.send(&body).await;
    let head = under_way.head().await;
    assert!(head.starts_with("http/1.1 201 "), "{head}");
    let (status, log, setup) = server.ended().await;
    assert!(status.success() && !log.contains("still under way"), "{status}: {log}");
    drop((in_handshake, silent, idle));
    let server = setup.start().await;
    assert_eq!(server.session("s").ids().await, ["a", "b"]);
}

/// The bound on writes counts what the network takes, not what TLS holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_under_tls_that_takes_nothing_is_dropped() {
    let authority = Authority::default();
    let tls = Tls::new(&authority);
    let setup = setup(&authority.server(), &tls).arg("--write-timeout").arg("300ms").arg("--log").arg("debug");
    let server = setup.start().await;
    let session = server.session_as("s", &Token::session("s", ORG));
    let mut last = None;
    let ids: Vec<_> = (0..32).map(|n| format!("u{n}")).collect();
    for id in &ids {
        session.store(last, sized(id, 1 << 20)).await;
        last = Some(id.as_str());
    }
    let mut stalled = Raw::open_over(server.address, &tls).await;
    let request =
        format!("GET {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", session.path(), session.token());
    stalled.send(request).await;
    assert!(stalled.head().await.starts_with("http/1.1 200 "));
    logs(&server, "a connection ended early").await;
    assert!(stalled.rest().await.len() < 32 << 20, "it was cut off");
    assert_eq!(Transcript::of(&session.get("").send().await).count, 32, "who takes it gets all of it");
}
