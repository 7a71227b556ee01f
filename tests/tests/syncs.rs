//! An answer rests on a sync: none is given before it, and none that rested on one that failed claims to know.

use std::time::Duration;

use tokio::{task::JoinHandle, time};
use verbatim_tests::{
    entry::entry,
    server::{Server, Setup},
    session::Session,
    syncs::{EIO, ENOSPC, Syncs},
    wait::{until, within},
    wire::{Answer, Call},
};

/// How long a server that answers too early is given to do so. A right one is not hurried by it, and never fails by it.
const TOO_EARLY: Duration = Duration::from_millis(500);

async fn started() -> (Syncs, Server, Session) {
    let syncs = Syncs::new();
    let server = syncs.under(Setup::default()).start().await;
    let session = server.session("s");
    session.store(None, entry("a")).await;
    (syncs, server, session)
}

fn sending(call: &Call) -> JoinHandle<Answer> {
    let call = call.clone();
    tokio::spawn(async move { call.send().await })
}

async fn answered(what: &str, sent: JoinHandle<Answer>) -> Answer {
    within(what, sent).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_fails_is_no_201_and_heals() {
    fails_and_heals(EIO, "api_error", "overloaded_error").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_without_room_is_no_201_and_heals() {
    fails_and_heals(ENOSPC, "storage_full_error", "storage_full_error").await;
}

/// The append whose sync fails is unknown, and stays so until the store has healed; others after it are surely not
/// stored, and may come back later.
async fn fails_and_heals(errno: i32, first_type: &str, later_type: &str) {
    let (syncs, server, session) = started().await;
    syncs.fail(errno);
    let first = session.append(Some("a"), entry("b")).await;
    assert_eq!((first.status >= 500, &first.json()["outcome"]), (true, &"unknown".into()), "it was written: {first:?}");
    assert!([first_type, later_type].contains(&first.error_type().as_str()), "{first:?}");
    for uuid in ["b", "c", "b"] {
        let answer = session.append(Some("a"), entry(uuid)).await;
        assert_eq!((answer.status, answer.error_type().as_str()), (503, later_type), "{answer:?}");
        // What the failed write left in the log may be the first entry, and nothing else.
        let outcome = if uuid == "b" { "unknown" } else { "not_stored" };
        assert_eq!(answer.json()["outcome"], outcome, "{answer:?}");
        assert!(answer.header("retry-after").is_some(), "{answer:?}");
        for detail in ["/db", ".log", "fdatasync", "IO error"] {
            assert!(!answer.text().contains(detail), "no inner detail: {answer:?}");
        }
        assert_eq!(session.ids().await, ["a"], "nothing unsynced is ever visible");
    }
    server.call("GET", "/healthz").send().await.expect(200);
    assert_eq!(server.call("GET", "/readyz").send().await.expect(503).error_type(), later_type);

    syncs.work();
    let settled = until("the store to heal", async || {
        let answer = session.append(Some("a"), entry("b")).await;
        if answer.status < 300 { Ok(answer) } else { Err(answer) }
    })
    .await;
    assert_eq!(settled.json()["seq"], 1);
    server.call("GET", "/readyz").send().await.expect(200);
    session.store(Some("b"), entry("d")).await;
    assert_eq!(session.ids().await, ["a", "b", "d"]);
    assert!(!server.log().contains("panicked"), "{}", server.log());
    let server = server.kill().await.start().await;
    assert_eq!(session.at(server.address).ids().await, ["a", "b", "d"], "after a kill");
}

/// Everything that rests on an entry whose sync is pending: its own answer, its retry, a conflict with it, other content.
fn resting(session: &Session) -> [(&'static str, Call, u16); 4] {
    [
        ("a retry", session.put(Some("a"), entry("b")), 200),
        ("a conflict", session.put(Some("a"), entry("c")), 409),
        ("other content", session.put(Some("a"), r#"{"uuid":"b"}"#), 422),
        ("the next entry", session.put(Some("b"), entry("d")), 201),
    ]
}

async fn pending(
    syncs: &Syncs,
    session: &Session,
) -> (JoinHandle<Answer>, Vec<(&'static str, JoinHandle<Answer>, u16)>) {
    syncs.hold();
    let first = sending(&session.put(Some("a"), entry("b")));
    syncs.is_holding().await;
    let rest = resting(session).map(|(what, call, status)| (what, sending(&call), status));
    let reads = [session.get(""), session.page(""), session.head(), session.get("?after_last_compact=1")];
    let reads: Vec<_> = reads.iter().map(sending).collect();
    time::sleep(TOO_EARLY).await;
    for (what, sent, _) in &rest {
        assert!(!sent.is_finished(), "{what} was answered before the sync that it rests on");
    }
    assert!(!first.is_finished(), "acknowledged before its sync");
    for read in reads {
        if read.is_finished() {
            let answer = read.await.unwrap().expect(200);
            assert_eq!(answer.header("x-last-uuid"), Some("a"), "a read shows what is not synced: {answer:?}");
            assert!(!answer.text().contains(r#""b""#), "a read shows what is not synced: {answer:?}");
        }
    }
    (first, rest.into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_rests_on_a_pending_sync_waits_for_it() {
    let (syncs, server, session) = started().await;
    let (first, rest) = pending(&syncs, &session).await;
    syncs.work();
    answered("the append", first).await.expect(201);
    for (what, sent, status) in rest {
        let answer = answered(what, sent).await;
        // The next entry may be decided before or after those that rest on its predecessor alone.
        assert_eq!(answer.status, status, "{what}: {answer:?}");
    }
    assert_eq!(session.ids().await, ["a", "b", "d"]);
    let server = server.kill().await.start().await;
    assert_eq!(session.at(server.address).ids().await, ["a", "b", "d"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_rested_on_a_sync_that_failed_is_unknown() {
    let (syncs, server, session) = started().await;
    let (first, rest) = pending(&syncs, &session).await;
    syncs.fail(EIO);
    let first = answered("the append", first).await;
    assert_eq!((first.status >= 500, &first.json()["outcome"]), (true, &"unknown".into()), "{first:?}");
    for (what, sent, _) in rest {
        let answer = answered(what, sent).await;
        assert!(answer.status >= 500, "{what} rested on what is not stored: {answer:?}");
    }
    assert_eq!(session.ids().await, ["a"]);
    syncs.work();
    until("the store to heal", async || {
        let answer = session.append(Some("a"), entry("b")).await;
        if answer.status < 300 { Ok(()) } else { Err(answer) }
    })
    .await;
    session.store(Some("b"), entry("e")).await;
    assert_eq!(session.ids().await, ["a", "b", "e"]);
    let server = server.kill().await.start().await;
    assert_eq!(session.at(server.address).ids().await, ["a", "b", "e"]);
}
