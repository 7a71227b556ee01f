//! The organisation's changes: none missed whatever becomes of the connections; and its usage, settings and what will go.

use std::time::Duration;

use futures_util::TryStreamExt;
use verbatim_client::{
    ChangeKind, PatchSettings, ReadError,
    organization::{Changed, Since},
};
use verbatim_fake::{Reply, Step};

use crate::support::*;

fn frame(n: u64) -> String {
    let change = format!(
        r#"{{"type":"appended","length":{n},"session_id":"s1","at":"2026-01-02T03:04:05.000006Z","subject":null,"cause":"request"}}"#
    );
    format!("id: behind {n}\nevent: change\ndata: {change}\n\n")
}

fn stream(body: &str) -> Step {
    Step::Answer(Reply::new(200).header("content-type", "text/event-stream").body(body.to_owned()))
}

fn lengths(changes: &[Changed]) -> Vec<u64> {
    let length = |changed: &Changed| match changed.change.what {
        ChangeKind::Appended { length } => Some(length),
        _ => None,
    };
    changes.iter().filter_map(length).collect()
}

async fn followed(scene: &Scene, since: Since, count: usize) -> Vec<Changed> {
    let mut changes = scene.client.organization().changes(since);
    let mut read = Vec::new();
    while read.len() < count {
        read.push(changes.try_next().await.expect("a change").expect("no end"));
    }
    read
}

#[tokio::test]
async fn a_stream_of_changes_goes_on_where_it_was_cut_off() {
    let scene = scene().await;
    let cut = frame(3);
    scene.server.script([
        stream(&(frame(1) + &frame(2))),
        stream(&cut[..cut.len() - 1]),
        Step::refuse(503, "shutting_down", "not_stored"),
        Step::Cut,
        stream(&(frame(3) + ": heartbeat\n\n" + &frame(4))),
    ]);
    let changes = followed(&scene, Since::Start, 4).await;
    assert_eq!(lengths(&changes), [1, 2, 3, 4]);
    assert_eq!(changes[3].cursor, "behind 4");
    let resumed = [None, Some("behind 2"), Some("behind 2"), Some("behind 2"), Some("behind 2")];
    assert_eq!(sent(&scene.server, "last-event-id"), resumed.map(|id| id.map(str::to_owned)));
    assert!(scene.server.requests().iter().all(|request| request.url.query().is_none()));
}

/// What happens between the first request and a second one belongs to "from now on".
#[tokio::test]
async fn now_is_settled_once() {
    let scene = scene().await;
    scene.server.intrude("s1", "{}");
    let mut changes = scene.client.organization().changes(Since::Now);
    scene.server.script([Step::Serve, Step::Cut, stream("")]);
    let hold = verbatim_fake::Hold::default();
    scene.server.script([Step::Wait(hold.clone())]);
    let mut next = tokio::spawn(async move { changes.try_next().await });
    tokio::select! {
        () = hold.arrived() => {}
        early = &mut next => panic!("it goes on from now: {early:?}"),
    }
    scene.server.intrude("s1", "{}");
    hold.release();
    let changed = next.await.expect("joined").expect("a change").expect("no end");
    assert_eq!(lengths(&[changed]), [2]);
    let now = &scene.server.requests()[0].url;
    assert_eq!(now.query(), Some("live=long-poll&wait=0&limit=1&from=now"));
}

#[tokio::test]
async fn a_change_that_comes_while_now_is_settled_is_given() {
    let scene = scene().await;
    let change = frame(7).lines().find_map(|line| line.strip_prefix("data: ").map(str::to_owned)).expect("data");
    let page = format!(r#"{{"data":[{change}],"next_cursor":"behind 7"}}"#);
    scene.server.script([Step::Answer(Reply::new(200).body(page)), stream(&frame(8))]);
    assert_eq!(lengths(&followed(&scene, Since::Now, 2).await), [7, 8]);
    assert_eq!(sent(&scene.server, "last-event-id"), [None, Some("behind 7".to_owned())]);
}

#[tokio::test]
async fn refusals_end_a_stream_of_changes() {
    let scene = scene().await;
    scene.server.script([stream(&frame(1)), Step::refuse(404, "not_found_error", "not_stored")]);
    let all: Result<Vec<_>, _> = scene.client.organization().changes(Since::Start).try_collect().await;
    assert!(matches!(all, Err(ReadError::NotFound(_))), "a server without changes: {all:?}");
    let mut damaged = scene.client.organization().changes(Since::Cursor("damaged".to_owned()));
    assert!(matches!(damaged.try_next().await, Err(ReadError::Rejected(_))));
}

#[tokio::test]
async fn pages_lead_on_until_one_is_empty() {
    let scene = scene().await;
    for _ in 0..5 {
        scene.server.intrude("s1", "{}");
    }
    let organization = scene.client.organization();
    let (mut since, mut sizes) = (Since::Start, Vec::new());
    loop {
        let page = organization.changes_page(&since, Duration::ZERO, Some(nonzero(4))).await.expect("a page");
        sizes.push(page.data.len());
        if page.data.is_empty() {
            break;
        }
        since = Since::Cursor(page.next_cursor);
    }
    assert_eq!(sizes, [4, 2, 0]);
}

#[tokio::test]
async fn usage_settings_and_what_will_go() {
    let scene = scene_with(|builder| builder.retry(attempts(2))).await;
    scene.server.intrude("s1", r#"{"n":1}"#);
    let organization = scene.client.organization();
    scene.server.script([Step::Cut]);
    let usage = organization.usage().await.expect("usage");
    assert_eq!((usage.total.sessions, usage.today.amounts.bytes), (1, 7));
    scene.server.script([Step::ServeThenCut]);
    let patched = organization.patch_settings(&PatchSettings { retention_days: Some(Some(2)) }).await.expect("set");
    assert_eq!(organization.settings().await.expect("settings"), patched);
    let before = "2027-01-01T00:00:00Z".parse().expect("a time");
    let expiring: Vec<_> = organization.expiring(Some(before)).try_collect().await.expect("listed");
    assert_eq!((expiring.len(), expiring[0].at.to_string().as_str()), (1, "2026-01-04T03:04:05.000006Z"));
    let query = scene.server.requests().last().and_then(|request| request.url.query().map(str::to_owned));
    assert_eq!(query.as_deref(), Some("limit=500&before=2027-01-01T00%3A00%3A00.000000Z"));
    let forever = organization.patch_settings(&PatchSettings { retention_days: Some(None) }).await.expect("set");
    assert_eq!(forever.retention_days, None);
}
