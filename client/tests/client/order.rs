//! One queue a session: order, room, and what becomes of the entries behind a failed one.

use futures_util::{FutureExt, future::join_all};
use verbatim_client::{
    AppendError, Client,
    writer::{Behind, NotSent},
};
use verbatim_fake::{Hold, Step};

use crate::support::*;

fn not_sent(error: &AppendError) -> &NotSent {
    match error {
        AppendError::NotSent(not_sent) => not_sent,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn appends_are_stored_in_the_order_of_the_calls_whatever_the_queue_holds() {
    let scene = scene_with(|builder| builder.queue_entries(nonzero(2))).await;
    let entries: Vec<_> = (0..50).map(|number| entry(&format!("u{number}"))).collect();
    let same_queue = scene.client.session(&scene.session);
    let appends = entries.iter().enumerate().map(|(number, entry)| {
        let writer = if number % 2 == 0 { &scene.writer } else { &same_queue };
        writer.append(entry.clone())
    });
    for result in join_all(appends).await {
        result.expect("append");
    }
    assert_eq!(scene.server.entries("s1"), entries);
    assert_eq!(scene.server.requests().len(), 50, "one in flight: none met a conflict");
}

#[tokio::test]
async fn a_refused_entry_stops_nobody() {
    let scene = scene().await;
    scene.server.script([Step::Serve, Step::refuse(413, "request_too_large", "not_stored")]);
    let results = join_all(["u1", "u2", "u3"].map(|uuid| scene.writer.append(entry(uuid)))).await;
    assert!(results[0].is_ok() && results[2].is_ok());
    assert!(matches!(&results[1], Err(AppendError::Rejected(_))));
    assert_eq!(scene.server.entries("s1"), [entry("u1"), entry("u3")]);
}

#[tokio::test]
async fn what_queued_behind_a_stopped_entry_is_given_back_room_or_not() {
    for (step, may_be_stored) in [
        (Step::ServeThenCut, true),
        (Step::refuse(503, "overloaded_error", "not_stored"), false),
        (Step::refuse(403, "permission_error", "not_stored"), false),
        (Step::refuse(410, "session_ended_error", "not_stored"), false),
    ] {
        let scene = scene_with(|builder| builder.retry(attempts(1)).queue_entries(nonzero(1))).await;
        scene.server.script([Step::Serve, step.clone()]);
        let uuids = ["u1", "u2", "u3", "u4", "u5"];
        let results = join_all(uuids.map(|uuid| scene.writer.append(entry(uuid)))).await;
        assert!(results[0].is_ok());
        assert_eq!(results[1].as_ref().expect_err("stopped").may_be_stored(), may_be_stored, "{step:?}");
        for (result, uuid) in results[2..].iter().zip(&uuids[2..]) {
            let not_sent = not_sent(result.as_ref().expect_err("behind it"));
            assert_eq!(not_sent.entry, entry(uuid));
            match &*not_sent.behind {
                Behind::Failed { uuid, may_be_stored: said, .. } => {
                    assert_eq!((uuid.expect("uuid").as_str(), *said), ("u2", may_be_stored));
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(scene.server.requests().len(), 2);
        for uuid in &uuids[1..] {
            scene.writer.append(entry(uuid)).await.expect("the writer takes entries again");
        }
        assert_eq!(scene.server.entries("s1"), uuids.map(entry));
    }
}

#[tokio::test]
async fn an_append_that_its_caller_gave_up_stops_the_queue_no_longer_than_it_fails() {
    let scene = scene_with(|builder| builder.retry(attempts(1))).await;
    let hold = Hold::default();
    scene.server.script([Step::Wait(hold.clone()), Step::refuse(403, "permission_error", "not_stored")]);
    let (first, second) = (scene.writer.clone(), scene.writer.clone());
    let first = tokio::spawn(async move { first.append(entry("u1")).await });
    hold.arrived().await;
    let mut given_up = Box::pin(second.append(entry("u2")));
    assert!((&mut given_up).now_or_never().is_none());
    drop(given_up);
    hold.release();
    first.await.expect("task").expect("append");
    loop {
        match scene.writer.append(entry("u3")).await {
            Ok(_) => break,
            Err(error) => assert!(matches!(error, AppendError::NotSent(_)), "{error:?}"),
        }
    }
    assert!(scene.server.is_script_done(), "the append that was given up had been queued, and was sent");
}

#[tokio::test]
async fn clearing_gives_back_what_waits_and_lets_the_one_in_flight_end() {
    let scene = scene().await;
    let hold = Hold::default();
    scene.server.script([Step::Wait(hold.clone())]);
    let appends = ["u1", "u2", "u3"].map(|uuid| {
        let writer = scene.writer.clone();
        tokio::spawn(async move { writer.append(entry(uuid)).await })
    });
    hold.arrived().await;
    scene.client.clear_all_sessions();
    hold.release();
    let results = join_all(appends).await;
    assert!(matches!(&results[0], Ok(Ok(_))), "{results:?}");
    for result in &results[1..] {
        let error = result.as_ref().expect("task").as_ref().expect_err("cleared");
        assert_eq!(*not_sent(error).behind, Behind::Cleared);
    }
    let fresh = scene.client.session(&scene.session);
    assert_eq!(fresh.head(), None);
    fresh.append(entry("u2")).await.expect("append");
    assert_eq!(scene.server.entries("s1"), [entry("u1"), entry("u2")]);
}

#[tokio::test]
async fn clearing_one_session_leaves_the_others() {
    let scene = scene().await;
    let other = scene.client.session(&verbatim_client::SessionId::new("s2").expect("id"));
    other.append(entry("u1")).await.expect("append");
    scene.client.clear_session(&scene.session);
    other.append(entry("u2")).await.expect("append");
    assert!(matches!(scene.writer.append(entry("u1")).await, Err(AppendError::NotSent(_))));
}

#[test]
fn a_writer_whose_runtime_ended_says_so() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let first = runtime();
    let server = first.block_on(verbatim_fake::Server::start());
    let client = Client::builder(&server.url()).token("t").build().expect("client");
    let writer = client.session(&verbatim_client::SessionId::new("s1").expect("id"));
    first.block_on(writer.append(entry("u1"))).expect("append");
    drop(first);
    let error = runtime().block_on(writer.append(entry("u2"))).expect_err("no task");
    assert_eq!(*not_sent(&error).behind, Behind::RuntimeEnded);
}
