//! Every read gives the stub in the entry's place, in every session that shares it.

use serde_json::{Value, json};
use verbatim_tests::{
    digest::digest_of,
    entry::{boundary, entry, plain},
    events::Events,
    organization::Organization,
    pages::Transcript,
    server::Server,
    token::ORG,
};

use super::{stub, timeless};

const IDS: [&str; 6] = ["a", "~1", "b", "c", "~4", "d"];

fn bodies() -> Vec<String> {
    vec![entry("a"), plain("secret"), boundary("b"), entry("c"), r#"{"no":"type"}"#.to_owned(), entry("d")]
}

/// `s` of six entries, a fork that shares all of them, and one that shares four.
async fn fill(server: &Server) -> Organization {
    let organization = server.organization(ORG);
    organization.batch("s", None, &bodies()).header("idempotency-key", "k").send().await.expect(201);
    organization.fork("s", &json!({"id": "f"})).send().await.expect(201);
    organization.fork("f", &json!({"id": "short", "at": "c"})).send().await.expect(201);
    organization
}

fn parsed(answer: &[u8]) -> Value {
    serde_json::from_slice(answer).expect("JSON")
}

/// The payloads of a session by every route that reads them, each named.
async fn payloads(organization: &Organization, id: &str, length: usize) -> Vec<(String, Vec<Value>)> {
    let session = organization.session(id);
    let of_data = |page: &Value| -> Vec<Value> {
        page["data"].as_array().expect("data").iter().map(|entry| entry["payload"].clone()).collect()
    };
    let mut all = Vec::new();
    let transcript = session.get("").send().await;
    let lines = Transcript::of(&transcript);
    all.push(("transcript".to_owned(), lines.lines().iter().map(|line| parsed(line.as_bytes())).collect()));
    for query in ["?limit=1000", "?limit=2"] {
        let events = verbatim_tests::pages::read(&session, query[7..].parse().unwrap()).await;
        all.push((
            format!("pages{query}"),
            events.iter().map(|event| parsed(event.payload.get().as_bytes())).collect(),
        ));
    }
    all.push(("entries".to_owned(), of_data(&organization.entries(id, "").send().await.expect(200).json())));
    let mut down = of_data(&organization.entries(id, "?order=desc").send().await.expect(200).json());
    down.reverse();
    all.push(("entries, down".to_owned(), down));
    let lines = organization.entries(id, "").header("accept", "application/x-ndjson").send().await.expect(200).text();
    let lines: Vec<_> = lines.lines().map(|line| parsed(line.as_bytes())["payload"].clone()).collect();
    all.push(("lines".to_owned(), lines[..length].to_vec()));
    let poll = session.read("/stream?live=long-poll&wait=0").send().await.expect(200).json();
    all.push(("long poll".to_owned(), of_data(&poll)));
    let mut events = Events::open(&session.read("/stream")).await;
    let mut streamed = Vec::new();
    while streamed.len() < length {
        streamed.push(events.next().await.expect("an event").json()["payload"].clone());
    }
    all.push(("stream".to_owned(), streamed));
    let mut one_by_one = Vec::new();
    for seq in 0..length {
        let answer = organization.entries(id, &format!("/~{seq}")).send().await.expect(200).json();
        one_by_one.push(answer["payload"].clone());
    }
    all.push(("one by one".to_owned(), one_by_one));
    all
}

#[tokio::test]
async fn every_read_gives_the_stub() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    let (chain, before) = (organization.session("s").chain().await, organization.shown("s").await);
    for event_id in IDS {
        let answer = organization.redact("s", event_id).send().await.expect(200);
        let seq = IDS.iter().position(|id| *id == event_id).unwrap();
        let left = answer.json();
        assert_eq!(timeless(left["payload"].clone()), stub(&bodies()[seq]), "{event_id}");
        assert_eq!((&left["seq"], &left["event_id"]), (&json!(seq), &json!(event_id)));
        assert_eq!(left, organization.entries("s", &format!("/{event_id}")).send().await.expect(200).json());
    }
    let stubs: Vec<_> = bodies().iter().map(|body| stub(body)).collect();
    let server = server.kill().await.start().await;
    let organization = organization.at(server.address);
    for (id, length) in [("s", 6), ("f", 6), ("short", 4)] {
        for (route, read) in payloads(&organization, id, length).await {
            let read: Vec<_> = read.into_iter().map(timeless).collect();
            assert_eq!(read, stubs[..length], "{route} of {id}");
        }
    }

    // Place, time, kind and identity of each are what they were, and so is all that is reckoned from them.
    let after = organization.session("s").chain().await;
    for (before, after) in chain.iter().zip(&after) {
        let facts = |event: &verbatim_tests::pages::Event| {
            let event = event.clone();
            (event.event_id, event.event_type, event.is_compaction, event.created_at)
        };
        assert_eq!(facts(before), facts(after));
    }
    let shown = organization.shown("s").await;
    for member in ["length", "bytes", "head", "digest", "boundaries", "created_at", "first_entry_at", "last_entry_at"] {
        assert_eq!(shown[member], before[member], "{member}");
    }
    for id in ["s", "f", "short"] {
        let chain = organization.session(id).chain().await;
        assert_eq!(organization.shown(id).await["digest"], digest_of(&chain), "{id} still verifies");
    }
    let bounded = organization.entries("s", "?from_boundary=last&type=system").send().await.expect(200).json();
    assert_eq!(bounded["data"][0]["event_id"], "b", "a boundary is one still");
    let transcript = organization.session("s").get("?after_last_compact=true").send().await;
    assert_eq!(Transcript::of(&transcript).count, 4);
}

