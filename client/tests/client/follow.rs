//! Streams: every entry once and in order whatever becomes of the connections, and an end where the session ends.

use futures_util::TryStreamExt;
use verbatim_client::{
    EventId, ReadError,
    read::{Begin, EntriesQuery},
};
use verbatim_fake::{Reply, Step};

use crate::support::*;

const TIME: &str = "2026-01-02T03:04:05.000006Z";

fn envelope(seq: u64) -> String {
    format!(
        r#"{{"seq":{seq},"event_id":"~{seq}","event_type":"user","is_compaction":false,"created_at":"{TIME}","payload":{{"n" : {seq}}}}}"#
    )
}

fn frames(seqs: impl IntoIterator<Item = u64>) -> String {
    seqs.into_iter().map(|seq| format!("id: behind-{seq}\nevent: entry\ndata: {}\n\n", envelope(seq))).collect()
}

fn stream(body: &str) -> Step {
    let reply = Reply::new(200).header("content-type", "text/event-stream");
    Step::Answer(reply.body(format!("retry: 1000\n\n{body}")))
}

const END: &str = "event: end\ndata: {}\n\n";

async fn followed(scene: &Scene, from: Begin) -> Result<Vec<u64>, ReadError> {
    let entries: Vec<_> = scene.client.reader(&scene.session).follow(from).try_collect().await?;
    for followed in &entries {
        assert_eq!(followed.cursor, format!("behind-{}", followed.entry.seq));
        let payload = followed.entry.payload.as_ref().map(|payload| payload.get().to_owned());
        assert_eq!(payload, Some(format!(r#"{{"n" : {}}}"#, followed.entry.seq)));
    }
    Ok(entries.iter().map(|followed| followed.entry.seq).collect())
}

#[tokio::test]
async fn a_stream_goes_on_where_it_was_cut_off() {
    let scene = scene().await;
    let cut = frames([2]);
    scene.server.script([
        stream(&frames(0..2)),
        stream(&cut[..cut.len() - 1]),
        Step::Cut,
        Step::refuse(503, "shutting_down", "not_stored"),
        // What was given before is passed over.
        stream(&format!("{}: heartbeat\n\n{}", frames(1..4), END)),
    ]);
    assert_eq!(followed(&scene, Begin::Start).await.expect("to the end"), [0, 1, 2, 3]);
    let resumed = [None, Some("behind-1"), Some("behind-1"), Some("behind-1"), Some("behind-1")];
    assert_eq!(sent(&scene.server, "last-event-id"), resumed.map(|id| id.map(str::to_owned)));
    assert_eq!(scene.delays.taken().len(), 4);
    assert!(scene.server.is_script_done());
}

#[tokio::test]
async fn an_entry_left_out_is_asked_for_again() {
    let scene = scene().await;
    scene.server.script([stream(&frames([0, 2])), stream(&format!("{}{END}", frames([1, 2])))]);
    assert_eq!(followed(&scene, Begin::Start).await.expect("to the end"), [0, 1, 2]);
}

#[tokio::test]
async fn attempts_count_anew_once_the_stream_has_moved_on_and_not_before() {
    let scene = scene_with(|builder| builder.retry(attempts(2))).await;
    let lively = (0..6).map(|seq| stream(&frames([seq])));
    scene.server.script(lively.chain([stream(": heartbeat\n\n"), stream("")]));
    let reader = scene.client.reader(&scene.session);
    let mut entries = reader.follow(Begin::Start);
    for seq in 0..6 {
        assert_eq!(entries.try_next().await.expect("an entry").expect("no end").entry.seq, seq);
    }
    let error = entries.try_next().await.expect_err("nothing moves");
    assert!(matches!(error, ReadError::Unavailable(_)), "{error:?}");
    assert!(scene.server.is_script_done());
}

#[tokio::test]
async fn the_end_of_the_chain_is_looked_up_once() {
    let scene = scene().await;
    let total = Step::Answer(Reply::new(200).body(r#"{"data":[],"total":9,"truncated":false}"#));
    scene.server.script([total, stream(""), stream(&format!("{}{END}", frames(6..9)))]);
    assert_eq!(followed(&scene, Begin::Tail(3)).await.expect("to the end"), [6, 7, 8]);
    let urls: Vec<_> = scene.server.requests().into_iter().map(|request| request.url).collect();
    assert_eq!(urls[0].path(), "/v1/sessions/s1/entries");
    for url in &urls[1..] {
        assert_eq!((url.path(), url.query()), ("/v1/sessions/s1/stream", Some("from_seq=6")));
    }
}

#[tokio::test]
async fn refusals_end_a_stream_by_name() {
    let refuse = |status, code| Step::refuse(status, code, "not_stored");
    let scene = scene().await;
    scene.server.script([refuse(404, "not_found_error"), refuse(410, "cursor_gone_error")]);
    let error = followed(&scene, Begin::Start).await.expect_err("unknown");
    assert!(matches!(error, ReadError::NotFound(_)), "{error:?}");
    let error = followed(&scene, Begin::Cursor("c".to_owned())).await.expect_err("gone");
    assert!(matches!(error, ReadError::Rejected(_)), "{error:?}");
    scene.server.script([stream(&frames([0])), refuse(404, "not_found_error")]);
    let error = followed(&scene, Begin::Start).await.expect_err("deleted");
    assert!(matches!(error, ReadError::GoneMidway { entries_read: 1, .. }), "{error:?}");
}

#[tokio::test]
async fn entries_are_listed_and_shown_as_they_were_asked_for() {
    let scene = scene().await;
    let page = |next: &str| {
        let data = [envelope(3), envelope(4)].join(",");
        Step::Answer(Reply::new(200).body(format!(r#"{{"data":[{data}]{next},"total":9,"truncated":true}}"#)))
    };
    scene.server.script([page(r#","next_cursor":"x""#), page(""), Step::Answer(Reply::new(200).body(envelope(3)))]);
    let reader = scene.client.reader(&scene.session);
    let query = EntriesQuery { from: Begin::Tail(4), without_payload: true, ..EntriesQuery::default() };
    let pages: Vec<_> = reader.entry_pages(&query).try_collect().await.expect("pages");
    assert_eq!((pages.len(), pages[0].total), (2, 9));
    let id = "a/b%c".parse::<EventId>().expect("an id");
    assert_eq!(reader.entry(&id).await.expect("an entry").seq, 3);
    let urls: Vec<_> = scene.server.requests().into_iter().map(|request| request.url).collect();
    assert_eq!(urls[0].query(), Some("limit=1000&tail=4&fields=bare"));
    assert_eq!(urls[1].query(), Some("limit=1000&tail=4&fields=bare&cursor=x"));
    assert_eq!(urls[2].path(), "/v1/sessions/s1/entries/a%2Fb%25c");
    assert!(reader.entry(&"..".parse().expect("an id")).await.is_err());
}
