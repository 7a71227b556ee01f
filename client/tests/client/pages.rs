//! Pages: every entry once and in order, an end always, and nothing lost that was read.

use futures_util::TryStreamExt;
use verbatim_client::{Completeness, ReadError};
use verbatim_fake::{Reply, Step};

use crate::support::*;

async fn seven_entries() -> Scene {
    let scene = scene_with(|builder| builder.retry(attempts(2)).page_entries(nonzero(3))).await;
    for number in 0..7 {
        scene.server.intrude("s1", &format!(r#"{{"n" : {number}}}"#));
    }
    scene
}

fn page(events: &[&str], cursor: &str) -> Step {
    let events: Vec<_> = events
        .iter()
        .map(|id| format!(r#"{{"event_id":"{id}","event_type":"user","is_compaction":false,"payload":{{}},"created_at":"2026-01-02T03:04:05Z"}}"#))
        .collect();
    Step::Answer(Reply::new(200).body(format!(r#"{{"data":[{}],"next_cursor":"{cursor}"}}"#, events.join(","))))
}

#[tokio::test]
async fn events_come_once_and_in_order_over_pages_of_the_asked_size() {
    let scene = seven_entries().await;
    let events: Vec<_> = scene.client.reader(&scene.session).events().try_collect().await.expect("read");
    let payloads: Vec<_> = events.iter().map(|event| event.payload.get().to_owned()).collect();
    assert_eq!(payloads, scene.server.entries("s1"));
    let pages = scene.server.requests();
    assert_eq!(pages.len(), 3);
    assert!(pages.iter().all(|page| page.url.query_pairs().any(|pair| pair == ("limit".into(), "3".into()))));
}

#[tokio::test]
async fn an_empty_session_is_complete_and_an_unknown_one_is_not_found() {
    let scene = seven_entries().await;
    scene.server.script([Step::Answer(Reply::new(200).body(r#"{"data":[]}"#))]);
    let empty = scene.client.reader(&scene.session).teleport().await.expect("read");
    assert!(empty.events.is_empty() && empty.completeness == Completeness::Complete);
    let nobody = verbatim_client::SessionId::new("nobody").expect("id");
    let error = scene.client.reader(&nobody).teleport().await.expect_err("unknown");
    assert!(matches!(error, ReadError::NotFound(_)), "{error:?}");
}

#[tokio::test]
async fn what_was_read_before_the_session_vanished_is_kept_and_marked() {
    let scene = seven_entries().await;
    scene.server.script([Step::Serve, Step::refuse(404, "not_found_error", "not_stored")]);
    let read = scene.client.reader(&scene.session).teleport().await.expect("read");
    assert_eq!(read.events.len(), 3);
    let Completeness::Partial { cause, next_cursor } = read.completeness else { panic!("complete") };
    assert!(matches!(cause, ReadError::GoneMidway { entries_read: 3, .. }), "{cause:?}");
    let rest: Vec<_> =
        scene.client.reader(&scene.session).pages_from(next_cursor.expect("cursor")).try_collect().await.expect("read");
    assert_eq!(rest.iter().map(|page| page.data.len()).sum::<usize>(), 4);
}

#[tokio::test]
async fn a_session_that_is_gone_when_a_read_is_resumed_was_there_before() {
    let scene = seven_entries().await;
    scene.server.script([Step::refuse(404, "not_found_error", "not_stored")]);
    let error = scene.client.reader(&scene.session).pages_from("from +&3").try_next().await.expect_err("gone");
    assert!(matches!(error, ReadError::GoneMidway { entries_read: 0, .. }), "{error:?}");
}

#[tokio::test]
async fn a_page_that_was_cut_off_is_read_again() {
    for step in [Step::Shorten(100), Step::CutBody(100), Step::refuse(503, "overloaded_error", "not_stored")] {
        let scene = seven_entries().await;
        scene.server.script([Step::Serve, step.clone()]);
        let read = scene.client.reader(&scene.session).teleport().await.expect("read");
        assert_eq!((read.events.len(), read.completeness), (7, Completeness::Complete), "{step:?}");
        assert_eq!(scene.server.requests().len(), 4, "{step:?}");
    }
}

#[tokio::test]
async fn whatever_ends_a_read_midway_what_was_read_is_kept() {
    let scene = seven_entries().await;
    scene.server.script([Step::Serve, Step::Cut, Step::Cut]);
    let read = scene.client.reader(&scene.session).teleport().await.expect("read");
    assert_eq!(read.events.len(), 3);
    let Completeness::Partial { cause: ReadError::Unavailable(failure), .. } = read.completeness else {
        panic!("complete")
    };
    assert_eq!(failure.attempts, 2);
}

#[tokio::test]
async fn cursors_that_lead_nowhere_end_the_stream() {
    let tables: [(&[Step], u64); 3] = [
        (&[page(&["a"], "x"), page(&["b"], "x")], 2),
        (&[page(&["a"], "x"), page(&["b"], "y"), page(&["c"], "x")], 3),
        (&[page(&["a"], "x"), page(&[], "y")], 1),
    ];
    for (steps, read) in tables {
        let scene = seven_entries().await;
        scene.server.script(steps.to_vec());
        let mut pages = scene.client.reader(&scene.session).pages();
        let mut entries = 0;
        let error = loop {
            match pages.try_next().await {
                Ok(page) => entries += page.expect("no end").data.len() as u64,
                Err(error) => break error,
            }
        };
        assert_eq!((error, entries), (ReadError::CursorStuck { entries_read: read }, read));
        assert!(pages.try_next().await.expect("ended").is_none());
        assert_eq!(scene.server.requests().len(), steps.len());
    }
}

#[tokio::test]
async fn a_read_that_was_resumed_does_not_come_back_to_its_start() {
    let scene = seven_entries().await;
    scene.server.script([page(&["a"], "x")]);
    let mut pages = scene.client.reader(&scene.session).pages_from("x");
    assert!(pages.try_next().await.expect("a page").is_some());
    assert_eq!(pages.try_next().await.expect_err("stuck"), ReadError::CursorStuck { entries_read: 1 });
}

#[tokio::test]
async fn a_bound_on_pages_says_where_to_go_on() {
    let scene = scene_with(|builder| builder.page_entries(nonzero(3)).pages_max(2)).await;
    for number in 0..7 {
        scene.server.intrude("s1", &entry(&format!("u{number}")));
    }
    let read = scene.client.reader(&scene.session).teleport().await.expect("read");
    assert_eq!(read.events.len(), 6);
    let Completeness::Partial { cause, next_cursor } = read.completeness else { panic!("complete") };
    let expected = ReadError::PagesMax { pages: 2, next_cursor: next_cursor.expect("cursor") };
    assert_eq!(cause, expected);
    let exactly = scene_with(|builder| builder.page_entries(nonzero(3)).pages_max(1)).await;
    exactly.server.intrude("s1", &entry("u1"));
    let read = exactly.client.reader(&exactly.session).teleport().await.expect("read");
    assert_eq!(read.completeness, Completeness::Complete);
}
