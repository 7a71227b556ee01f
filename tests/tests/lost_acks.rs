//! Lost acknowledgements: the entry is stored, the answer never arrives, and the retry must not store it again.

use std::sync::Arc;

use tokio::sync::watch;
use verbatim_tests::{
    entry::{entry, plain},
    history::{History, Outcome},
    proxy::Proxy,
    server::Server,
    writer::Writer,
};

#[tokio::test]
async fn a_retry_after_a_lost_answer_is_already_stored() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address).await;
    let session = server.session("s").at(proxy.address);
    session.store(None, entry("a")).await;
    for (last, body, key) in [("a", entry("b"), None), ("b", plain("x"), Some("k"))] {
        let call = session.put(Some(last), body);
        let call = key.into_iter().fold(call, |call, key| call.header("idempotency-key", key));
        let before = proxy.cuts();
        proxy.cut_answers(1);
        assert!(call.attempt().await.is_err(), "the answer was to be cut off");
        assert_eq!(proxy.cuts(), before + 1);
        let answer = call.send().await.expect(200);
        assert_eq!(answer.json()["status"], "already_stored");
    }
    assert_eq!(session.ids().await, ["a", "b", "~2"]);
}

/// Another writer adopted the lost entry as the head and went on: the retry is still the same entry.
#[tokio::test]
async fn another_writer_may_get_in_between() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address).await;
    let direct = server.session("s");
    let session = direct.at(proxy.address);
    session.store(None, entry("a")).await;
    proxy.cut_answers(1);
    let lost = session.put(Some("a"), entry("lost"));
    assert!(lost.attempt().await.is_err());
    let conflict = direct.append(Some("a"), entry("theirs")).await.expect(409);
    assert_eq!(conflict.header("x-last-uuid"), Some("lost"));
    direct.store(Some("lost"), entry("theirs")).await;
    let retry = lost.send().await.expect(200);
    assert_eq!((retry.json()["seq"].as_u64(), retry.header("x-last-uuid")), (Some(1), Some("theirs")));
    session.store(Some("theirs"), entry("next")).await;
    assert_eq!(direct.ids().await, ["a", "lost", "theirs", "next"]);
}

/// Many writers, every third answer lost: everything is stored once, and one chain explains what all of them saw.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn losses_under_load_store_nothing_twice() {
    const WRITERS: usize = 3;
    const ENTRIES: usize = 40;
    let server = Server::start().await;
    let proxy = Arc::new(Proxy::start(server.address).await);
    let session = server.session("s");
    let history = Arc::new(History::default());
    let (_keep, address) = watch::channel(proxy.address);
    let writers = (0..WRITERS).map(|writer| {
        let mut writing = Writer::new(session.clone(), address.clone(), Arc::clone(&history));
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move {
            for n in 0..ENTRIES {
                if n % 3 == writer {
                    proxy.cut_answers(1);
                }
                writing.settle(&format!("w{writer}-{n}")).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert!(proxy.cuts() > WRITERS, "{} answers were cut off", proxy.cuts());
    let chain = session.ids().await;
    assert_eq!(chain.len(), WRITERS * ENTRIES);
    history.check(&chain).unwrap();
}

/// The writer of the harness itself: an answer that never came is neither success nor refusal.
#[tokio::test]
async fn a_lost_answer_is_unknown_until_it_is_settled() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address).await;
    let session = server.session("s");
    let history = Arc::new(History::default());
    let (_keep, address) = watch::channel(proxy.address);
    let mut writer = Writer::new(session.clone(), address, Arc::clone(&history));
    proxy.cut_answers(1);
    assert_eq!(writer.attempt("a").await, Outcome::Unknown);
    assert_eq!(writer.attempt("a").await, Outcome::AlreadyStored(0));
    assert_eq!(session.ids().await, ["a"]);
}
