//! Two writers of one session: exactly one wins each round, both adopt and finish, and the chain has no gap.

use std::sync::Arc;

use tokio::sync::watch;
use verbatim_tests::{
    entry::entry,
    history::{History, Outcome},
    server::Server,
    wire::Connection,
    writer::Writer,
};

const ROUNDS: usize = 60;

/// Round by round: both send at once on the same head.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_of_two_wins_each_round() {
    let server = Server::start().await;
    let session = server.session("s");
    let mut connections =
        [Connection::open(server.address).await.unwrap(), Connection::open(server.address).await.unwrap()];
    let mut head: Option<String> = None;
    for round in 0..ROUNDS {
        let [left, right] = &mut connections;
        let uuids = [format!("left-{round}"), format!("right-{round}")];
        let calls = uuids.each_ref().map(|uuid| session.put(head.as_deref(), entry(uuid)));
        let (one, other) = tokio::join!(left.send(&calls[0]), right.send(&calls[1]));
        let answers = [one.unwrap(), other.unwrap()];
        let won = answers.each_ref().map(|answer| answer.status == 201);
        assert!(won[0] != won[1], "round {round}: exactly one wins: {answers:?}");
        let winner = &uuids[usize::from(won[1])];
        for answer in &answers {
            assert_eq!(answer.header("x-last-uuid"), Some(winner.as_str()), "round {round}: both learn the new head");
        }
        let loser = answers.iter().find(|answer| answer.status != 201).unwrap();
        assert_eq!(loser.error_type(), "conflict_error");
        assert_eq!(loser.json()["length"], round + 1);
        head = Some(winner.clone());
    }
    assert_eq!(session.state().await, (head, ROUNDS as u64));
}

/// Freely: writers that adopt and go on, readers that look on, and one chain that explains all they saw.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_adopt_and_finish() {
    const WRITERS: usize = 4;
    let server = Server::start().await;
    let session = server.session("s");
    let history = Arc::new(History::default());
    let (_keep, address) = watch::channel(server.address);
    Writer::new(session.clone(), address.clone(), Arc::clone(&history)).settle("first").await;
    let writers = (0..WRITERS).map(|writer| {
        let mut writing = Writer::new(session.clone(), address.clone(), Arc::clone(&history));
        tokio::spawn(async move {
            for n in 0..ROUNDS {
                writing.settle(&format!("w{writer}-{n}")).await;
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        let begun = history.now();
        history.read(session.ids().await, begun);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let chain = session.ids().await;
    assert_eq!(chain.len(), 1 + WRITERS * ROUNDS);
    history.check(&chain).unwrap();
    for writer in 0..WRITERS {
        let own: Vec<_> = chain.iter().filter(|uuid| uuid.starts_with(&format!("w{writer}-"))).collect();
        assert!(
            own.iter().enumerate().all(|(n, uuid)| **uuid == format!("w{writer}-{n}")),
            "a writer's entries keep their order"
        );
    }
}

/// The same entry from many senders at once is stored once, and all of them are told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_entry_sent_by_many_is_stored_once() {
    let server = Server::start().await;
    let session = server.session("s");
    let mut head: Option<String> = None;
    for round in 0..10 {
        let uuid = format!("u{round}");
        let sends = (0..16).map(|_| {
            let call = session.put(head.as_deref(), entry(&uuid));
            tokio::spawn(async move { call.send().await })
        });
        let answers = futures_util::future::join_all(sends.collect::<Vec<_>>()).await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        let count = |status| answers.iter().filter(|answer| answer.status == status).count();
        assert_eq!((count(201), count(200)), (1, 15), "{answers:?}");
        for answer in answers {
            assert_eq!(
                (answer.json()["seq"].as_u64(), answer.header("x-last-uuid")),
                (Some(round), Some(uuid.as_str()))
            );
        }
        head = Some(uuid);
    }
    assert_eq!(session.state().await.1, 10);
}

/// A writer that is always behind still learns the head of the moment, never an older one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_names_the_head_of_the_moment() {
    let server = Server::start().await;
    let session = server.session("s");
    let history = Arc::new(History::default());
    let (_keep, address) = watch::channel(server.address);
    let mut ahead = Writer::new(session.clone(), address.clone(), Arc::clone(&history));
    ahead.settle("first").await;
    let leading = tokio::spawn(async move {
        for n in 0..200 {
            ahead.settle(&format!("a{n}")).await;
        }
    });
    let mut conflicts = 0;
    while !leading.is_finished() {
        let mut behind = Writer::new(session.clone(), address.clone(), Arc::clone(&history));
        assert!(matches!(behind.attempt("never").await, Outcome::Conflict(Some(_))));
        conflicts += 1;
    }
    leading.await.unwrap();
    assert!(conflicts > 0, "nothing was tried");
    history.check(&session.ids().await).unwrap();
}
