//! Batches: put together byte for byte, recognised when they are sent again, and never of doubtful fate unsaid.

use verbatim_client::{Batch, BatchError, IdempotencyKey, sessions::BatchFormError};
use verbatim_fake::{Reply, Step};

use crate::support::*;

fn receipt(entries: usize) -> Step {
    let result = r#"{"uuid":null,"seq":0,"status":"stored"}"#;
    let results = vec![result; entries].join(",");
    Step::Answer(Reply::new(201).body(format!(r#"{{"status":"stored","results":[{results}],"head":null,"length":9}}"#)))
}

fn conflict(head: &str) -> Step {
    Step::Answer(Reply::error(409, "conflict_error", "not_stored").header("x-last-uuid", head))
}

#[tokio::test]
async fn a_batch_is_sent_byte_for_byte_behind_the_head_that_there_is() {
    let scene = scene().await;
    scene.server.script([conflict("u1"), Step::Cut, conflict("u2"), receipt(2)]);
    let batch = Batch::new([" {\"uuid\" : \"a\",\n \"n\":1e400}\n", r#"{"x":"\ud800"}"#]).expect("a batch");
    let stored = scene.client.sessions().append_batch(&scene.session, &batch).await.expect("stored");
    assert_eq!(stored.results.len(), 2);
    let sent = scene.server.requests();
    assert_eq!(sent.len(), 4);
    for (request, last) in sent.iter().zip([None, Some("u1"), Some("u1"), Some("u2")]) {
        assert_eq!(request.url.path(), "/v1/sessions/s1/entries");
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("last-uuid"), last);
        assert_eq!(request.body, "[{\"uuid\" : \"a\",\n \"n\":1e400},{\"x\":\"\\ud800\"}]");
        assert_eq!(request.header("idempotency-key"), sent[0].header("idempotency-key"));
    }
    assert_eq!(sent[0].header("idempotency-key"), Some(batch.key().as_str()));
}

#[tokio::test]
async fn a_receipt_that_is_not_whole_is_asked_for_again() {
    let scene = scene().await;
    scene.server.script([receipt(1), receipt(2)]);
    let batch = Batch::new(["{}", "{}"]).expect("a batch").with_key(IdempotencyKey::new("k").expect("key"));
    scene.client.sessions().append_batch(&scene.session, &batch).await.expect("stored");
    assert_eq!(sent(&scene.server, "idempotency-key"), vec![Some("k".to_owned()); 2]);
}

#[tokio::test]
async fn each_end_says_what_to_do_next() {
    type Is = fn(&BatchError) -> bool;
    let refuse = |status, code| Step::refuse(status, code, "not_stored");
    let table: [(Vec<Step>, Is); 7] = [
        (vec![refuse(422, "uuid_reused_error")], |error| matches!(error, BatchError::Rejected(_))),
        (vec![refuse(410, "session_ended_error")], |error| matches!(error, BatchError::SessionEnded(_))),
        (vec![refuse(403, "permission_error")], |error| matches!(error, BatchError::NotAllowed(_))),
        (vec![refuse(404, "not_found_error")], |error| matches!(error, BatchError::Misdirected(_))),
        (vec![refuse(503, "overloaded_error"); 2], |error| matches!(error, BatchError::Unavailable(_))),
        (vec![Step::Cut, Step::Cut], |error| matches!(error, BatchError::OutcomeUnknown(_))),
        (vec![conflict("u1"), conflict("u1")], |error| matches!(error, BatchError::Contended(_))),
    ];
    for (steps, is) in table {
        let scene = scene_with(|builder| builder.retry(attempts(2))).await;
        scene.server.script(steps.clone());
        let batch = Batch::new(["{}"]).expect("a batch");
        let error = scene.client.sessions().append_batch(&scene.session, &batch).await.expect_err("refused");
        assert!(is(&error), "{steps:?}: {error:?}");
        assert!(scene.server.is_script_done(), "{steps:?}");
    }
}

#[test]
fn what_is_no_batch_is_refused_here() {
    assert_eq!(Batch::new([""; 0]).expect_err("empty"), BatchFormError::Empty);
    assert_eq!(Batch::new(["{}"; 1001]).expect_err("too many"), BatchFormError::TooMany);
    assert_eq!(Batch::new(["{}"; 1000]).expect("a batch").entries(), 1000);
    let wrong = Batch::new(["{}", "{},{}"]).expect_err("two in one");
    assert!(matches!(wrong, BatchFormError::Entry { number: 2, .. }), "{wrong:?}");
}
