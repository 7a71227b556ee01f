//! `/metrics`: open to all, in Prometheus's format, exact, and with nothing of anybody's in it.

use std::collections::BTreeSet;

use verbatim_tests::{
    clock::unix_seconds,
    entry::entry,
    events::Events,
    metrics::Scrape,
    server::{Server, Setup},
    token::{ORG, Token},
    wait::until,
};

const MARK: &str = "SECRET";
const HANDBOOK: &str = include_str!("../../docs/OPERATING.md");

fn appends(outcome: &str) -> String {
    format!("verbatim_appends_total{{outcome=\"{outcome}\"}}")
}

fn requests(method: &str, status: u16) -> String {
    format!(
        "verbatim_http_requests_total{{route=\"/v1/session_ingress/session/{{session_id}}\",method=\"{method}\",status=\"{status}\"}}"
    )
}

#[tokio::test]
async fn counters_move_by_what_was_done() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let session = server.session("s");
    let before = Scrape::of(&server).await;
    let (a, b) = (entry("a"), entry("b"));
    session.put(None, a.clone()).send().await.expect(201);
    session.put(None, a.clone()).send().await.expect(200);
    session.put(Some("a"), b.clone()).send().await.expect(201);
    for _ in 0..3 {
        session.put(Some("a"), entry("c")).send().await.expect(409);
    }
    session.put(Some("b"), r#"{"uuid":"a","other":1}"#).send().await.expect(422);
    session.put(Some("b"), "no entry").send().await.expect(400);
    let batch = [entry("d"), entry("e")];
    organization.batch("s", Some("b"), &batch).send().await.expect(201);
    organization.batch("s", Some("b"), &batch).send().await.expect(200);
    server.call("GET", "/nowhere").send().await.expect(404);
    server.call("BREW", "/healthz").send().await.expect(405);

    let after = Scrape::of(&server).await;
    let stored_bytes: usize = [&a, &b, &batch[0], &batch[1]].iter().map(|entry| entry.len()).sum();
    for (series, grown) in [
        (appends("stored"), 3),
        (appends("already_stored"), 2),
        (appends("conflict"), 3),
        (appends("uuid_reused"), 1),
        (appends("malformed"), 1),
        (appends("unknown"), 0),
        (requests("PUT", 201), 2),
        (requests("PUT", 200), 1),
        (requests("PUT", 409), 3),
        (requests("PUT", 422), 1),
        (requests("PUT", 400), 1),
        ("verbatim_http_requests_total{route=\"unknown\",method=\"GET\",status=\"404\"}".to_owned(), 1),
        ("verbatim_http_requests_total{route=\"/healthz\",method=\"other\",status=\"405\"}".to_owned(), 1),
        (
            "verbatim_http_request_duration_seconds_count{route=\"/v1/session_ingress/session/{session_id}\",method=\"PUT\"}"
                .to_owned(),
            8,
        ),
        ("verbatim_entries_stored_total".to_owned(), 4),
        ("verbatim_entry_bytes_stored_total".to_owned(), stored_bytes),
        // One at a time, so that each is a group of its own; what is no entry comes to none.
        ("verbatim_group_appends_sum".to_owned(), 9),
        ("verbatim_group_appends_count".to_owned(), 9),
        ("verbatim_group_queue_wait_seconds_count".to_owned(), 9),
        ("verbatim_group_decide_seconds_count".to_owned(), 9),
        ("verbatim_group_sync_seconds_count".to_owned(), 3),
        ("verbatim_head_cache_lookups_total{result=\"miss\"}".to_owned(), 1),
        ("verbatim_head_cache_lookups_total{result=\"hit\"}".to_owned(), 8),
        ("verbatim_token_cache_lookups_total{result=\"miss\"}".to_owned(), 2),
        ("verbatim_token_cache_lookups_total{result=\"hit\"}".to_owned(), 8),
    ] {
        assert_eq!(after.since(&before, &series), grown as f64, "{series} in\n{}", after.text);
    }
    let logged = after.since(&before, "verbatim_rocksdb_written_bytes_total{by=\"wal\"}");
    assert!(logged > stored_bytes as f64, "{logged} bytes of log for {stored_bytes} of entries");
    for positive in [
        "verbatim_connections",
        "verbatim_process_cpu_seconds_total",
        "verbatim_process_resident_bytes",
        "verbatim_rocksdb_memtable_bytes",
        "verbatim_rocksdb_wal_bytes",
        "verbatim_uptime_seconds",
    ] {
        assert!(after.get(positive) > 0.0, "{positive} in\n{}", after.text);
    }
    assert_eq!(after.get("verbatim_ready"), 1.0);
    // An append gives its share back just after its answer has left.
    until("the budget to be free", async || {
        match Scrape::of(&server).await.get("verbatim_admission_budget_used_bytes") {
            0.0 => Ok(()),
            used => Err(used),
        }
    })
    .await;
    assert_eq!(after.get("verbatim_admission_budget_bytes"), f64::from(128 << 20));
}

