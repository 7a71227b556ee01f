//! Followers that are sent away, cut off, or find the server gone, and go on where they stood: nothing is missed, and
//! nothing that is kept comes twice.

use std::{collections::HashMap, net::SocketAddr};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::watch;
use verbatim_tests::{
    entry::plain,
    events::{Event, Events, Said},
    organization::Organization,
    raw::Raw,
    server::{Server, Setup},
    trail::{self, is_kept, short},
    wait::{until, within},
};

use super::{by, next};

/// What one follower has seen of the feed.
#[derive(Debug, Default)]
struct Seen {
    kept: Vec<Value>,
    lengths: HashMap<String, u64>,
    last: Option<String>,
}

impl Seen {
    fn take(&mut self, event: Event) -> Result<(), String> {
        let change: Value = serde_json::from_str(&event.data).map_err(|error| error.to_string())?;
        trail::check(&change);
        if is_kept(&change) {
            self.kept.push(change);
        } else {
            let length = change["length"].as_u64().unwrap_or_default();
            let known = self.lengths.entry(change["session_id"].to_string()).or_default();
            if length < *known {
                return Err(format!("{change} after a length of {known}"));
            }
            *known = length;
        }
        self.last = event.id;
        Ok(())
    }

    fn has(&self, lengths: &HashMap<String, u64>) -> bool {
        lengths.iter().all(|(session, length)| self.lengths.get(session) == Some(length))
    }
}

/// Follows until it has seen the last of the kept changes and every final length, coming back whenever the stream ends.
async fn follow(
    organization: Organization,
    mut address: watch::Receiver<SocketAddr>,
    finals: HashMap<String, u64>,
) -> Result<Seen, String> {
    let mut seen = Seen::default();
    loop {
        let at = *address.borrow_and_update();
        let call = organization.at(at).changes("");
        let call = seen.last.iter().fold(call, |call, id| call.header("last-event-id", id));
        if let Some(mut events) = Events::attempt(&call).await {
            while let Some(event) = events.next().await {
                seen.take(event)?;
                let ended = seen.kept.last().is_some_and(|change| change["session_id"] == "the-end");
                if ended && seen.has(&finals) {
                    return Ok(seen);
                }
            }
        }
        if seen.kept.last().is_none_or(|change| change["session_id"] != "the-end") {
            // It is going down, or down already: come back once it is up again.
            let _ = address.changed().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missed_through_restarts() {
    const FOLLOWERS: usize = 20;
    const SESSIONS: usize = 6;
    const ROUNDS: u64 = 4;
    const STEPS: u64 = 15;
    let mut server = Server::start().await;
    let organization = by(&server, "one");
    let address = watch::Sender::new(server.address);
    let id = |session: usize| format!("s{session}");
    let finals: HashMap<_, _> = (0..SESSIONS).map(|session| (json!(id(session)).to_string(), ROUNDS * STEPS)).collect();
    let followers: Vec<_> = (0..FOLLOWERS)
        .map(|_| tokio::spawn(follow(organization.clone(), address.subscribe(), finals.clone())))
        .collect();
    for round in 0..ROUNDS {
        let organization = organization.at(server.address);
        join_all((0..SESSIONS).map(|session| {
            let (organization, id) = (organization.clone(), id(session));
            async move {
                let writing = organization.session(&id);
                let mut connection = writing.connect().await;
                for step in 0..STEPS {
                    let append = writing.put(None, plain(&format!("{round} {step}")));
                    connection.send(&append).await.expect("an answer").expect(201);
                    if step % 5 == 4 {
                        let patch = organization.patch(&id, &json!({"title": format!("{round} {step}")}));
                        connection.send(&patch).await.expect("an answer").expect(200);
                    }
                }
            }
        }))
        .await;
        if round + 1 < ROUNDS {
            server = if round == 1 { server.kill().await.start().await } else { server.restart().await };
            address.send_replace(server.address);
        }
    }
    let organization = organization.at(server.address);
    organization.create(&json!({"id": "the-end"})).send().await.expect(201);
    let (all, _) = trail::read(&organization, None).await;
    let kept: Vec<_> = all.into_iter().filter(is_kept).collect();
    assert_eq!(kept.len(), SESSIONS + SESSIONS * (ROUNDS * STEPS / 5) as usize + 1);
    for follower in followers {
        let seen = within("a follower to see everything", follower).await.unwrap().expect("lengths only grow");
        assert_eq!(seen.kept, kept, "each once and in order");
    }
}

/// A server that stops sends followers away at once, cleanly; and none stays longer than its token.
#[tokio::test]
async fn a_drain_ends_the_feed() {
    let server = Setup::default().arg("--drain-timeout").arg("1h").start().await;
    let organization = by(&server, "one");
    organization.create(&json!({"id": "s"})).send().await.expect(201);
    let mut events = Events::open(&organization.changes("")).await;
    assert_eq!(short(&next(&mut events).await.0), "created s");
    server.stop().await;
    assert_eq!(events.said().await, Said::End);
}

/// A reader that takes nothing is cut off, and comes back for the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_takes_nothing_is_dropped_and_can_resume() {
    const LANES: usize = 40;
    /// More than sockets take.
    const CHANGES: usize = 9000;
    let server = Setup::default().arg("--write-timeout").arg("300ms").arg("--log").arg("debug").start().await;
    // Names that each change repeats, so that few changes are much to read.
    let organization = by(&server, &"n".repeat(256));
    let id = |lane: usize| format!("{lane:0128}");
    let lanes = (0..LANES).map(|lane| {
        let (organization, id) = (organization.clone(), id(lane));
        async move {
            let mut connection = organization.session(&id).connect().await;
            let mut send = async |call| connection.send(&call).await.expect("an answer");
            send(organization.create(&json!({"id": id}))).await.expect(201);
            for change in 1..CHANGES / LANES {
                send(organization.patch(&id, &json!({"title": change.to_string()}))).await.expect(200);
            }
        }
    });
    join_all(lanes).await;
    let mut stalled = Raw::open(server.address).await;
    let head = format!("host: x\r\nauthorization: Bearer {}\r\n\r\n", organization.token());
    stalled.send(format!("GET /v1/organization/changes HTTP/1.1\r\n{head}")).await;
    assert!(stalled.head().await.starts_with("http/1.1 200 "));
    until("the server to give the reader up", async || {
        let log = server.log();
        if log.contains("a connection ended early") { Ok(()) } else { Err(()) }
    })
    .await;
    let taken = stalled.rest().await;
    // A frame that was cut has no end, so that its id does not count.
    let whole = &taken[..taken.rfind("\n\n").map_or(0, |end| end + 2)];
    let frames: Vec<_> = whole.split("\n\n").filter(|frame| frame.contains("data:")).collect();
    assert!(frames.len() < CHANGES, "it was sent everything: the sockets took all of it");
    let id = frames.last().and_then(|frame| frame.lines().find_map(|line| line.strip_prefix("id: ")));
    let (rest, _) = trail::read(&organization, id).await;
    let (all, _) = trail::read(&organization, None).await;
    assert_eq!((rest.len(), all.len()), (CHANGES - frames.len(), CHANGES));
    assert!(all[frames.len()..] == rest, "nothing is missed and nothing comes twice");
}
