//! A session of 50,000 entries leaves in constant memory, whole and page by page.

use bytes::Bytes;
use http_body_util::BodyExt;
use verbatim_tests::{
    entry::{boundary, entry},
    memory,
    pages::{Page, Transcript},
    rng::Rng,
    server::Server,
    session::Session,
    wait::within,
};

const ENTRIES: usize = 50_000;
const FILL_BYTES: usize = 1024;
const WRITERS: usize = 64;
const READERS: usize = 8;
/// What all readers together may add: far less than one transcript, let alone one for each.
const GROWTH_MAX: u64 = 32 << 20;

/// One boundary as the head, then entries without uuid, which may arrive in any order and so share their syncs.
async fn fill(session: &Session) {
    session.store(None, entry("first")).await;
    session.store(Some("first"), boundary("head")).await;
    let mut rng = Rng::seeded("big session");
    let writers = (0..WRITERS).map(|writer| {
        let (session, mut rng) = (session.clone(), rng.fork());
        tokio::spawn(async move {
            let mut connection = session.connect().await;
            for n in (writer..ENTRIES - 2).step_by(WRITERS) {
                let body = format!(r#"{{"type":"progress","n":{n},"fill":"{}"}}"#, rng.text(FILL_BYTES));
                connection.send(&session.put(Some("head"), body)).await.unwrap().expect(201);
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
}

/// Reads the whole transcript as it comes and keeps only its length and its end.
async fn stream(session: &Session) -> (usize, String) {
    let mut connection = session.connect().await;
    let answer = connection.begin(&session.get("")).await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body();
    let (mut length, mut end) = (0, Bytes::new());
    while let Some(frame) = within("more of the transcript", body.frame()).await {
        let Ok(data) = frame.unwrap().into_data() else { continue };
        length += data.len();
        let tail = [&end[..], &data].concat();
        end = Bytes::copy_from_slice(&tail[tail.len().saturating_sub(64)..]);
    }
    (length, String::from_utf8_lossy(&end).into_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_thousand_entries_leave_in_constant_memory() {
    let server = Server::start().await;
    let session = server.session("s");
    fill(&session).await;
    assert_eq!(session.state().await, (Some("head".to_owned()), ENTRIES as u64));
    // The first read warms what caches there are; they are bounded by settings of their own.
    let (length, end) = stream(&session).await;
    assert!(length > ENTRIES * FILL_BYTES, "{length} bytes");
    assert!(end.ends_with(&format!(r#"],"count":{ENTRIES},"last_uuid":"head"}}"#)), "{end}");

    memory::reset_peak(server.pid());
    let before = memory::resident(server.pid());
    let readers = (0..READERS).map(|_| {
        let session = session.clone();
        tokio::spawn(async move { stream(&session).await })
    });
    for reader in readers.collect::<Vec<_>>() {
        assert_eq!(reader.await.unwrap(), (length, end.clone()), "every reader gets the same whole");
    }
    let growth = memory::peak(server.pid()).saturating_sub(before);
    println!("{READERS} readers of {length} bytes each took {growth} bytes more than {before}");
    assert!(growth < GROWTH_MAX, "{READERS} readers of {length} bytes took {growth} bytes");

    let chain = session.chain().await;
    assert_eq!(chain.len(), ENTRIES);
    let mut numbers: Vec<u64> = chain[2..].iter().map(|event| number(event.payload.get())).collect();
    numbers.sort_unstable();
    assert!(numbers.iter().enumerate().all(|(n, &number)| n as u64 == number), "each entry once");

    let server = server.restart().await;
    let session = session.at(server.address);
    assert_eq!(stream(&session).await.0, length, "after a restart");
    let after_boundary = Transcript::of(&session.get("?after_last_compact=1").send().await);
    assert_eq!(after_boundary.count, ENTRIES as u64 - 1);
    let last = Page::of(&session.page("?limit=1").send().await);
    assert_eq!(last.ids(), ["first"]);
}

/// A reader that does not read is not read ahead for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_stalls_holds_little() {
    const ENTRY_BYTES: usize = 1 << 20;
    const COUNT: usize = 64;
    let server = Server::start().await;
    let session = server.session("s");
    for n in 0..COUNT {
        session.store(None, format!(r#"{{"n":{n},"fill":"{}"}}"#, "x".repeat(ENTRY_BYTES))).await;
    }
    stream(&session).await;
    memory::reset_peak(server.pid());
    let before = memory::resident(server.pid());
    let mut stalled = Vec::new();
    for _ in 0..READERS {
        let mut connection = session.connect().await;
        let answer = connection.begin(&session.get("")).await.unwrap();
        stalled.push((connection, answer));
    }
    // By the time that others have read all of it, a server that reads ahead would have read ahead for those.
    for _ in 0..2 {
        stream(&session).await;
    }
    let growth = memory::peak(server.pid()).saturating_sub(before);
    assert!(growth < (ENTRY_BYTES * COUNT) as u64, "{READERS} readers that stall took {growth} bytes");
    for (_, answer) in stalled {
        let body = within("a reader that goes on", answer.into_body().collect()).await.unwrap().to_bytes();
        assert!(body.ends_with(br#"],"count":64,"last_uuid":null}"#), "{:?}", &body[body.len() - 64..]);
    }
}

fn number(payload: &str) -> u64 {
    let value: serde_json::Value = serde_json::from_str(payload).unwrap();
    value["n"].as_u64().unwrap()
}
