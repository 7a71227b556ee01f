//! Whole runs against small servers: what is asked for is done, each operation once, and what is wrong is noticed.

#![allow(clippy::expect_used, reason = "a test fails by it")]

mod fake;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use fake::{Answer, Request};
use verbatim_load::{
    LoadError,
    append::{
        command::{AppendArgs, AppendWork},
        through::Through,
    },
    cli::TargetArgs,
    engine::Plan,
    follow,
    measure::{Subject, measure},
    read::Stored,
    report::{Output, Round},
    target::{Target, Tokens},
    verify::command::{FaultArgs, verify},
};
use verbatim_proto::SessionId;

const RECEIPT: &str = r#"{"status":"stored","uuid":"u","seq":0,"created_at":"2026-01-01T00:00:00.000000Z"}"#;

fn target(address: SocketAddr) -> Arc<Target> {
    let (name, tokens) = ("fake".to_owned(), Tokens::Given("t".into()));
    Arc::new(Target { name, address, host: address.to_string(), tokens, pid: None, data_dir: None })
}

fn stored(_: &Request) -> Answer {
    Answer::json(201, RECEIPT)
}

async fn append(address: SocketAddr, args: &AppendArgs) -> Result<Round, LoadError> {
    let target = target(address);
    let plan = AppendWork::new(args)?.plan(&target);
    measure(plan, Subject { name: "fake", pid: None, target: None }, true).await
}

fn args() -> AppendArgs {
    AppendArgs::plain(4, Duration::from_millis(300))
}

#[tokio::test]
async fn a_closed_loop_goes_on_as_answers_come_whichever_way_in() {
    let address = fake::serve(stored);
    for through in [Through::Wire, Through::Hyper] {
        let round = append(address, &AppendArgs { through, ..args() }).await.expect("round");
        let class = &round.classes[0];
        assert!(class.ops > 0 && class.errors.is_empty(), "{class:?}");
        assert!((class.bytes_per_s / class.ops_per_s - 1024.0).abs() < 1e-6);
        assert_eq!(class.histogram.iter().map(|bar| bar.count).sum::<u64>(), class.ops);
    }
}

#[tokio::test]
async fn an_open_loop_does_all_that_was_due_however_slow_answers_are() {
    let address = fake::serve(stored);
    let mut args = args();
    args.pace.rate = Some(1_000.0);
    let round = append(address, &args).await.expect("round");
    assert!((298..=302).contains(&round.classes[0].ops), "{}", round.classes[0].ops);
}

#[tokio::test]
async fn a_lost_race_is_won_by_adopting_the_head() {
    let address = fake::serve(|request: &Request| {
        if request.head.contains("last-uuid: theirs\r\n") {
            return Answer::json(201, RECEIPT);
        }
        let headers = "x-last-uuid: theirs\r\n".to_owned();
        Answer { headers, ..Answer::json(409, "{}") }
    });
    let round = append(address, &args()).await.expect("round");
    let class = &round.classes[0];
    assert!(class.ops > 0 && class.conflicts == class.ops, "{class:?}");
}

#[tokio::test]
async fn what_passes_is_tried_again_and_what_does_not_ends_the_run() {
    let asked = Arc::new(AtomicU64::new(0));
    let address = fake::serve(move |request: &Request| match asked.fetch_add(1, Ordering::Relaxed) % 3 {
        0 => Answer::json(503, "{}"),
        1 => Answer { close: true, ..stored(request) },
        _ => stored(request),
    });
    let round = append(address, &args()).await.expect("round");
    assert!(round.classes[0].ops > 0 && round.classes[0].errors["status 503"] > 0, "{:?}", round.classes[0].errors);

    let address = fake::serve(|_: &Request| Answer::json(401, r#"{"error":"no"}"#));
    let error = append(address, &args()).await.expect_err("refused");
    assert!(matches!(&error, LoadError::Target(why) if why.contains("401")), "{error}");
}

#[tokio::test]
async fn a_server_that_acknowledges_and_forgets_is_found_out() {
    let address = fake::serve(|request: &Request| match request.target.as_str() {
        _ if request.method == "PUT" => stored(request),
        target if target.contains("teleport-events") => Answer::json(200, r#"{"data":[]}"#),
        _ => Answer::json(200, r#"{"loglines":[],"count":0,"last_uuid":null}"#),
    });
    let target = TargetArgs {
        url: format!("http://{address}"),
        server: None,
        server_pid: None,
        data_dir: None,
        token: Some("t".to_owned()),
    };
    let report = tempfile::NamedTempFile::new().expect("file");
    let output = Output { json: Some(report.path().display().to_string()), html: None, quiet: true };
    let fault = FaultArgs { kill: None, kills: 3 };
    let error = verify(&target, &args(), &fault, &output).await.expect_err("everything is missing");
    assert!(matches!(&error, LoadError::Verify(why) if why.contains("was acknowledged and is missing")), "{error}");
}

/// Three events a connection, then an end without a word.
fn events(request: &Request) -> Answer {
    let number = |key: &str| {
        let (_, rest) = request.head.split_once(key)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
    };
    let first = number("last-event-id: ").map(|id| id + 1).or(number("from_seq=")).unwrap_or(0);
    let event = |seq: u64| format!("id: {seq}\nevent: user\ndata: {{\"seq\":{seq},\"payload\":{{}}}}\n\n");
    let body = (first..first + 3).map(event).collect::<String>().into_bytes();
    Answer { status: 200, headers: "content-type: text/event-stream\r\n".to_owned(), body, close: true }
}

async fn followed(address: SocketAddr) -> Result<Round, LoadError> {
    let session = SessionId::new("s").expect("id");
    let sessions: Arc<[Stored]> = Arc::new([Stored { session, entries: Some(5) }]);
    let groups = vec![follow::group(&target(address), &sessions, 2)];
    let plan = Plan { groups, threads: 1, warm_up: Duration::ZERO, duration: Duration::from_millis(400) };
    measure(plan, Subject { name: "fake", pid: None, target: None }, true).await
}

#[tokio::test]
async fn a_follower_resumes_with_nothing_missed_and_nothing_twice() {
    let round = followed(fake::serve(events)).await.expect("round");
    let class = &round.classes[0];
    assert!(class.ops > 6 && class.errors.contains_key("stream ended by the server"), "{class:?}");

    let missing = |request: &Request| {
        let mut answer = events(request);
        answer.body = String::from_utf8_lossy(&answer.body).replace("\"seq\":7", "\"seq\":8").into_bytes();
        answer
    };
    let error = followed(fake::serve(missing)).await.expect_err("a gap");
    assert!(error.to_string().contains("followed entry 8 where 7 was next"), "{error}");
}
