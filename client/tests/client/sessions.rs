//! Sessions as resources: what is sent, what each refusal means, and that nothing is done twice.

use futures_util::TryStreamExt;
use verbatim_client::{
    ChangeError, CreateSession, ForkSession, PatchSession, ReadError, SessionFilter, SessionId, Status, Token,
};
use verbatim_fake::{Reply, Step};

use crate::support::*;

fn session(id: &str) -> String {
    let time = "2026-01-02T03:04:05.000006Z";
    let digest = "0".repeat(64);
    format!(
        r#"{{"id":"{id}","project":null,"parent_session_id":null,"subpath":null,"title":"T","status":"active","metadata":{{}},"length":0,"bytes":0,"head":null,"digest":"{digest}","boundaries":{{"count":0,"last_seq":null}},"forked_from":null,"created_at":"{time}","updated_at":"{time}","first_entry_at":null,"last_entry_at":null,"expires_at":null}}"#
    )
}

fn shown(status: u16, id: &str) -> Step {
    Step::Answer(Reply::new(status).header("etag", "\"1.0\"").body(session(id)))
}

fn list(ids: &[&str], cursor: Option<&str>) -> Step {
    let data: Vec<_> = ids.iter().map(|id| session(id)).collect();
    let next = cursor.map_or_else(String::new, |cursor| format!(r#","next_cursor":"{cursor}""#));
    Step::Answer(Reply::new(200).body(format!(r#"{{"data":[{}]{next}}}"#, data.join(","))))
}

#[tokio::test]
async fn a_creation_or_fork_whose_answer_was_lost_is_sent_as_the_same_one() {
    let scene = scene().await;
    scene.server.script([Step::Cut, shown(200, "a"), Step::Cut, shown(200, "b")]);
    let created = scene.client.sessions().create(CreateSession::default()).await.expect("created");
    assert_eq!((created.session.id.as_str(), created.etag.as_str()), ("a", "\"1.0\""));
    scene.client.sessions().fork(&scene.session, ForkSession::default()).await.expect("forked");
    let sent = scene.server.requests();
    for (path, pair) in [("/v1/sessions", &sent[..2]), ("/v1/sessions/s1/fork", &sent[2..])] {
        assert!(pair.iter().all(|request| request.url.path() == path && request.method == "POST"));
        assert!(!pair[0].body.is_empty() && pair[0].body == pair[1].body);
        let body: serde_json::Value = serde_json::from_slice(&pair[0].body).expect("JSON");
        assert!(body["id"].as_str().is_some_and(|id| SessionId::new(id).is_ok()), "{body}");
    }
}

#[tokio::test]
async fn each_refusal_says_what_to_do_next() {
    type Is = fn(&ChangeError) -> bool;
    let table: [(u16, &str, Is); 8] = [
        (404, "not_found_error", |error| matches!(error, ChangeError::NotFound(_))),
        (409, "session_exists_error", |error| matches!(error, ChangeError::Exists(_))),
        (412, "precondition_failed_error", |error| matches!(error, ChangeError::Changed(_))),
        (410, "session_ended_error", |error| matches!(error, ChangeError::Ended(_))),
        (403, "permission_error", |error| matches!(error, ChangeError::NotAllowed(_))),
        (401, "authentication_error", |error| matches!(error, ChangeError::NotAllowed(_))),
        (400, "invalid_request_error", |error| matches!(error, ChangeError::Rejected(_))),
        (429, "rate_limit_error", |error| matches!(error, ChangeError::Unavailable(_))),
    ];
    for (status, code, is) in table {
        let scene = scene_with(|builder| builder.retry(attempts(1))).await;
        let refused = Reply::new(status).body(format!(r#"{{"error":{{"type":"{code}","message":"m"}}}}"#));
        scene.server.script([Step::Answer(refused)]);
        let patch = PatchSession { status: Some(Status::Ended), ..PatchSession::default() };
        let error = scene.client.sessions().patch(&scene.session, &patch, Some("\"7.0\"")).await.expect_err("refused");
        assert!(is(&error), "{status}: {error:?}");
        let sent = &scene.server.requests()[0];
        assert_eq!((sent.header("if-match"), &sent.body[..]), (Some("\"7.0\""), &br#"{"status":"ended"}"#[..]));
    }
}

#[tokio::test]
async fn a_lost_race_with_oneself_is_not_called_lost() {
    let scene = scene().await;
    let raced = Step::refuse(412, "precondition_failed_error", "not_stored");
    scene.server.script([Step::Cut, raced, Step::Cut, shown(200, "s1")]);
    let sessions = scene.client.sessions();
    let error = sessions.patch(&scene.session, &PatchSession::default(), Some("\"7.0\"")).await.expect_err("unknown");
    assert!(matches!(error, ChangeError::OutcomeUnknown(_)), "{error:?}");
    assert_eq!(sessions.restore(&scene.session).await.expect("restored").session.id.as_str(), "s1");
}

#[tokio::test]
async fn a_change_that_may_have_arrived_is_not_called_undone() {
    let scene = scene_with(|builder| builder.retry(attempts(2))).await;
    scene.server.script([Step::Cut, Step::Cut]);
    let error = scene.client.sessions().delete(&scene.session, false).await.expect_err("no answer");
    assert!(matches!(error, ChangeError::OutcomeUnknown(_)), "{error:?}");
    let sent = &scene.server.requests()[0];
    assert_eq!((sent.method.as_str(), sent.url.query()), ("DELETE", Some("cascade=false")));
}

#[tokio::test]
async fn a_list_goes_on_over_pages_that_hold_nothing_and_ends() {
    let scene = scene().await;
    scene.server.script([list(&["a", "b"], Some("x")), list(&[], Some("y")), list(&["c"], None)]);
    let filter = SessionFilter {
        project: Some("blue & red".to_owned()),
        metadata: vec![("k".to_owned(), "v=1".to_owned())],
        status: Some(Status::Ended),
        ..SessionFilter::default()
    };
    let sessions: Vec<_> = scene.client.sessions().list(&filter).try_collect().await.expect("listed");
    assert_eq!(sessions.iter().map(|session| session.id.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    let sent = scene.server.requests();
    for (request, cursor) in sent.iter().zip([None, Some("x"), Some("y")]) {
        let mut wanted = vec![("project", "blue & red"), ("status", "ended"), ("metadata.k", "v=1")];
        wanted.extend(cursor.map(|cursor| ("cursor", cursor)));
        let pairs: Vec<_> = request.url.query_pairs().into_owned().collect();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, wanted);
    }
}

#[tokio::test]
async fn a_list_whose_cursors_go_round_ends() {
    let scene = scene().await;
    scene.server.script([list(&["a"], Some("x")), list(&[], Some("y")), list(&["b"], Some("x"))]);
    let mut sessions = scene.client.sessions().list(&SessionFilter::default());
    let error = loop {
        match sessions.try_next().await {
            Ok(session) => drop(session.expect("no end")),
            Err(error) => break error,
        }
    };
    assert_eq!(error, ReadError::CursorStuck { entries_read: 2 });
    assert_eq!(scene.server.requests().len(), 3);
}

#[tokio::test]
async fn a_provider_of_session_tokens_alone_has_none_for_the_organisation() {
    let provider = |_| std::future::ready(Token::new("t"));
    let scene = scene_with(|builder| builder.token_provider(provider)).await;
    let error = scene.client.sessions().show(&scene.session).await.expect_err("no token");
    assert!(matches!(error, ReadError::NotAllowed(_)), "{error:?}");
    assert!(scene.server.requests().is_empty());
}
