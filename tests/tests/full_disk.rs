//! A full disk: appends are refused as what they are, reads go on, and room makes it whole again.

use verbatim_tests::{
    disk::SmallDisk,
    entry::entry,
    rng::Rng,
    server::{Server, Setup},
    session::Session,
    wait::until,
    wire::Answer,
};

const DISK_BYTES: u64 = 256 << 20;

struct Filled {
    disk: SmallDisk,
    server: Server,
    session: Session,
    /// Every uuid that was acknowledged, in order.
    acknowledged: Vec<String>,
    refused: Answer,
    /// The entry that was refused.
    pending: String,
}

fn large_entry(uuid: &str, rng: &mut Rng) -> String {
    format!(r#"{{"uuid":"{uuid}","fill":"{}"}}"#, rng.text(64 * 1024))
}

/// Starts a server on a small disk and appends until the disk is full.
async fn filled() -> Option<Filled> {
    let disk = match SmallDisk::mount(DISK_BYTES).await {
        Ok(disk) => disk,
        Err(why) => {
            println!("SKIPPED, since this machine does not let a test mount a tmpfs: {why}");
            return None;
        }
    };
    let setup = Setup::default().data_dir(disk.inside().join("data")).seen_at(disk.outside().join("data"));
    let server = setup.wrapped_in(disk.enter()).start().await;
    let session = server.session("s");
    session.store(None, entry("first")).await;
    let mut acknowledged = vec!["first".to_owned()];
    let mut rng = Rng::seeded("full disk");
    disk.fill();
    // What was set aside on the disk before may still take some; what was not must be refused in the end.
    for n in 0..DISK_BYTES / (64 * 1024) {
        let uuid = format!("u{n}");
        let pending = large_entry(&uuid, &mut rng);
        let answer = session.append(acknowledged.last().map(String::as_str), pending.clone()).await;
        match answer.status {
            201 => acknowledged.push(uuid),
            _ => return Some(Filled { disk, server, session, acknowledged, refused: answer, pending }),
        }
    }
    panic!("the disk never filled up");
}

#[tokio::test]
async fn appends_are_refused_reads_go_on_and_room_heals() {
    let Some(Filled { disk, server, session, mut acknowledged, refused, pending }) = filled().await else { return };
    let mut answers = vec![refused];
    for n in 0..20 {
        answers.push(session.append(acknowledged.last().map(String::as_str), entry(&format!("more-{n}"))).await);
    }
    for answer in &answers {
        assert_eq!((answer.status, answer.error_type().as_str()), (503, "storage_full_error"), "{answer:?}");
        let wait = answer.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
        assert!(wait.is_some_and(|seconds| (1..=60).contains(&seconds)), "{answer:?}");
        let outcome = answer.json()["outcome"].clone();
        assert!(outcome == "not_stored" || outcome == "unknown", "{answer:?}");
    }
    // Reads and liveness are not touched; readiness tells a balancer to go elsewhere.
    let chain = session.ids().await;
    assert_eq!(chain[..acknowledged.len()], acknowledged, "every acknowledged entry is there");
    assert!(
        chain.len() <= acknowledged.len() + 1,
        "{} more entries than were acknowledged",
        chain.len() - acknowledged.len()
    );
    session.get("?after_last_compact=true").send().await.expect(200);
    server.call("GET", "/healthz").send().await.expect(200);
    let ready = server.call("GET", "/readyz").send().await.expect(503);
    assert_eq!(ready.error_type(), "storage_full_error");

    disk.free();
    let healed = until("appends to be taken again", async || {
        let answer = session.append(acknowledged.last().map(String::as_str), pending.clone()).await;
        if answer.status < 300 { Ok(answer) } else { Err(answer) }
    })
    .await;
    let unknown = answers[0].json()["outcome"] == "unknown";
    assert!(healed.status == 201 || unknown, "what was not stored is stored now: {healed:?}");
    acknowledged.push(healed.json()["uuid"].as_str().unwrap().to_owned());
    server.call("GET", "/readyz").send().await.expect(200);
    session.store(acknowledged.last().map(String::as_str), entry("last")).await;
    acknowledged.push("last".to_owned());
    assert_eq!(session.ids().await, acknowledged);
    assert!(!server.log().contains("panicked"), "{}", server.log());

    let server = server.kill().await.start().await;
    assert_eq!(session.at(server.address).ids().await, acknowledged, "after a kill");
}

/// A server that dies on a full disk starts on it again, and reads.
#[tokio::test]
async fn a_kill_on_a_full_disk_loses_nothing() {
    let Some(Filled { disk, server, session, acknowledged, refused, .. }) = filled().await else { return };
    assert_eq!(refused.error_type(), "storage_full_error");
    let setup = server.kill().await;
    disk.free();
    let server = setup.start().await;
    let session = session.at(server.address);
    let chain = session.ids().await;
    assert_eq!(chain[..acknowledged.len()], acknowledged);
    session.store(chain.last().map(String::as_str), entry("last")).await;
}
