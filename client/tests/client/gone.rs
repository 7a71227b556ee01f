//! Purge, reset, redaction, previews: sent so that a lost answer does no harm, and what an unknown outcome leads to.

use verbatim_client::{ChangeError, EntryUuid, Preview, PreviewSessions, ReadError, SessionId, redaction};
use verbatim_fake::{Reply, Step};

use crate::support::*;

async fn scene_of(entries: &[&str]) -> Scene {
    let scene = scene_with(|builder| builder.retry(attempts(3))).await;
    for entry in entries {
        scene.writer.append((*entry).to_owned()).await.expect("stored");
    }
    scene
}

#[tokio::test]
async fn a_purge_whose_answer_was_lost_is_done_and_one_of_nothing_is_not() {
    let scene = scene_of(&["{}"]).await;
    let sessions = scene.client.sessions();
    scene.server.script([Step::ServeThenCut]);
    assert_eq!(sessions.purge(&scene.session, true).await.expect("gone"), None);
    let sent = scene.server.requests();
    let queries: Vec<_> = sent[1..].iter().map(|request| (request.method.as_str(), request.url.query())).collect();
    assert_eq!(queries, [("DELETE", Some("purge=true&cascade=true")); 2]);
    let error = sessions.purge(&scene.session, false).await.expect_err("it was gone before");
    assert!(matches!(error, ChangeError::NotFound(_)), "{error:?}");
    assert_eq!(scene.server.requests()[3].url.query(), Some("purge=true&cascade=false"));
}

#[tokio::test]
async fn a_purge_refused_for_now_and_then_not_found_was_not_ones_own() {
    let scene = scene_of(&[]).await;
    scene.server.script([Step::refuse(503, "overloaded_error", "not_stored")]);
    let error = scene.client.sessions().purge(&scene.session, true).await.expect_err("never there");
    assert!(matches!(error, ChangeError::NotFound(_)), "{error:?}");
    scene.server.script([Step::Cut, Step::Cut, Step::Cut]);
    let error = scene.client.sessions().purge(&scene.session, true).await.expect_err("no answer");
    assert!(matches!(error, ChangeError::OutcomeUnknown(_)), "{error:?}");
}

#[tokio::test]
async fn a_reset_is_made_once_and_a_conflict_names_the_head() {
    let scene = scene_of(&[r#"{"uuid":"u1"}"#]).await;
    let sessions = scene.client.sessions();
    let error = sessions.reset(&scene.session, None).await.expect_err("there is a head");
    let ChangeError::Conflict { head, .. } = error else { panic!("{error:?}") };
    assert_eq!(head, EntryUuid::new("u1").ok());
    scene.server.script([Step::ServeThenCut]);
    let reset = sessions.reset(&scene.session, head.as_ref()).await.expect("reset");
    let archived = reset.archived_session_id.expect("an archive");
    assert_eq!(scene.server.entries(archived.as_str()), [r#"{"uuid":"u1"}"#]);
    assert_eq!((reset.described.session.length, reset.described.session.id), (0, scene.session.clone()));
    assert_eq!(sent(&scene.server, "last-uuid")[1..], [None, Some("u1".to_owned()), Some("u1".to_owned())]);
    // A writer that knew the old chain goes on in the new one.
    scene.writer.append(r#"{"uuid":"u1"}"#).await.expect("its uuid is free again");
    assert_eq!(scene.server.entries("s1").len(), 1);
}

#[tokio::test]
async fn a_reset_that_others_appended_behind_is_not_called_refused() {
    let scene = scene_of(&[r#"{"uuid":"u1"}"#]).await;
    let moved = Step::Answer(Reply::error(409, "conflict_error", "not_stored").header("x-last-uuid", "u2"));
    scene.server.script([Step::ServeThenCut, moved]);
    let last = EntryUuid::new("u1").expect("uuid");
    let error = scene.client.sessions().reset(&scene.session, Some(&last)).await.expect_err("unknown");
    assert!(matches!(error, ChangeError::OutcomeUnknown(_)), "{error:?}");
}

#[tokio::test]
async fn a_redacted_entry_shows_everywhere_that_it_is() {
    let scene = scene_of(&[r#"{"uuid":"a/b","x":1}"#, r#"{"redacted":true}"#]).await;
    scene.server.script([Step::ServeThenCut]);
    let stub = scene.client.sessions().redact(&scene.session, &"a/b".parse().expect("id")).await.expect("redacted");
    assert!(stub.is_redacted());
    assert!(
        scene.server.requests().iter().skip(2).all(|request| request.url.path() == "/v1/sessions/s1/entries/a%2Fb")
    );
    let reader = scene.client.reader(&scene.session);
    let events = reader.teleport().await.expect("pages").events;
    assert_eq!(events.iter().map(|event| event.is_redacted()).collect::<Vec<_>>(), [true, false]);
    let transcript = reader.read_all().await.expect("whole");
    let hash = redaction(transcript.loglines[0].get().as_bytes()).expect("a stub").blake3;
    assert_eq!(Some(hash), stub.redaction().map(|redaction| redaction.blake3));
    let error = scene.client.sessions().redact(&scene.session, &"~9".parse().expect("id")).await.expect_err("none");
    assert!(matches!(error, ChangeError::NotFound(_)), "{error:?}");
}

#[tokio::test]
async fn previews_are_a_read_that_is_sent_again() {
    let scene = scene_of(&[r#"{"message":{"content":"one  two three"}}"#]).await;
    let ids = vec![scene.session.clone(), SessionId::new("nowhere").expect("id")];
    let of = PreviewSessions { ids, limit: Some(3), max_chars: Some(7) };
    let cut = Step::Answer(Reply::new(200).body(r#"{"data":[]}"#));
    scene.server.script([Step::Cut, cut, Step::CutBody(20)]);
    let error = scene.client.sessions().previews(&of).await.expect_err("three attempts");
    assert!(matches!(error, ReadError::Unavailable(_)), "{error:?}");
    let previews = scene.client.sessions().previews(&of).await.expect("previews");
    let [Preview::Found(found), Preview::Missing { id, .. }] = &previews[..] else { panic!("{previews:?}") };
    assert_eq!((found.items[0].text.as_str(), found.items[0].truncated, id.as_str()), ("one two", true, "nowhere"));
    let body = r#"{"ids":["s1","nowhere"],"limit":3,"max_chars":7}"#;
    assert!(scene.server.requests()[1..].iter().all(|request| request.body == body));
}
