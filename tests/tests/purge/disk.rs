//! What a purge leaves in the files: nothing of what no session can reach, and everything of what one can.

use serde_json::{Value, json};
use verbatim_tests::{
    files,
    organization::Organization,
    rng::Rng,
    server::{Server, Setup},
    token::ORG,
    wait::until,
};

/// Larger than what lies in tables, so that blobs are tried, and small enough for tables.
const SIZES: [usize; 2] = [100_000, 10_000];
/// Beside the entries: indexes, block padding, what was said of the sessions.
const OVERHEAD_BYTES: u64 = 400_000;

/// Entries that no compression makes small, each with its own mark in it; and their bytes.
struct Payloads {
    marks: Vec<String>,
    lines: Vec<String>,
    bytes: u64,
}

impl Payloads {
    fn new(rng: &mut Rng, name: &str, bytes: u64) -> Self {
        let mut payloads = Self { marks: Vec::new(), lines: Vec::new(), bytes: 0 };
        while payloads.bytes < bytes {
            let number = payloads.lines.len();
            let mark = format!("{name}-{number}-{}", rng.text(24));
            let fill = rng.text(SIZES[number % SIZES.len()]);
            let content = format!("says {mark} {fill}");
            let line = json!({"type": "user", "uuid": format!("{name}{number}"), "message": {"content": content}});
            payloads.lines.push(line.to_string());
            payloads.marks.push(mark);
            payloads.bytes += payloads.lines.last().map_or(0, |line| line.len() as u64);
        }
        payloads
    }

    /// Appends them, in batches, after `last`; gives the last uuid.
    async fn store(&self, organization: &Organization, session: &str, mut last: Option<String>) -> Option<String> {
        for lines in self.lines.chunks(10) {
            organization.batch(session, last.as_deref(), lines).send().await.expect(201);
            let line: Value = serde_json::from_str(&lines[lines.len() - 1]).unwrap();
            last = line["uuid"].as_str().map(str::to_owned);
        }
        last
    }
}

async fn assert_reads(organization: &Organization, session: &str, parts: &[&Payloads]) {
    let chain = organization.session(session).chain().await;
    let read: Vec<_> = chain.iter().map(|event| event.payload.get()).collect();
    let wanted: Vec<_> = parts.iter().flat_map(|part| part.lines.iter().map(String::as_str)).collect();
    assert!(read == wanted, "{session} reads as another: {} entries where {} should be", read.len(), wanted.len());
}

/// Waits until the files hold none of `gone` and not much more than `kept`.
async fn is_off_the_disk(server: &Server, gone: &[&Payloads], words: &[&str], kept: &[&Payloads]) {
    let allowed = kept.iter().map(|part| part.bytes).sum::<u64>() + OVERHEAD_BYTES;
    until("the store to hold no more than it must", async || {
        let bytes = files::store_bytes(server.data_dir());
        if bytes <= allowed { Ok(()) } else { Err(format!("{bytes} bytes where {allowed} would do")) }
    })
    .await;
    let marks = gone.iter().flat_map(|part| part.marks.iter().map(String::as_str));
    let words: Vec<_> = marks.chain(words.iter().copied()).collect();
    until("no file to hold what is purged", async || {
        for word in &words {
            let holding = files::holding(server.data_dir(), word);
            if !holding.is_empty() {
                return Err(format!("{word} in {holding:?}"));
            }
        }
        Ok(())
    })
    .await;
}

/// What happens to the server right after the answer to the purge.
#[derive(Debug, Clone, Copy)]
enum Then {
    Nothing,
    Restart,
    Kill,
}

impl Then {
    async fn happens(self, server: Server) -> Server {
        match self {
            Self::Nothing => server,
            Self::Restart => server.restart().await,
            Self::Kill => server.kill().await.start().await,
        }
    }
}

