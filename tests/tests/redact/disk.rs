//! What was redacted is in no file of the store any more.

use serde_json::json;
use verbatim_tests::{files, rng::Rng, server::Server, token::ORG, wait::until};

const ENTRY_BYTES: usize = 600_000;
const ENTRIES: usize = 8;
const OVERHEAD_BYTES: u64 = 200_000;

/// Half of the entries go, some of them from tables and blobs, the others from the log, through a fork and without.
async fn bytes_leave_the_files(killed: bool) {
    let mut rng = Rng::seeded("redact");
    let mut server = Server::start().await;
    let organization = server.organization(ORG);
    let marks: Vec<_> = (0..ENTRIES).map(|number| format!("mark-{number}-{}", rng.text(24))).collect();
    let mut lines = Vec::new();
    let mut last = None;
    for (number, mark) in marks.iter().enumerate() {
        if number == ENTRIES / 2 {
            organization.fork("s", &json!({"id": "f"})).send().await.expect(201);
            server = server.kill().await.start().await;
        }
        // Small ones lie in tables, large ones in blobs.
        let fill: Vec<_> = (0..if number % 4 < 2 { 1 } else { 20 }).map(|_| rng.text(ENTRY_BYTES / 20)).collect();
        let line = json!({"type": "user", "uuid": format!("u{number}"), "message": {"content": mark}, "fill": fill});
        lines.push(line.to_string());
        let session = organization.at(server.address).session("s");
        session.store(last.as_deref(), lines[number].clone()).await;
        last = Some(format!("u{number}"));
    }
    let organization = organization.at(server.address);
    assert!(
        !files::holding(server.data_dir(), &marks[ENTRIES - 1]).is_empty(),
        "the log holds what was sent as it was"
    );
    for number in (0..ENTRIES).step_by(2) {
        let id = if number < ENTRIES / 2 { "f" } else { "s" };
        organization.redact(id, &format!("u{number}")).send().await.expect(200);
    }
    let server = if killed { server.kill().await.start().await } else { server };
    let organization = organization.at(server.address);
    let kept: usize = lines.iter().skip(1).step_by(2).map(String::len).sum();
    until("the redacted entries to leave the files", async || {
        let (bytes, allowed) = (files::store_bytes(server.data_dir()), kept as u64 + OVERHEAD_BYTES);
        if bytes > allowed {
            return Err(format!("{bytes} bytes where {allowed} would do"));
        }
        let holding: Vec<_> =
            marks.iter().step_by(2).flat_map(|mark| files::holding(server.data_dir(), mark)).collect();
        if holding.is_empty() { Ok(()) } else { Err(format!("{holding:?}")) }
    })
    .await;
    for (id, length) in [("s", ENTRIES), ("f", ENTRIES / 2)] {
        let chain = organization.session(id).chain().await;
        assert_eq!(chain.len(), length);
        for (number, event) in chain.iter().enumerate() {
            assert_eq!(event.payload.get() == lines[number], number % 2 == 1, "{id} {number}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redacted_bytes_leave_the_files() {
    bytes_leave_the_files(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redacted_bytes_leave_the_files_over_a_kill() {
    bytes_leave_the_files(true).await;
}
