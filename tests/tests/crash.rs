//! kill -9 at random moments under load: every acknowledged entry is there, once, in its order.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time};
use verbatim_tests::{
    history::History,
    rng::Rng,
    server::Server,
    token::{ORG, Token},
    writer::Writer,
};

const WRITERS: usize = 8;
/// Two writers share each session, so that conflicts and retries meet the crash too.
const SESSIONS: usize = 4;
const ROUNDS: usize = 20;
/// A round is cut short after at most this long.
const ROUND_MILLIS_MAX: u64 = 300;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_twenty_kills() {
    let mut rng = Rng::seeded("crash");
    let mut server = Server::start().await;
    let address = watch::Sender::new(server.address);
    let stop = watch::Sender::new(false);
    let sessions: Vec<_> =
        (0..SESSIONS).map(|n| server.session_as(&format!("s{n}"), &Token::access(ORG).scope("read append"))).collect();
    let histories: Vec<_> = (0..SESSIONS).map(|_| Arc::new(History::default())).collect();
    let writers = (0..WRITERS).map(|writer| {
        let (session, history) = (sessions[writer % SESSIONS].clone(), Arc::clone(&histories[writer % SESSIONS]));
        let mut writing = Writer::new(session, address.subscribe(), history);
        let stop = stop.subscribe();
        tokio::spawn(async move {
            let mut count = 0;
            while !*stop.borrow() {
                writing.settle(&format!("w{writer}-{count}")).await;
                count += 1;
            }
            count
        })
    });
    let writers: Vec<_> = writers.collect();

    for round in 0..ROUNDS {
        time::sleep(Duration::from_millis(rng.below(ROUND_MILLIS_MAX))).await;
        server = server.kill().await.start().await;
        address.send_replace(server.address);
        for (session, history) in sessions.iter().zip(&histories) {
            let begun = history.now();
            if session.at(server.address).state().await.1 > 0 {
                history.read(session.at(server.address).ids().await, begun);
            }
        }
        println!("round {round} done");
    }
    stop.send_replace(true);
    let mut settled = vec![0; WRITERS];
    for (writer, task) in writers.into_iter().enumerate() {
        settled[writer] = task.await.unwrap();
    }
    assert!(settled.iter().sum::<usize>() > ROUNDS, "too little was written to try anything: {settled:?}");

    // The last word is what a clean start reads from the disk.
    server = server.kill().await.start().await;
    for (n, (session, history)) in sessions.iter().zip(&histories).enumerate() {
        let chain = session.at(server.address).ids().await;
        history.check(&chain).unwrap_or_else(|why| panic!("session {n}: {why}"));
        for writer in (n..WRITERS).step_by(SESSIONS) {
            let own: Vec<_> = chain.iter().filter(|uuid| uuid.starts_with(&format!("w{writer}-"))).cloned().collect();
            let sent: Vec<_> = (0..settled[writer]).map(|count| format!("w{writer}-{count}")).collect();
            assert_eq!(own, sent, "writer {writer}: all of its entries, once, in its order");
        }
    }
}
