//! Conflicts: the head is adopted, from wherever it can be learned, and the entry goes on at once.

use verbatim_client::{AppendError, AppendStatus, ErrorCode, RetryPolicy};
use verbatim_fake::{Reply, Step};

use crate::support::*;

fn conflict() -> Reply {
    Reply::error(409, "conflict_error", "not_stored")
}

#[tokio::test]
async fn the_head_that_the_header_names_is_adopted_at_once() {
    let scene = scene().await;
    scene.server.intrude("s1", &entry("other"));
    assert_eq!(scene.writer.append(entry("u1")).await.expect("append").seq, 1);
    assert_eq!(sent(&scene.server, "last-uuid"), [None, Some("other".to_owned())]);
    assert!(scene.delays.taken().is_empty());
}

#[tokio::test]
async fn without_the_header_the_head_is_read() {
    let scene = scene().await;
    scene.server.intrude("s1", &entry("other"));
    scene.server.script([Step::Answer(conflict())]);
    scene.writer.append(entry("u1")).await.expect("append");
    assert_eq!(methods(&scene.server), "PUT HEAD PUT");
    assert_eq!(sent(&scene.server, "last-uuid")[2].as_deref(), Some("other"));
}

#[tokio::test]
async fn no_head_is_a_head_too() {
    let scene = scene().await;
    scene.writer.append(entry("u1")).await.expect("append");
    scene.server.script([Step::Answer(conflict()), Step::Answer(Reply::new(404)), Step::Serve]);
    let second = scene.writer.append(entry("u2")).await.expect("append");
    assert_eq!(second.seq, 1);
    let last = sent(&scene.server, "last-uuid");
    assert_eq!(last[1..], [Some("u1".to_owned()), None, None, Some("u1".to_owned())], "{}", methods(&scene.server));
}

#[tokio::test]
async fn a_head_that_cannot_be_read_stops_the_append_without_leaving_it_open() {
    let scene = scene_with(|builder| builder.retry(attempts(2))).await;
    scene.server.script([Step::Answer(conflict()), Step::Cut, Step::Cut]);
    let error = scene.writer.append(entry("u1")).await.expect_err("given up");
    assert!(matches!(error, AppendError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn a_conflict_settles_that_an_open_request_was_not_carried_out() {
    let scene = scene_with(|builder| builder.retry(attempts(2))).await;
    let refusal = Step::refuse(503, "overloaded_error", "not_stored");
    scene.server.script([Step::Cut, Step::Answer(conflict().header("x-last-uuid", "other")), refusal]);
    let error = scene.writer.append(entry("u1")).await.expect_err("given up");
    assert!(matches!(error, AppendError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn where_the_entry_itself_is_the_head_it_was_stored() {
    let scene = scene().await;
    scene.writer.append(entry("u0")).await.expect("append");
    let itself = Step::ServeThenAnswer(conflict().header("x-last-uuid", "u1"));
    scene.server.script([itself]);
    let receipt = scene.writer.append(entry("u1")).await.expect("append");
    assert_eq!((receipt.status, receipt.seq), (AppendStatus::AlreadyStored, 1));
    assert_eq!(
        sent(&scene.server, "last-uuid")[2].as_deref(),
        Some("u0"),
        "its own uuid is never sent as its Last-Uuid"
    );
    assert_eq!(scene.writer.head().expect("head").as_str(), "u1");
}

#[tokio::test]
async fn a_server_that_only_compares_heads_still_stores_it_once() {
    let scene = scene().await;
    scene.writer.append(entry("u0")).await.expect("append");
    let itself = Step::ServeThenAnswer(conflict().header("x-last-uuid", "u1"));
    scene.server.script([itself.clone(), itself]);
    let receipt = scene.writer.append(entry("u1")).await.expect("append");
    assert_eq!((receipt.status, receipt.seq), (AppendStatus::AlreadyStored, 1));
    assert_eq!(methods(&scene.server), "PUT PUT PUT GET", "its place is read from the pages");
    assert_eq!(scene.server.entries("s1").len(), 2);
}

#[tokio::test]
async fn two_writers_cannot_keep_each_other_going_for_ever() {
    let policy = RetryPolicy { conflicts_max: 5, attempts_max: 1, ..RetryPolicy::default() };
    let scene = scene_with(|builder| builder.retry(policy)).await;
    scene.server.script(vec![Step::Answer(conflict().header("x-last-uuid", "other")); 6]);
    let error = scene.writer.append(entry("u1")).await.expect_err("given up");
    let AppendError::Contended(refused) = &error else { panic!("{error:?}") };
    assert_eq!((refused.failure.code, refused.failure.attempts), (Some(ErrorCode::Conflict), 6));
    assert!(scene.server.is_script_done() && scene.delays.taken().is_empty());
}

#[tokio::test]
async fn conflicts_use_up_no_attempts() {
    let scene = scene_with(|builder| builder.retry(attempts(2))).await;
    let mut steps = vec![Step::Answer(conflict().header("x-last-uuid", "other")); 50];
    steps.insert(25, Step::refuse(503, "overloaded_error", "not_stored"));
    scene.server.script(steps);
    scene.writer.append(entry("u1")).await.expect("append");
}

#[tokio::test]
async fn racing_writers_all_finish_and_every_entry_is_there_once() {
    let scene = scene().await;
    let rivals: Vec<_> = (0..4)
        .map(|rival| {
            let client = verbatim_client::Client::builder(&scene.server.url()).token("t").build().expect("client");
            let writer = client.session(&scene.session);
            tokio::spawn(async move {
                for round in 0..20 {
                    writer.append(entry(&format!("{rival}-{round}"))).await.expect("append");
                }
            })
        })
        .collect();
    for rival in rivals {
        rival.await.expect("rival");
    }
    let mut entries = scene.server.entries("s1");
    assert_eq!(entries.len(), 80);
    entries.sort();
    entries.dedup();
    assert_eq!(entries.len(), 80);
}

#[tokio::test]
async fn a_hydrated_writer_meets_no_conflict() {
    let scene = scene().await;
    assert_eq!(scene.writer.hydrate().await.expect("hydrate").entries, 0);
    scene.server.intrude("s1", &entry("other"));
    scene.server.intrude("s1", r#"{"type":"summary"}"#);
    let head = scene.writer.hydrate().await.expect("hydrate");
    assert_eq!((head.entries, head.uuid.expect("head").as_str()), (2, "other"));
    scene.writer.append(entry("u1")).await.expect("append");
    assert_eq!(methods(&scene.server), "HEAD HEAD PUT");
}