/// Two sessions, and a fork that shares the first part of one. Parts of it are in tables already, others in the log alone.
async fn bytes_leave_the_files(then: Then) {
    const TITLE: &str = "a title that was given to the purged session";
    const METADATA: &str = "a value that was said of the purged session";
    let mut rng = Rng::seeded("purge");
    let server = Setup::default().start().await;
    let organization = server.organization(ORG);
    let shared = Payloads::new(&mut rng, "shared", 1_500_000);
    let (own_before, own_after) =
        (Payloads::new(&mut rng, "before", 2_000_000), Payloads::new(&mut rng, "after", 2_000_000));
    let (other, forked) = (Payloads::new(&mut rng, "other", 500_000), Payloads::new(&mut rng, "forked", 200_000));
    organization.create(&json!({"id": "s", "title": TITLE, "metadata": {"k": METADATA}})).send().await.expect(201);
    let at = shared.store(&organization, "s", None).await;
    organization.fork("s", &json!({"id": "f", "at": at})).send().await.expect(201);
    let last = own_before.store(&organization, "s", at.clone()).await;

    // A start writes what the log holds to tables.
    let server = server.kill().await.start().await;
    let organization = organization.at(server.address);
    own_after.store(&organization, "s", last).await;
    forked.store(&organization, "f", at).await;
    other.store(&organization, "other", None).await;
    for mark in [&own_after.marks[0], &other.marks[0]] {
        assert!(!files::holding(server.data_dir(), mark).is_empty(), "{mark} stands in the log as it was sent");
    }
    assert_reads(&organization, "s", &[&shared, &own_before, &own_after]).await;

    organization.purge("s").send().await.expect(200);
    let server = then.happens(server).await;
    let organization = organization.at(server.address);
    let words = [TITLE, METADATA];
    is_off_the_disk(&server, &[&own_before, &own_after], &words, &[&shared, &forked, &other]).await;
    assert_reads(&organization, "f", &[&shared, &forked]).await;
    assert_reads(&organization, "other", &[&other]).await;

    organization.purge("f").send().await.expect(200);
    let server = then.happens(server).await;
    let organization = organization.at(server.address);
    is_off_the_disk(&server, &[&shared, &own_before, &own_after, &forked], &words, &[&other]).await;
    assert_reads(&organization, "other", &[&other]).await;
    let server = server.kill().await.start().await;
    assert_reads(&organization.at(server.address), "other", &[&other]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn purged_bytes_leave_the_files() {
    bytes_leave_the_files(Then::Nothing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn purged_bytes_leave_the_files_over_a_restart() {
    bytes_leave_the_files(Then::Restart).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn purged_bytes_leave_the_files_over_a_kill() {
    bytes_leave_the_files(Then::Kill).await;
}

/// A fork in the bin can come back, and so holds what it shares; a fork of a fork holds what it reaches, and no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_fork_reaches_stays_until_it_goes() {
    let mut rng = Rng::seeded("purge");
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let parts: Vec<_> = ["one", "two", "three"].map(|name| Payloads::new(&mut rng, name, 1_000_000)).into();
    let first = parts[0].store(&organization, "s", None).await;
    let second = parts[1].store(&organization, "s", first.clone()).await;
    organization.fork("s", &json!({"id": "f"})).send().await.expect(201);
    parts[2].store(&organization, "f", second).await;
    organization.fork("f", &json!({"id": "g", "at": first})).send().await.expect(201);
    organization.purge("s").send().await.expect(200);
    organization.delete("f", "").send().await.expect(200);
    let server = server.restart().await;
    let organization = organization.at(server.address);
    organization.restore("f").send().await.expect(200);
    assert_reads(&organization, "f", &[&parts[0], &parts[1], &parts[2]]).await;
    organization.delete("f", "").send().await.expect(200);
    organization.purge("f").send().await.expect(200);
    is_off_the_disk(&server, &[&parts[1], &parts[2]], &[], &[&parts[0]]).await;
    assert_reads(&organization, "g", &[&parts[0]]).await;
    organization.purge("g").send().await.expect(200);
    is_off_the_disk(&server, &[&parts[0], &parts[1], &parts[2]], &[], &[]).await;
}