/// Before a redaction too, the digest is what the contract says.
#[tokio::test]
async fn what_is_left_is_as_it_was() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    let chain = organization.session("s").chain().await;
    assert_eq!(organization.shown("s").await["digest"], digest_of(&chain));
    organization.redact("s", "c").send().await.expect(200);
    let mut lines: Vec<Value> = bodies().iter().map(|body| parsed(body.as_bytes())).collect();
    lines[3] = stub(&bodies()[3]);
    for id in ["s", "f"] {
        for (route, read) in payloads(&organization, id, 6).await {
            assert_eq!(read.into_iter().map(timeless).collect::<Vec<_>>(), lines, "{route} of {id}");
        }
        let events = organization.session(id).chain().await;
        for (seq, event) in events.iter().enumerate().filter(|(seq, _)| *seq != 3) {
            assert_eq!(event.payload.get(), bodies()[seq], "{id}: byte for byte");
        }
    }
}

/// Through a fork it goes as well, for its parent and for whoever else shares it.
#[tokio::test]
async fn a_fork_redacts_what_it_shares() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    organization.session("f").store(Some("d"), entry("own")).await;
    organization.redact("short", "a").send().await.expect(200);
    organization.redact("f", "d").send().await.expect(200);
    organization.redact("f", "own").send().await.expect(200);
    organization.redact("short", "d").send().await.expect(404);
    let redacted = async |id: &str| {
        let chain = organization.session(id).chain().await;
        let gone = chain.into_iter().filter(|event| event.payload.get().contains("\"redacted\""));
        gone.map(|event| event.event_id).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(redacted("s").await, "a d");
    assert_eq!(redacted("f").await, "a d own");
    assert_eq!(redacted("short").await, "a");
    for id in ["s", "f", "short"] {
        let chain = organization.session(id).chain().await;
        assert_eq!(organization.shown(id).await["digest"], digest_of(&chain), "{id}");
    }
    organization.purge("s").send().await.expect(200);
    assert_eq!(redacted("f").await, "a d own", "and stays gone without the parent");
}

/// A follower that comes to it after it was redacted gets the stub; nothing comes twice.
#[tokio::test]
async fn a_follower_gets_the_stub() {
    let server = Server::start().await;
    let organization = fill(&server).await;
    let session = organization.session("s");
    let mut events = Events::open(&session.read("/stream?from_seq=5")).await;
    assert_eq!(events.ids(1).await, ["d"]);
    organization.redact("s", "d").send().await.expect(200);
    session.store(Some("d"), entry("e")).await;
    assert_eq!(events.ids(1).await, ["e"], "a redaction is no entry");
    let mut later = Events::open(&session.read("/stream?after=c")).await;
    let (_, redacted) = (later.next().await, later.next().await.expect("an event").json());
    assert_eq!(timeless(redacted["payload"].clone()), stub(&entry("d")));
}
