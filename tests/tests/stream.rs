//! `GET /v1/sessions/{session_id}/stream`: what is followed arrives once and in order, whatever comes between.

use std::{net::SocketAddr, time::Duration};

use serde_json::Value;
use tokio::{sync::watch, task::JoinSet, time};
use verbatim_tests::{
    clock::unix_seconds,
    entry::{boundary, entry, plain, sized},
    events::{Event, Events, Said},
    raw::Raw,
    server::{Server, Setup},
    session::Session,
    token::{ORG, Token},
    wait::{until, within},
    wire::{Call, Connection},
};

async fn follow(session: &Session, query: &str) -> Events {
    Events::open(&session.read(&format!("/stream{query}"))).await
}

async fn resumed(session: &Session, id: &str) -> Events {
    Events::open(&session.read("/stream?from_seq=0&cursor=not-looked-at").header("last-event-id", id)).await
}

#[tokio::test]
async fn an_entry_comes_with_its_resume_point_and_its_envelope() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store(None, "{\"uuid\":\"a\",\n\"n\":\r\n\n1}").await;
    let mut events = follow(&session, "").await;
    assert_eq!(events.headers["x-last-uuid"], "a");
    assert_eq!(events.headers["cache-control"], "no-store");
    let first = events.next().await.expect("an event");
    assert!(
        first.data.ends_with("\"payload\":{\"uuid\":\"a\",\n\"n\": \n\n1}}"),
        "line ends stay line ends: {first:?}"
    );
    session.store(Some("a"), plain("x")).await;
    session.store(Some("a"), boundary("b")).await;
    let page = session.read("/entries").send().await.expect(200).json();
    let (second, third) = (events.next().await.expect("an event"), events.next().await.expect("an event"));
    for (event, listed) in [first, second, third].iter().zip(page["data"].as_array().expect("data")) {
        assert_eq!((event.name.as_str(), &event.json()), ("entry", listed));
        let next: Vec<String> = rest(&session, event.id.as_deref().expect("an id")).await;
        let seq = usize::try_from(listed["seq"].as_u64().expect("a seq")).expect("small");
        assert_eq!(next, ["a", "~1", "b"][seq + 1..], "an id is a cursor of the entries after it");
    }
    let bare = follow(&session, "?fields=bare").await.next().await.expect("an event").json();
    assert!(bare.get("payload").is_none() && bare["event_id"] == "a", "{bare}");
}

async fn rest(session: &Session, cursor: &str) -> Vec<String> {
    let page = session.read(&format!("/entries?cursor={cursor}")).send().await.expect(200).json();
    ids_of(&page)
}

fn ids_of(page: &Value) -> Vec<String> {
    let data = page["data"].as_array().expect("data");
    data.iter().map(|event| event["event_id"].as_str().expect("event_id").to_owned()).collect()
}

#[tokio::test]
async fn where_a_stream_begins() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store_all(None, &["a", "b"]).await;
    session.store(Some("b"), boundary("c")).await;
    session.store(Some("c"), entry("d")).await;
    let second = {
        let mut events = follow(&session, "?from_seq=1").await;
        events.next().await.expect("an event").id.expect("an id")
    };
    for (query, wanted) in [
        ("", &["a", "b", "c", "d"][..]),
        ("?live=sse", &["a", "b", "c", "d"]),
        ("?from_seq=2", &["c", "d"]),
        ("?after=a", &["b", "c", "d"]),
        ("?tail=1", &["d"]),
        ("?from_boundary=last", &["c", "d"]),
        ("?since=1970-01-01T00:00:00Z&tail=2", &["c", "d"]),
        (&format!("?cursor={second}"), &["c", "d"]),
        (&format!("?from_seq=0&cursor={second}"), &["c", "d"]),
    ] {
        assert_eq!(follow(&session, query).await.ids(wanted.len()).await, wanted, "{query}");
    }
    assert_eq!(resumed(&session, &second).await.ids(2).await, ["c", "d"], "Last-Event-ID wins");

    let (mut at_the_end, mut past_the_end) =
        (follow(&session, "?from_seq=4").await, follow(&session, "?from_seq=5").await);
    session.store(Some("d"), entry("e")).await;
    session.store(Some("e"), entry("f")).await;
    assert_eq!(at_the_end.ids(2).await, ["e", "f"]);
    assert_eq!(past_the_end.ids(1).await, ["f"]);
}