#[tokio::test]
async fn a_histogram_adds_up() {
    let server = Server::start().await;
    server.session("s").store(None, entry("a")).await;
    let scrape = Scrape::of(&server).await;
    for (name, _) in scrape.types.iter().filter(|(_, kind)| *kind == "histogram") {
        let buckets = scrape.text.lines().filter_map(|line| line.strip_prefix(&format!("{name}_bucket{{")));
        let mut before = (String::new(), 0.0);
        for line in buckets {
            let (labels, count) = line.rsplit_once(' ').expect(line);
            let (labels, bound) = labels.split_once("le=").expect(line);
            let count: f64 = count.parse().expect(line);
            if labels == before.0 {
                assert!(count >= before.1, "{name}: {line}");
            }
            if bound.starts_with("\"+Inf") {
                let labels = labels.trim_end_matches(',');
                let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
                assert_eq!(count, scrape.get(&format!("{name}_count{labels}")), "{name}: {line}");
            }
            before = (labels.to_owned(), count);
        }
        assert!(!before.0.is_empty() || before.1 > 0.0, "{name} has no buckets in\n{}", scrape.text);
    }
}

#[tokio::test]
async fn what_is_shown_is_what_the_handbook_lists() {
    let server = Server::start().await;
    server.session("s").store(None, entry("a")).await;
    let scrape = Scrape::of(&server).await;
    let row = |line: &'static str| line.strip_prefix("| `verbatim_")?.split(['`', '{']).next();
    let listed: BTreeSet<String> = HANDBOOK.lines().filter_map(row).map(|name| format!("verbatim_{name}")).collect();
    assert_eq!(scrape.types.into_keys().collect::<BTreeSet<_>>(), listed);
}

#[tokio::test]
async fn nothing_of_anybodys_is_shown() {
    let server = Setup::default().arg("--entry-bytes-max").arg("4096").start().await;
    let id = format!("s-{MARK}");
    let session = server.session(&id);
    let expired = server.signer().sign(&Token::session(&id, ORG).claim("exp", unix_seconds() - 60));
    session.store(None, format!(r#"{{"uuid":"{MARK}","type":"{MARK}","x":"{MARK}"}}"#)).await;
    session.put(None, format!(r#"{{"uuid":"{MARK}2"}}"#)).send().await.expect(409);
    session.put(None, MARK.repeat(1000)).send().await.expect(413);
    session.put(None, "{}").bearer(&expired).send().await.expect(401);
    session.get(&format!("?{MARK}=1")).header("x-request-id", MARK).send().await.expect(200);
    server.call("GET", &format!("/{MARK}")).send().await.expect(404);
    server.call(MARK, "/healthz").send().await.expect(405);
    let text = Scrape::of(&server).await.text;
    assert!(!text.contains(MARK) && !text.contains(ORG), "{text}");
    for part in session.token().split('.').chain(expired.split('.')) {
        assert!(!text.contains(part), "a part of a token");
    }
}

#[tokio::test]
async fn who_follows_is_counted_while_it_does() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let session = server.session("s");
    session.store(None, entry("a")).await;
    let (of_sessions, of_organizations) =
        ("verbatim_followers{of=\"session\"}", "verbatim_followers{of=\"organization\"}");
    let streams = [
        Events::open(&session.read("/stream")).await,
        Events::open(&session.read("/stream")).await,
        Events::open(&organization.call("GET", "/v1/organization/changes")).await,
    ];
    let during = Scrape::of(&server).await;
    assert_eq!((during.get(of_sessions), during.get(of_organizations)), (2.0, 1.0));
    assert!(during.get("verbatim_connections") >= 4.0, "each stream's, and the scrape's: {}", during.text);
    drop(streams);
    until("the followers to be gone", async || {
        let after = Scrape::of(&server).await;
        let left = (after.get(of_sessions), after.get(of_organizations));
        if left == (0.0, 0.0) { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
}

#[tokio::test]
async fn it_asks_for_nothing_and_changes_nothing() {
    let server = Server::start().await;
    assert!(server.call("HEAD", "/metrics").send().await.expect(200).body.is_empty());
    server.call("GET", "/metrics?x=1").bearer("not a token").send().await.expect(200);
    let answer = server.call("POST", "/metrics").send().await.expect(405);
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
}
