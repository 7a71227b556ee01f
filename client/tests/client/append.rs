//! Appends: what is sent, when it is sent again, and what the error says when it is not.

use std::time::Duration;

use verbatim_client::{AppendError, AppendStatus, BuildError, Client, ErrorCode, IdempotencyKey, RetryPolicy};
use verbatim_fake::{Hold, Reply, Step};

use crate::support::*;

#[tokio::test]
async fn entries_are_appended_as_they_are_each_on_the_one_before() {
    let scene = scene().await;
    let odd = r#" {"uuid" : "u1","a":1e400,"a":"\ud800"}"#;
    assert_eq!(scene.writer.append(odd).await.expect("append").seq, 0);
    assert_eq!(scene.writer.append(r#"{"type":"summary"}"#).await.expect("append").seq, 1);
    assert_eq!(scene.writer.append(entry("u2")).await.expect("append").seq, 2);
    assert_eq!(sent(&scene.server, "last-uuid"), [None, Some("u1".to_owned()), Some("u1".to_owned())]);
    assert_eq!(sent(&scene.server, "content-type")[0].as_deref(), Some("application/json"));
    assert_eq!(scene.server.entries("s1")[0], odd.trim());
    assert_eq!(scene.writer.head().expect("head").as_str(), "u2");
}

#[tokio::test]
async fn what_is_no_entry_is_refused_without_sending_it() {
    let scene = scene().await;
    for bad in ["", "[]", "{", r#"{"uuid":7}"#, "{}{}"] {
        match scene.writer.append(bad).await {
            Err(AppendError::Rejected(refused)) => {
                assert_eq!(refused.entry, bad);
                assert_eq!((refused.failure.code, refused.failure.attempts), (Some(ErrorCode::InvalidRequest), 0));
            }
            other => panic!("{bad}: {other:?}"),
        }
    }
    assert!(scene.server.requests().is_empty());
}

#[tokio::test]
async fn transient_refusals_are_sent_again_with_growing_delays() {
    let scene = scene().await;
    scene.server.script([
        Step::refuse(408, "request_timeout", "not_stored"),
        Step::refuse(429, "rate_limit_error", "not_stored"),
        Step::refuse(500, "api_error", "unknown"),
        Step::Answer(Reply::new(502).body("<html>bad gateway</html>")),
        Step::refuse(503, "overloaded_error", "not_stored"),
        Step::Cut,
        Step::CutBody(10),
    ]);
    let receipt = scene.writer.append(entry("u1")).await.expect("append");
    assert_eq!((receipt.status, receipt.seq), (AppendStatus::AlreadyStored, 0));
    let delays = scene.delays.taken();
    assert_eq!(delays.len(), 7);
    assert!(delays[0] <= Duration::from_millis(750) && delays[6] >= Duration::from_secs(4), "{delays:?}");
    assert_eq!(scene.server.entries("s1"), [entry("u1")]);
}

#[tokio::test]
async fn retry_after_is_the_least_that_is_waited() {
    let scene = scene().await;
    let refusal = |wait| Step::Answer(Reply::error(503, "overloaded_error", "not_stored").header("retry-after", wait));
    scene.server.script([refusal("42"), refusal("0")]);
    scene.writer.append(entry("u1")).await.expect("append");
    let delays = scene.delays.taken();
    assert_eq!(delays[0], Duration::from_secs(42));
    assert!(delays[1] >= Duration::from_millis(500));
}

#[tokio::test]
async fn a_retry_after_beyond_the_bound_is_the_callers_to_wait_for() {
    let scene = scene().await;
    let refusal = Reply::error(503, "storage_full_error", "not_stored").header("retry-after", "301");
    scene.server.script([Step::Answer(refusal)]);
    let error = scene.writer.append(entry("u1")).await.expect_err("given up");
    assert!(matches!(error, AppendError::Unavailable(_)));
    assert_eq!(error.failure().expect("failure").code, Some(ErrorCode::StorageFull));
    assert!(scene.delays.taken().is_empty());
}

#[tokio::test]
async fn when_all_attempts_were_surely_not_carried_out_the_error_says_so() {
    let scene = scene().await;
    scene.server.script(vec![Step::refuse(503, "overloaded_error", "not_stored"); 10]);
    let error = scene.writer.append(entry("u1")).await.expect_err("given up");
    let AppendError::Unavailable(refused) = &error else { panic!("{error:?}") };
    assert_eq!(refused.entry, entry("u1"));
    assert_eq!(refused.failure.attempts, 10);
    assert_eq!(refused.failure.request_id.as_deref(), Some("scripted-request"));
    assert_eq!(scene.delays.taken().len(), 9);
    assert!(scene.server.is_script_done());
}

#[tokio::test]
async fn where_nothing_listens_nothing_was_stored() {
    let gone = verbatim_fake::Server::start().await.url();
    let scene = scene_with(|builder| builder.retry(attempts(3))).await;
    let client =
        Client::builder(&gone).token("t").retry(attempts(3)).sleeper(scene.delays.clone()).build().expect("client");
    let error = client.session(&scene.session).append(entry("u1")).await.expect_err("refused");
    assert!(matches!(&error, AppendError::Unavailable(refused) if refused.failure.attempts == 3), "{error:?}");
    assert!(error.to_string().contains(&format!("cannot connect to {gone}")), "{error}");
}

#[tokio::test]
async fn one_open_request_makes_the_outcome_unknown() {
    for open in [
        Step::ServeThenCut,
        Step::Cut,
        Step::refuse(500, "api_error", "unknown"),
        Step::Answer(Reply::new(504)),
        Step::ServeThenAnswer(Reply::new(201).body("{")),
    ] {
        let scene = scene_with(|builder| builder.retry(attempts(2))).await;
        scene.server.script([open.clone(), Step::refuse(503, "overloaded_error", "not_stored")]);
        let error = scene.writer.append(entry("u1")).await.expect_err("given up");
        let AppendError::OutcomeUnknown(unknown) = &error else { panic!("{open:?}: {error:?}") };
        assert_eq!((&unknown.entry[..], unknown.key), (entry("u1").as_bytes(), None));
        assert!(error.may_be_stored());
    }
}

#[tokio::test]
async fn a_refusal_after_an_open_request_proves_nothing_unless_it_is_about_this_uuid() {
    for (status, code, is_open) in [
        (400, "invalid_request_error", true),
        (403, "permission_error", true),
        (410, "session_ended_error", true),
        (413, "request_too_large", true),
        (422, "uuid_reused_error", false),
    ] {
        let scene = scene().await;
        scene.server.script([Step::ServeThenCut, Step::refuse(status, code, "not_stored")]);
        let error = scene.writer.append(entry("u1")).await.expect_err("refused");
        assert_eq!(error.may_be_stored(), is_open, "{status}");
    }
}

#[tokio::test]
async fn what_will_be_refused_again_is_sent_once() {
    type Is = fn(&AppendError) -> bool;
    let table: [(u16, &str, Is); 9] = [
        (400, "invalid_request_error", |error| matches!(error, AppendError::Rejected(_))),
        (413, "request_too_large", |error| matches!(error, AppendError::Rejected(_))),
        (415, "unsupported_media_type", |error| matches!(error, AppendError::Rejected(_))),
        (422, "uuid_reused_error", |error| matches!(error, AppendError::Rejected(_))),
        (403, "permission_error", |error| matches!(error, AppendError::NotAllowed(_))),
        (410, "session_ended_error", |error| matches!(error, AppendError::SessionEnded(_))),
        (404, "not_found_error", |error| matches!(error, AppendError::Misdirected(_))),
        (405, "method_not_allowed", |error| matches!(error, AppendError::Misdirected(_))),
        (307, "redirect", |error| matches!(error, AppendError::Misdirected(_))),
    ];
    for (status, code, is_right) in table {
        let scene = scene().await;
        let reply = Reply::error(status, code, "not_stored").header("location", "/elsewhere");
        scene.server.script([Step::Answer(reply)]);
        let error = scene.writer.append(entry("u1")).await.expect_err("refused");
        assert!(is_right(&error), "{status}: {error:?}");
        assert_eq!(error.failure().expect("failure").status, Some(status));
        assert_eq!(scene.server.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_lost_acknowledgement_is_recognised_by_the_uuid() {
    let scene = scene().await;
    scene.server.script([Step::ServeThenCut]);
    let receipt = scene.writer.append(entry("u1")).await.expect("append");
    assert_eq!(receipt.status, AppendStatus::AlreadyStored);
    assert_eq!(scene.server.entries("s1").len(), 1);
}

#[tokio::test]
async fn a_lost_acknowledgement_is_recognised_though_another_writer_got_in_between() {
    let scene = scene().await;
    scene.server.script([Step::ServeThenCut, Step::Intrude(r#"{"uuid":"other"}"#)]);
    assert_eq!(scene.writer.append(entry("u1")).await.expect("append").seq, 0);
    scene.writer.append(entry("u2")).await.expect("append");
    assert_eq!(methods(&scene.server), "PUT PUT PUT", "the head of the answer was adopted");
    assert_eq!(scene.server.entries("s1").len(), 3);
}

#[tokio::test]
async fn an_entry_without_uuid_is_recognised_by_a_key_that_is_made_up_for_it() {
    let scene = scene().await;
    scene.server.script([Step::ServeThenCut]);
    let summary = r#"{"type":"summary"}"#;
    let receipt = scene.writer.append(summary).await.expect("append");
    assert_eq!((receipt.status, receipt.uuid), (AppendStatus::AlreadyStored, None));
    let second = scene.writer.append(summary).await.expect("append");
    assert_eq!(
        (second.status, second.seq),
        (AppendStatus::Stored, 1),
        "another append of equal content is another entry"
    );
    let keys = sent(&scene.server, "idempotency-key");
    assert_eq!(keys[0], keys[1]);
    assert_ne!(keys[1], keys[2]);
}

#[tokio::test]
async fn the_key_of_an_unknown_outcome_settles_it() {
    let scene = scene_with(|builder| builder.retry(attempts(1))).await;
    scene.server.script([Step::ServeThenCut]);
    let error = scene.writer.append(r#"{"type":"summary"}"#).await.expect_err("open");
    let AppendError::OutcomeUnknown(open) = error else { panic!("{error:?}") };
    let receipt = scene.writer.append_with_key(open.entry, open.key.expect("a key")).await.expect("append");
    assert_eq!(receipt.status, AppendStatus::AlreadyStored);
}

#[tokio::test]
async fn a_given_key_is_sent_where_there_is_no_uuid() {
    let scene = scene().await;
    let key = IdempotencyKey::new("line-1").expect("key");
    scene.writer.append_with_key(r#"{"type":"summary"}"#, key).await.expect("append");
    scene.writer.append_with_key(entry("u1"), key).await.expect("append");
    assert_eq!(sent(&scene.server, "idempotency-key"), [Some("line-1".to_owned()), None]);
}

#[tokio::test]
async fn an_attempt_that_takes_too_long_is_given_up() {
    let scene = scene_with(|builder| builder.append_timeout(Duration::from_millis(50)).retry(attempts(2))).await;
    let hold = Hold::default();
    scene.server.script([Step::Wait(hold.clone()), Step::Wait(hold)]);
    let error = scene.writer.append(entry("u1")).await.expect_err("given up");
    assert!(error.may_be_stored(), "{error:?}");
}

#[tokio::test]
async fn the_organisation_goes_along_and_a_path_before_v1_is_kept() {
    let server = verbatim_fake::Server::start().await;
    let organization = "0190d3a5-7c1e-7000-8000-000000000000";
    let builder = Client::builder(&format!("{}/behind/", server.url())).token("t");
    let client = builder.organization(organization.parse().expect("uuid")).build().expect("client");
    let session = verbatim_client::SessionId::new("s1").expect("id");
    let _ = client.session(&session).append(entry("u1")).await;
    assert_eq!(server.requests()[0].url.path(), "/behind/v1/session_ingress/session/s1");
    assert_eq!(sent(&server, "x-organization-uuid"), [Some(organization.to_owned())]);
}

#[tokio::test]
async fn neither_content_nor_token_shows_in_an_error() {
    let scene = scene_with(|builder| {
        builder.token("secret-token").retry(RetryPolicy { attempts_max: 1, ..RetryPolicy::default() })
    })
    .await;
    scene.server.script([Step::Answer(Reply::new(500).body("secret-body"))]);
    let error = scene.writer.append(r#"{"uuid":"u1","text":"secret-content"}"#).await.expect_err("refused");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(!format!("{:?}", scene.client).contains("secret"));
    let error = Client::builder("http://host").token("secret token").build().err();
    assert!(matches!(&error, Some(BuildError::Token(why)) if !why.to_string().contains("secret")), "{error:?}");
}
