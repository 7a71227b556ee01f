//! SIGTERM and SIGINT: no new connections, every accepted append answered, a clean end within 10 seconds.

use std::{fs::File, io::Read, process::Stdio, sync::Arc, time::Duration};

use rustix::{
    fs::{Mode, OFlags},
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, openpt, ptsname, unlockpt},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    sync::watch,
    time::Instant,
};
use verbatim_tests::{
    entry::{entry, plain},
    raw::Raw,
    server::{Server, Setup},
    session::Session,
    wait::within,
    wire::{Call, Connection},
};

/// The promise, and some room for a machine that does other things too.
const WITHIN: Duration = Duration::from_secs(10 + 5);

async fn ends_cleanly(server: Server, signalled: Instant) -> (Setup, String) {
    let (status, log, setup) = server.ended().await;
    assert!(status.success(), "{status}: {log}");
    assert!(signalled.elapsed() < WITHIN, "it took {:?}", signalled.elapsed());
    assert!(!log.contains("panicked"), "{log}");
    (setup, log)
}

/// Under load: what is stored afterwards is exactly what was answered. Nothing accepted went unanswered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_accepted_append_is_answered() {
    const WRITERS: usize = 16;
    for signal in [Signal::TERM, Signal::INT] {
        let server = Server::start().await;
        let enough = Arc::new(watch::Sender::new(0));
        let writers = (0..WRITERS).map(|writer| {
            let session = server.session(&format!("s{writer}"));
            let enough = Arc::clone(&enough);
            tokio::spawn(async move { write_until_refused(&session, &enough).await })
        });
        let writers: Vec<_> = writers.collect();
        enough.subscribe().wait_for(|&stored| stored > 20 * WRITERS).await.unwrap();
        server.signal(signal);
        let signalled = Instant::now();
        let mut acknowledged = Vec::new();
        for writer in writers {
            acknowledged.push(writer.await.unwrap());
        }
        let (setup, _) = ends_cleanly(server, signalled).await;
        let server = setup.start().await;
        for (writer, acknowledged) in acknowledged.into_iter().enumerate() {
            let (_, length) = server.session(&format!("s{writer}")).state().await;
            assert_eq!(length, acknowledged, "writer {writer} after {signal:?}: stored, and acknowledged");
        }
    }
}

/// Appends over one connection until the server stops; gives how many were acknowledged.
async fn write_until_refused(session: &Session, enough: &watch::Sender<usize>) -> u64 {
    let mut acknowledged = 0;
    let mut connection = session.connect().await;
    loop {
        match connection.send(&session.put(None, plain("x"))).await {
            Ok(answer) if answer.status == 201 => {
                acknowledged += 1;
                enough.send_modify(|stored| *stored += 1);
            }
            Ok(answer) => {
                assert_eq!((answer.status, answer.error_type().as_str()), (503, "shutting_down"), "{answer:?}");
                assert!(answer.header("retry-after").is_some());
                assert_eq!(answer.json()["outcome"], "not_stored");
                return acknowledged;
            }
            Err(_) => return acknowledged,
        }
    }
}

/// A request that had begun when the signal came is answered, and new connections are refused meanwhile.
#[tokio::test]
async fn a_request_under_way_is_finished() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let body = entry("b");
    let mut raw = Raw::open(server.address).await;
    raw.send(format!(
        "PUT {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nlast-uuid: a\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        session.path(),
        session.token(),
        body.len(),
    ))
    .await;
    // Told to go on, so the request has been accepted.
    assert!(raw.head().await.starts_with("http/1.1 100 "));
    raw.send(&body[..10]).await;
    server.signal(Signal::TERM);
    let signalled = Instant::now();
    server.refuses_connections().await;
    raw.send(&body[10..]).await;
    let head = raw.head().await;
    assert!(head.starts_with("http/1.1 201 "), "{head}");
    let (setup, _) = ends_cleanly(server, signalled).await;
    let server = setup.start().await;
    assert_eq!(session.at(server.address).ids().await, ["a", "b"]);
}

/// Connections that idle, or that send half a request and then nothing, do not hold it up.
#[tokio::test]
async fn nobody_can_hold_the_drain_up() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let mut idle = Connection::open(server.address).await.unwrap();
    idle.send(&session.head()).await.unwrap();
    let mut idle_http2 = Connection::open_http2(server.address).await.unwrap();
    idle_http2.send(&session.head()).await.unwrap();
    let silent = Raw::open(server.address).await;
    let mut half_a_head = Raw::open(server.address).await;
    half_a_head.send(format!("PUT {} HTTP/1.1\r\nhost: x\r\n", session.path())).await;
    let mut half_a_body = Raw::open(server.address).await;
    half_a_body
        .send(format!(
            "PUT {} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\nlast-uuid: a\r\ncontent-length: 1000\r\n\r\n{{",
            session.path(),
            session.token(),
        ))
        .await;
    server.signal(Signal::TERM);
    let signalled = Instant::now();
    let (setup, _) = ends_cleanly(server, signalled).await;
    drop((idle, idle_http2, silent, half_a_head, half_a_body));
    let server = setup.start().await;
    assert_eq!(session.at(server.address).ids().await, ["a"]);
}

#[tokio::test]
async fn an_idle_server_ends_on_either_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let server = Server::start().await;
        server.signal(signal);
        ends_cleanly(server, Instant::now()).await;
    }
}

/// SIGHUP at a terminal has two senders: an operator who wants files read again, and the terminal when it is closed.
#[tokio::test]
async fn a_server_ends_with_its_terminal() {
    // Not for servers of other tests that start meanwhile: they would keep it open.
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    unlockpt(&terminal).unwrap();
    let path = ptsname(&terminal, Vec::new()).unwrap();
    let inside = rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    let setup = Setup::default();
    let mut command = setup.command();
    let mut child = command.stdout(File::from(inside)).stderr(Stdio::piped()).spawn().unwrap();
    // It holds the inner end, too.
    drop(command);
    let terminal = File::from(terminal);
    let mut screen = terminal.try_clone().unwrap();
    let read = tokio::task::spawn_blocking(move || {
        let mut shown = Vec::new();
        while !shown.ends_with(b"# read it back") {
            let mut byte = [0];
            screen.read_exact(&mut byte).unwrap();
            shown.extend(byte);
        }
        String::from_utf8(shown).unwrap()
    });
    let shown = within("the server to say what to do next", read).await.unwrap();
    let (_, address) = shown.lines().next().unwrap().split_once("http://").unwrap();
    let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::HUP).unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let asked = async { while !log.next_line().await.unwrap().unwrap().contains("SIGHUP") {} };
    within("the signal to be heard", asked).await;
    Call::new(address.trim().parse().unwrap(), "GET", "/healthz").send().await.expect(200);
    drop(terminal);
    kill_process(pid, Signal::HUP).unwrap();
    assert!(within("the server to end", child.wait()).await.unwrap().success());
}
