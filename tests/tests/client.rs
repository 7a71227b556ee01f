//! The real client crate against the real server: races, lost acknowledgements, a server that goes away, pages.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::{StreamExt, TryStreamExt};
use verbatim_client::{
    AppendError, AppendStatus, Client, Completeness, ErrorCode, IdempotencyKey, ReadError, RetryPolicy, SessionId,
};
use verbatim_tests::{
    entry::{boundary, entry, plain, sized},
    proxy::Proxy,
    server::{Server, Setup},
    session::Session,
    token::{ORG, Token},
};

fn client(url: &str, session: &Session) -> Client {
    let delay_base = Duration::from_millis(5);
    let retry = RetryPolicy { delay_base, delay_max: Duration::from_millis(50), ..RetryPolicy::default() };
    Client::builder(url).token(session.token()).retry(retry).build().unwrap()
}

fn id(session: &Session) -> SessionId {
    SessionId::new(session.id()).unwrap()
}

/// Two clients race one session: both adopt and finish, and no entry is lost, doubled or out of its writer's order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_race_one_session() {
    const ENTRIES: usize = 60;
    let server = Server::start().await;
    let session = server.session("s");
    let writers = ["left", "right"].map(|name| {
        let writer = client(&server.url(), &session).session(&id(&session));
        tokio::spawn(async move {
            let mut seqs = Vec::new();
            for n in 0..ENTRIES {
                let receipt = writer.append(entry(&format!("{name}-{n}"))).await.unwrap();
                assert_eq!(receipt.status, AppendStatus::Stored);
                seqs.push(receipt.seq);
            }
            seqs
        })
    });
    let mut seqs = Vec::new();
    for writer in writers {
        let own = writer.await.unwrap();
        assert!(own.is_sorted_by(|a, b| a < b), "a writer's entries keep their order");
        seqs.extend(own);
    }
    let chain = session.ids().await;
    assert_eq!(chain.len(), 2 * ENTRIES);
    assert_eq!(seqs.into_iter().collect::<HashSet<_>>(), (0..2 * ENTRIES as u64).collect(), "each seq was given once");
    for name in ["left", "right"] {
        let own: Vec<_> = chain.iter().filter(|uuid| uuid.starts_with(name)).cloned().collect();
        assert_eq!(own, (0..ENTRIES).map(|n| format!("{name}-{n}")).collect::<Vec<_>>());
    }
}

/// Many callers of one writer: the queue keeps the order of the calls.
#[tokio::test]
async fn one_writer_keeps_the_order_of_the_calls() {
    let server = Server::start().await;
    let session = server.session("s");
    let writer = client(&server.url(), &session).session(&id(&session));
    let uuids: Vec<_> = (0..50).map(|n| format!("u{n}")).collect();
    let appends = uuids.iter().map(|uuid| writer.append(entry(uuid)));
    futures_util::future::try_join_all(appends).await.unwrap();
    assert_eq!(session.ids().await, uuids);
}

#[tokio::test]
async fn lost_acknowledgements_store_nothing_twice() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address).await;
    let session = server.session("s");
    let writer = client(&format!("http://{}", proxy.address), &session).session(&id(&session));
    writer.append(entry("a")).await.unwrap();
    for (n, body) in [entry("b"), plain("x"), plain("x"), entry("c")].into_iter().enumerate() {
        proxy.cut_answers(1 + n % 3);
        let receipt = writer.append(body).await.unwrap();
        assert_eq!((receipt.status, receipt.seq), (AppendStatus::AlreadyStored, 1 + n as u64));
    }
    let key = IdempotencyKey::new("k").unwrap();
    proxy.cut_answers(1);
    writer.append_with_key(plain("y"), key).await.unwrap();
    assert_eq!(writer.append_with_key(plain("y"), key).await.unwrap().status, AppendStatus::AlreadyStored);
    writer.append(entry("d")).await.unwrap();
    assert_eq!(session.ids().await, ["a", "b", "~2", "~3", "c", "~5", "d"]);
}

/// The answer is lost, another writer adopts the entry as its head and goes on, then the retry arrives.
#[tokio::test]
async fn another_writer_may_get_in_between() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address).await;
    let session = server.session("s");
    let writer = client(&format!("http://{}", proxy.address), &session).session(&id(&session));
    writer.append(entry("a")).await.unwrap();
    proxy.cut_answers(1);
    proxy.hold();
    let lost = tokio::spawn({
        let writer = writer.clone();
        async move { writer.append(entry("lost")).await }
    });
    proxy.has_cut(1).await;
    session.store(Some("lost"), entry("theirs")).await;
    proxy.release();
    let receipt = lost.await.unwrap().unwrap();
    assert_eq!((receipt.status, receipt.seq), (AppendStatus::AlreadyStored, 1));
    writer.append(entry("next")).await.unwrap();
    assert_eq!(session.ids().await, ["a", "lost", "theirs", "next"]);
}