#[tokio::test]
async fn what_is_out_of_form_is_a_400_that_names_the_head() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store_all(None, &["a"]).await;
    for query in [
        "live=ws",
        "cursor=x",
        "cursor=",
        "from_seq=x",
        "after=nobody",
        "order=desc",
        "type=user",
        "before=a",
        "tail=0",
        "from_seq=0&tail=1",
        "fields=x",
        "live=long-poll&wait=x",
        "live=long-poll&wait=",
        "live=long-poll&limit=0",
        "live=long-poll&cursor=x",
        "live=long-poll&order=asc",
    ] {
        let answer = session.read(&format!("/stream?{query}")).send().await;
        assert_eq!(
            (answer.status, answer.error_type().as_str()),
            (400, "invalid_request_error"),
            "{query}: {answer:?}"
        );
        assert_eq!(answer.header("x-last-uuid"), Some("a"), "{query}");
    }
    session.read("/stream").header("last-event-id", "x").send().await.expect(400);
    session.read("/stream").header("last-event-id", "\u{e9}").send().await.expect(400);
    server.session("nowhere").read("/stream").send().await.expect(404);
}

/// Where a follower finds the server, while it is restarted.
type Address = watch::Receiver<Option<SocketAddr>>;

/// Follows until it has `count` entries, coming back where it stood whenever the stream ends.
async fn follow_through(session: Session, mut address: Address, count: u64) -> Result<(), String> {
    let (mut next, mut last): (u64, Option<String>) = (0, None);
    while next < count {
        let at = address.wait_for(Option::is_some).await.map_err(|_| "the test ended")?.expect("an address");
        let call = session.at(at).read("/stream");
        let call = last.iter().fold(call, |call, id| call.header("last-event-id", id));
        let Some(mut events) = Events::attempt(&call).await else {
            // It is going down, or down already: come back once it is up again.
            let _ = address.wait_for(|now| now.is_some_and(|now| now != at)).await;
            continue;
        };
        while next < count {
            let Some(Event { id, data, .. }) = events.next().await else { break };
            let seq = serde_json::from_str::<Value>(&data).map_err(|error| error.to_string())?["seq"].as_u64();
            if seq != Some(next) {
                return Err(format!("{seq:?} where {next} should come"));
            }
            (next, last) = (next + 1, id);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_followers_see_every_entry_once_and_in_order_through_restarts() {
    const FOLLOWERS: usize = 200;
    const ENTRIES: u64 = 400;
    const RESTARTS: u64 = 3;
    let mut server = Server::start().await;
    let session = server.session("s");
    session.store(None, plain("first")).await;
    let (told, address) = watch::channel(Some(server.address));
    let mut followers = JoinSet::new();
    for _ in 0..FOLLOWERS {
        followers.spawn(follow_through(session.clone(), address.clone(), ENTRIES));
    }
    let mut stored = 1;
    for round in 0..=RESTARTS {
        let session = session.at(server.address);
        let mut connection = session.connect().await;
        while stored < ENTRIES * (round + 1) / (RESTARTS + 1) {
            connection.send(&session.put(None, plain(&stored.to_string()))).await.expect("an answer").expect(201);
            stored += 1;
        }
        if round < RESTARTS {
            server = match round {
                // The last time without a word of warning.
                2 => server.kill().await.start().await,
                _ => server.restart().await,
            };
            told.send_replace(Some(server.address));
        }
    }
    let all = async {
        while let Some(followed) = followers.join_next().await {
            followed.expect("a follower").expect("every entry once and in order");
        }
    };
    within("every follower to see every entry", all).await;
}

/// A server that is told to stop does not wait for those who follow: however long it may take for others, they go at once.
#[tokio::test]
async fn a_drain_sends_followers_away_at_once() {
    let setup = Setup::default().arg("--drain-timeout").arg("1h");
    let server = setup.start().await;
    let session = server.session("s");
    session.store_all(None, &["a"]).await;
    let mut events = follow(&session, "").await;
    assert_eq!(events.ids(1).await, ["a"]);
    let mut http2 = Connection::open_http2(server.address).await.expect("a connection");
    let over_http2 = http2.begin(&session.read("/stream?from_seq=1")).await.expect("an answer");
    let poll = session.read("/stream?live=long-poll&wait=60&from_seq=1");
    let polling = tokio::spawn(async move { poll.send().await });
    // An answer to a later request: by then the poll has most likely begun. Where it has not, it is refused.
    let mut on_the_same = session.connect().await;
    on_the_same.send(&session.head()).await.expect("an answer");
    let setup = server.stop().await;
    assert_eq!(events.said().await, Said::End, "a clean end: nothing was cut off");
    drop(over_http2);
    if let Ok(answer) = polling.await {
        assert!(answer.expect(200).json()["data"].as_array().expect("data").is_empty());
    }
    setup.start().await;
}

#[tokio::test]
async fn long_polls_answer_when_there_is_something() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store_all(None, &["a", "b"]).await;
    let poll = async |query: &str| {
        let answer = session.read(&format!("/stream?live=long-poll{query}")).send().await.expect(200);
        assert!(answer.header("x-last-uuid").is_some());
        let page = answer.json();
        let cursor = page["next_cursor"].as_str().expect("a cursor, always").to_owned();
        (ids_of(&page), cursor, page["truncated"] == true)
    };
    let (first, cursor, truncated) = poll("&limit=1").await;
    assert_eq!((first, truncated), (vec!["a".to_owned()], true));
    let (second, end, truncated) = poll(&format!("&cursor={cursor}")).await;
    assert_eq!((second, truncated), (vec!["b".to_owned()], false));
    let (none, same, truncated) = poll(&format!("&cursor={end}&wait=0")).await;
    assert_eq!((none.len(), &same, truncated), (0, &end, false), "nothing came in time");

    let waiting = format!("&cursor={end}&wait=9999999");
    let (polled, stored) = tokio::join!(poll(&waiting), session.store(Some("b"), entry("c")));
    assert_eq!((polled.0, &stored["seq"]), (vec!["c".to_owned()], &Value::from(2)));
    assert_eq!(poll(&format!("&cursor={}&wait=0", polled.1)).await.0.len(), 0);
    assert_eq!(
        follow(&session, &format!("?cursor={end}")).await.ids(1).await,
        ["c"],
        "a stream goes on where a poll stood"
    );
    let resumed = session.read("/stream?live=long-poll").header("last-event-id", &cursor);
    assert_eq!(ids_of(&resumed.send().await.expect(200).json()), ["b", "c"]);
}

/// A reader that takes nothing is cut off, and comes back for the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_takes_nothing_is_dropped_and_can_resume() {
    const ENTRIES: usize = 48;
    let server = Setup::default().arg("--write-timeout").arg("300ms").arg("--log").arg("debug").start().await;
    let session = server.session("s");
    let ids: Vec<_> = (0..ENTRIES).map(|n| format!("u{n}")).collect();
    let mut last = None;
    for id in &ids {
        session.store(last, sized(id, 1 << 20)).await;
        last = Some(id.as_str());
    }
    let mut stalled = Raw::open(server.address).await;
    stalled
        .send(format!(
            "GET /v1/sessions/s/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
            session.token()
        ))
        .await;
    assert!(stalled.head().await.starts_with("http/1.1 200 "));
    until("the server to give the reader up", async || {
        let log = server.log();
        if log.contains("a connection ended early") { Ok(()) } else { Err(log) }
    })
    .await;
    let taken = stalled.rest().await;
    // A frame that was cut has no end, so that its id does not count.
    let whole = &taken[..taken.rfind("\n\n").map_or(0, |end| end + 2)];
    let frames: Vec<_> = whole.split("\n\n").filter(|frame| frame.contains("data:")).collect();
    assert!(frames.len() < ENTRIES, "it was sent everything: the sockets took all of it");
    let id = frames.last().and_then(|frame| frame.lines().find_map(|line| line.strip_prefix("id: ")));
    let mut rest = match id {
        Some(id) => resumed(&session, id).await,
        None => follow(&session, "").await,
    };
    assert_eq!(rest.ids(ENTRIES - frames.len()).await, ids[frames.len()..]);
}

fn patch(session: &Session, body: &'static str) -> Call {
    session.read("").method("PATCH").header("content-type", "application/json").body(body)
}

/// Once nothing more can come, whoever follows is told so, after everything that came.
#[tokio::test]
async fn the_end_of_a_session_is_the_end_of_its_streams() {
    let server = Server::start().await;
    let session = server.session_as("s", &Token::access(ORG).scope("read append admin"));
    session.store_all(None, &["a", "b"]).await;
    let mut waiting = follow(&session, "?from_seq=2").await;
    let poll = session.read("/stream?live=long-poll&wait=60&from_seq=2");
    let polling = tokio::spawn(async move { poll.send().await });
    patch(&session, r#"{"status":"paused"}"#).send().await.expect(200);
    session.store(Some("b"), entry("c")).await;
    assert_eq!(waiting.ids(1).await, ["c"], "a paused session takes entries");
    assert_eq!(ids_of(&polling.await.expect("an answer").expect(200).json()), ["c"]);
    patch(&session, r#"{"status":"active"}"#).send().await.expect(200);
    patch(&session, r#"{"status":"ended"}"#).send().await.expect(200);
    for mut events in [waiting, follow(&session, "?tail=1").await] {
        let mut last = events.next().await.expect("an event");
        while last.name == "entry" {
            last = events.next().await.expect("an event");
        }
        assert_eq!((last.name.as_str(), events.said().await), ("end", Said::End));
    }
    let page = session.read("/stream?live=long-poll&wait=60&from_seq=3").send().await.expect(200).json();
    assert_eq!((&page["ended"], ids_of(&page).len()), (&Value::Bool(true), 0), "at once, and told why");
    let page = session.read("/stream?live=long-poll&limit=2").send().await.expect(200).json();
    assert_eq!((page.get("ended"), ids_of(&page).len()), (None, 2), "not while there is more to read");
}

#[tokio::test]
async fn a_deleted_session_is_followed_no_longer() {
    let server = Server::start().await;
    let session = server.session_as("s", &Token::access(ORG).scope("read append admin"));
    session.store_all(None, &["a"]).await;
    let mut events = follow(&session, "").await;
    assert_eq!(events.ids(1).await, ["a"]);
    let poll = session.read("/stream?live=long-poll&wait=60&from_seq=1");
    let polling = tokio::spawn(async move { poll.send().await });
    let deleted = session.read("").method("DELETE").send().await;
    assert!((200..300).contains(&deleted.status), "{deleted:?}");
    assert_eq!(events.next().await.map(|event| event.name).as_deref(), Some("end"));
    polling.await.expect("an answer").expect(404);
    session.read("/stream").send().await.expect(404);
    session.read("/entries/a").send().await.expect(404);
}

/// A fork's stream begins with what it shares, and goes on with its own entries alone.
#[tokio::test]
async fn a_fork_is_followed_across_its_join() {
    let server = Server::start().await;
    let parent = server.session_as("parent", &Token::access(ORG).scope("read append"));
    let fork = server.session_as("fork", &Token::access(ORG).scope("read append"));
    parent.store_all(None, &["a", "b", "c"]).await;
    let body = r#"{"id":"fork","at":"b"}"#;
    parent.read("/fork").method("POST").header("content-type", "application/json").body(body).send().await.expect(201);
    let mut events = follow(&fork, "").await;
    parent.store(Some("c"), entry("d")).await;
    fork.store(Some("b"), entry("e")).await;
    assert_eq!(events.ids(3).await, ["a", "b", "e"]);
    assert_eq!(ids_of(&fork.read("/entries?order=desc").send().await.expect(200).json()), ["e", "b", "a"]);
    assert_eq!(ids_of(&fork.read("/entries?after=a").send().await.expect(200).json()), ["b", "e"]);
    fork.read("/entries/c").send().await.expect(404);
    let id = follow(&parent, "").await.next().await.expect("an event").id.expect("an id");
    fork.read("/stream").header("last-event-id", id).send().await.expect(400);
}

/// A stream on which nothing happens says now and then that it is alive.
#[tokio::test]
async fn a_silent_stream_has_a_heartbeat() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store_all(None, &["a"]).await;
    let mut events = follow(&session, "?from_seq=1").await;
    assert!(matches!(events.said().await, Said::Comment(_)));
    session.store(Some("a"), entry("b")).await;
    assert_eq!(events.ids(1).await, ["b"], "and goes on after it");
}

#[tokio::test]
async fn a_stream_lasts_no_longer_than_its_token() {
    let server = Server::start().await;
    server.session("s").store_all(None, &["a"]).await;
    let session = server.session_as("s", &Token::session("s", ORG).claim("exp", unix_seconds() + 2));
    let mut events = follow(&session, "").await;
    assert_eq!(events.ids(1).await, ["a"]);
    assert_eq!(events.said().await, Said::End);
    session.read("/stream").send().await.expect(401);
}

/// Followers that wait hold no thread and no place in the queue: appends and reads go on beside them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_idle_followers_hold_nobody_up() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store_all(None, &["a"]).await;
    let mut idle = Vec::new();
    for _ in 0..600 {
        let mut events = follow(&session, "").await;
        assert_eq!(events.ids(1).await, ["a"]);
        idle.push(events);
    }
    time::timeout(Duration::from_secs(60), session.store(Some("a"), entry("b"))).await.expect("an append beside them");
    for events in &mut idle {
        assert_eq!(events.ids(1).await, ["b"]);
    }
}
