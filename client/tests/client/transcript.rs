//! Whole transcripts: complete or an error, and every byte as it was.

use std::time::Duration;

use verbatim_client::{ErrorCode, ReadError};
use verbatim_fake::{Hold, Reply, Step};

use crate::support::*;

const BOUNDARY: &str = r#"{"uuid":"b1","type":"system","subtype":"compact_boundary"}"#;
const ODD: &str = r#"{ "a":1e400, "a":"\ud800","é":"\u00e9" }"#;

async fn three_entries() -> Scene {
    let scene = scene_with(|builder| builder.retry(attempts(3))).await;
    for entry in [entry("u1").as_str(), BOUNDARY, ODD] {
        scene.server.intrude("s1", entry);
    }
    scene
}

fn texts(transcript: &verbatim_client::Transcript) -> Vec<&str> {
    transcript.loglines.iter().map(|line| line.get()).collect()
}

#[tokio::test]
async fn a_transcript_comes_back_byte_for_byte() {
    let scene = three_entries().await;
    let reader = scene.client.reader(&scene.session);
    let whole = reader.read_all().await.expect("read");
    assert_eq!(texts(&whole), [entry("u1").as_str(), BOUNDARY, ODD]);
    assert_eq!(whole.last_uuid.expect("head").as_str(), "b1");
    let compact = reader.after_last_compact().await.expect("read");
    assert_eq!(texts(&compact), [BOUNDARY, ODD]);
}

#[tokio::test]
async fn a_transcript_that_was_cut_off_is_read_again() {
    for step in [Step::Shorten(60), Step::CutBody(60), Step::Shorten(0), Step::Cut] {
        let scene = three_entries().await;
        scene.server.script([step.clone()]);
        let whole = scene.client.reader(&scene.session).read_all().await.expect("read");
        assert_eq!(whole.count, 3, "{step:?}");
        assert_eq!(scene.server.requests().len(), 2, "{step:?}");
    }
}

#[tokio::test]
async fn a_transcript_that_is_always_cut_off_is_an_error() {
    let scene = three_entries().await;
    let short = r#"{"loglines":[{"uuid":"u1"}],"count":3,"last_uuid":"b1"}"#;
    scene.server.script([Step::Shorten(60), Step::CutBody(60), Step::Answer(Reply::new(200).body(short))]);
    let error = scene.client.reader(&scene.session).read_all().await.expect_err("cut off");
    let ReadError::Unavailable(failure) = error else { panic!("{error:?}") };
    assert_eq!(failure.attempts, 3);
    assert!(failure.message.contains("says that it has 3 entries and holds 1"), "{failure}");
}

#[tokio::test]
async fn answers_may_be_long_and_refusals_may_not() {
    let scene = three_entries().await;
    let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(1 << 20));
    scene.server.intrude("s1", &long);
    let reader = scene.client.reader(&scene.session);
    assert_eq!(reader.read_all().await.expect("read").loglines[3].get(), long);
    scene.server.script([Step::Answer(Reply::new(403).body(long))]);
    let ReadError::NotAllowed(failure) = reader.read_all().await.expect_err("refused") else { panic!("another error") };
    assert_eq!(failure.message, "the server says 403 Forbidden and no more");
}

#[tokio::test]
async fn what_a_status_means_for_a_read() {
    type Is = fn(&ReadError) -> bool;
    let table: [(u16, &str, Is, usize); 7] = [
        (404, "not_found_error", |error| matches!(error, ReadError::NotFound(_)), 1),
        (403, "permission_error", |error| matches!(error, ReadError::NotAllowed(_)), 1),
        (400, "invalid_request_error", |error| matches!(error, ReadError::Rejected(_)), 1),
        (410, "cursor_gone_error", |error| matches!(error, ReadError::Rejected(_)), 1),
        (302, "redirect", |error| matches!(error, ReadError::Rejected(_)), 1),
        (429, "rate_limit_error", |error| matches!(error, ReadError::Unavailable(_)), 3),
        (503, "shutting_down", |error| matches!(error, ReadError::Unavailable(_)), 3),
    ];
    for (status, code, is_right, requests) in table {
        let scene = three_entries().await;
        scene.server.script(vec![Step::refuse(status, code, "not_stored"); requests]);
        let error = scene.client.reader(&scene.session).read_all().await.expect_err("refused");
        assert!(is_right(&error), "{status}: {error:?}");
        assert_eq!(scene.server.requests().len(), requests, "{status}");
    }
}

#[tokio::test]
async fn the_head_is_read_without_the_entries() {
    let scene = three_entries().await;
    let head = scene.client.reader(&scene.session).head().await.expect("head");
    assert_eq!((head.entries, head.uuid.expect("uuid").as_str()), (3, "b1"));
    let nobody = verbatim_client::SessionId::new("nobody").expect("id");
    assert!(matches!(scene.client.reader(&nobody).head().await, Err(ReadError::NotFound(_))));
}

#[tokio::test]
async fn a_read_that_stands_still_is_given_up() {
    let set = |builder: verbatim_client::ClientBuilder| {
        builder.read_idle_timeout(Duration::from_millis(50)).retry(attempts(2))
    };
    let scene = scene_with(set).await;
    let hold = Hold::default();
    scene.server.script([Step::Wait(hold.clone()), Step::Wait(hold)]);
    let error = scene.client.reader(&scene.session).read_all().await.expect_err("given up");
    assert!(matches!(error, ReadError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn an_error_carries_what_the_server_said() {
    let scene = three_entries().await;
    scene.server.script([Step::refuse(403, "permission_error", "not_stored")]);
    let error = scene.client.reader(&scene.session).read_all().await.expect_err("refused");
    let ReadError::NotAllowed(failure) = error else { panic!("{error:?}") };
    assert_eq!((failure.code, failure.status), (Some(ErrorCode::Permission), Some(403)));
    assert_eq!(failure.to_string(), "scripted (permission_error, HTTP 403, request scripted-request)");
}