/// A server that is killed and comes back on another port, behind one address: appends wait and go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn appends_outlive_a_kill() {
    let server = Server::start().await;
    let proxy = Arc::new(Proxy::start(server.address).await);
    let session = server.session("s");
    let writer = client(&format!("http://{}", proxy.address), &session).session(&id(&session));
    let writing = tokio::spawn(async move {
        for n in 0..100 {
            writer.append(entry(&format!("u{n}"))).await.unwrap();
        }
    });
    verbatim_tests::wait::until("some entries", async || match session.state().await.1 {
        20.. => Ok(()),
        count => Err(count),
    })
    .await;
    proxy.hold();
    let setup = server.kill().await;
    let server = setup.start().await;
    proxy.redirect(server.address);
    proxy.release();
    writing.await.unwrap();
    let wanted: Vec<_> = (0..100).map(|n| format!("u{n}")).collect();
    assert_eq!(session.at(server.address).ids().await, wanted);
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let server = Server::start().await;
    let session = server.session("s");
    let writer = client(&server.url(), &session).session(&id(&session));
    writer.append(entry("a")).await.unwrap();
    let reused = writer.append(r#"{"uuid":"a"}"#).await.unwrap_err();
    assert!(matches!(&reused, AppendError::Rejected(_)), "{reused:?}");
    assert_eq!(reused.failure().and_then(|failure| failure.code), Some(ErrorCode::UuidReused));
    writer.append(entry("b")).await.unwrap();

    let reader = server.session_as("s", &Token::session("s", ORG).scope("read"));
    let forbidden = client(&server.url(), &reader).session(&id(&session)).append(entry("c")).await.unwrap_err();
    assert!(matches!(&forbidden, AppendError::NotAllowed(_)), "{forbidden:?}");
    let expired = server.session_as("s", &Token::session("s", ORG).claim("exp", 1));
    let expired = client(&server.url(), &expired).session(&id(&session)).append(entry("c")).await.unwrap_err();
    assert!(matches!(&expired, AppendError::NotAllowed(_)), "{expired:?}");
    assert_eq!(session.ids().await, ["a", "b"]);
}

/// An entry over the limit is a refusal, told once: not a broken connection that would have it sent again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_over_the_limit_is_refused_at_the_first_attempt() {
    let server = Setup::default().arg("--entry-bytes-max").arg("4096").start().await;
    let session = server.session("s");
    let writer = client(&server.url(), &session).session(&id(&session));
    for round in 0..20 {
        let refused = writer.append(sized("a", 4 << 20)).await.unwrap_err();
        assert!(matches!(&refused, AppendError::Rejected(_)), "round {round}: {:?}", refused.failure());
        let failure = refused.failure().unwrap();
        assert_eq!((failure.code, failure.attempts), (Some(ErrorCode::RequestTooLarge), 1), "round {round}");
    }
    writer.append(entry("a")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_are_whole_and_page_by_page() {
    let server = Server::start().await;
    let session = server.session("s");
    let client = client(&server.url(), &session);
    let reader = client.reader(&id(&session));
    assert!(matches!(reader.read_all().await, Err(ReadError::NotFound(_))));
    assert!(matches!(reader.teleport().await, Err(ReadError::NotFound(_))));
    let writer = client.session(&id(&session));
    let bodies: Vec<_> = (0..30)
        .map(|n| match n {
            20 => boundary("boundary"),
            n if n % 5 == 0 => r#"{ "odd" : 1e400, "odd" : "\ud800" }"#.to_owned(),
            n => entry(&format!("u{n}")),
        })
        .collect();
    for body in &bodies {
        writer.append(body.clone()).await.unwrap();
    }
    let lines = |transcript: verbatim_client::Transcript| -> Vec<String> {
        transcript.loglines.iter().map(|line| line.get().to_owned()).collect()
    };
    assert_eq!(lines(reader.read_all().await.unwrap()), bodies);
    assert_eq!(lines(reader.after_last_compact().await.unwrap()), bodies[20..]);
    let teleport = reader.teleport().await.unwrap();
    assert_eq!(teleport.completeness, Completeness::Complete);
    assert_eq!(teleport.events.iter().map(|event| event.payload.get()).collect::<Vec<_>>(), bodies);
    let events: Vec<_> = reader.events().map_ok(|event| event.payload.get().to_owned()).try_collect().await.unwrap();
    assert_eq!(events, bodies);
    let first = reader.pages().next().await.unwrap().unwrap();
    assert_eq!(first.data.len(), bodies.len());
    assert_eq!(reader.head().await.unwrap().uuid.map(|uuid| uuid.to_string()).as_deref(), Some("u29"));
}

/// A writer that comes late adopts the head first, or learns it by its first conflict.
#[tokio::test]
async fn hydrate_adopts_the_head() {
    let server = Server::start().await;
    let session = server.session("s");
    session.store_all(None, &["a", "b"]).await;
    let client = client(&server.url(), &session);
    let writer = client.session(&id(&session));
    let head = writer.hydrate().await.unwrap();
    assert_eq!((head.entries, writer.head().map(|uuid| uuid.to_string()).as_deref()), (2, Some("b")));
    writer.append(entry("c")).await.unwrap();
    client.clear_session(&id(&session));
    assert!(matches!(writer.append(entry("d")).await, Err(AppendError::NotSent(_))));
    client.session(&id(&session)).append(entry("d")).await.unwrap();
    assert_eq!(session.ids().await, ["a", "b", "c", "d"]);
}
