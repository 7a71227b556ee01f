//! `POST /v1/sessions/{session_id}/entries`: many entries, stored together or not at all.

use serde_json::{Value, json};
use verbatim_tests::{
    entry::{entry, nested, plain, sized},
    server::{Server, Setup},
    token::ORG,
    wire::{Answer, Call},
};

use crate::sessions::assert_error;

fn entries(uuids: &[&str]) -> Vec<String> {
    uuids.iter().map(|uuid| entry(uuid)).collect()
}

fn statuses(answer: &Answer) -> Vec<(Value, String)> {
    let results = answer.json()["results"].as_array().expect("results").clone();
    results.into_iter().map(|result| (result["seq"].clone(), result["status"].as_str().unwrap().to_owned())).collect()
}

fn of(status: &str, seqs: std::ops::Range<u64>) -> Vec<(Value, String)> {
    seqs.map(|seq| (seq.into(), status.to_owned())).collect()
}

#[tokio::test]
async fn both_forms_store_each_entry_as_it_stands() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let bodies = [r#"{"uuid":"a",  "x":[1, 2]}"#, r#"{"uuid":"a\u0301","x":"\ud800","x":1e400}"#, r#"{"uuid":"c"}"#];
    let bodies = [bodies[0], &bodies[1].replace("a\\u0301", "b"), bodies[2]];
    let lines = format!("\n {}\t\r\n\n{}\n  \n{}", bodies[0], bodies[1], bodies[2]);
    let array = format!(" [{}\n,{} , {}] \n", bodies[0], bodies[1], bodies[2]);
    let forms = [
        ("application/x-ndjson", lines.clone()),
        ("application/x-ndjson; charset=utf-8", format!("{lines}\n")),
        ("Application/JSON", array.clone()),
        ("application/json; charset=utf-8", array),
    ];
    for (row, (media_type, body)) in forms.into_iter().enumerate() {
        let id = format!("s{row}");
        let call = organization.batch(&id, None, &[]).with("content-type", media_type).body(body);
        let answer = call.send().await.expect(201);
        assert_eq!(answer.header("x-last-uuid"), Some("c"));
        let receipt = json!({"status": "stored", "head": "c", "length": 3, "results": [
            {"uuid": "a", "seq": 0, "status": "stored"},
            {"uuid": "b", "seq": 1, "status": "stored"},
            {"uuid": "c", "seq": 2, "status": "stored"},
        ]});
        assert_eq!(answer.json(), receipt, "{media_type}");
        let stored = organization.session(&id).chain().await;
        assert_eq!(stored.iter().map(|event| event.payload.get()).collect::<Vec<_>>(), bodies, "{media_type}");
    }
    // An entry within an array may be written over several lines, and stays so.
    let body = "[{\n \"uuid\": \"m\"\n}]";
    let call = organization.batch("m", None, &[]).with("content-type", "application/json").body(body);
    call.send().await.expect(201);
    assert_eq!(organization.session("m").chain().await[0].payload.get(), "{\n \"uuid\": \"m\"\n}");
}

#[tokio::test]
async fn a_batch_sent_again_is_already_stored() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let batch = entries(&["a", "b", "c"]);
    organization.batch("s", None, &batch).send().await.expect(201);
    organization.session("s").store_all(Some("c"), &["d"]).await;
    for last in [None, Some("c"), Some("d"), Some("never-seen")] {
        let answer = organization.batch("s", last, &batch).send().await.expect(200);
        assert_eq!(statuses(&answer), of("already_stored", 0..3));
        let receipt = answer.json();
        assert_eq!(
            (&receipt["status"], &receipt["head"], &receipt["length"]),
            (&json!("already_stored"), &json!("d"), &json!(4))
        );
        assert_eq!(answer.header("x-last-uuid"), Some("d"));
        organization.batch("s", last, &entries(&["b", "d"])).send().await.expect(200);
    }
    let spaced = batch.iter().map(|line| line.replace(':', " : ")).collect::<Vec<_>>();
    organization.batch("s", None, &spaced).send().await.expect(200);
    assert_eq!(organization.session("s").ids().await, ["a", "b", "c", "d"]);
}

/// What is stored already must lead the batch, in the chain's order; the rest follows if it follows on the head.
#[tokio::test]
async fn a_batch_that_is_partly_stored_is_completed() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let session = organization.session("s");
    session.store_all(None, &["a", "b"]).await;
    // The last that is stored is the head: whatever `Last-Uuid` says, the rest follows.
    for (last, batch, from) in
        [(None, ["a", "b", "c"], 2), (Some("never-seen"), ["b", "c", "d"], 3), (Some("a"), ["c", "d", "e"], 4)]
    {
        let answer = organization.batch("s", last, &entries(&batch)).send().await.expect(201);
        let wanted = [of("already_stored", from - 2..from), of("stored", from..from + 1)].concat();
        assert_eq!((statuses(&answer), &answer.json()["status"]), (wanted, &json!("stored")));
    }
    // It is not, but `Last-Uuid` is.
    let answer = organization.batch("s", Some("e"), &entries(&["a", "c", "f"])).send().await.expect(201);
    assert_eq!(
        statuses(&answer),
        [of("already_stored", 0..1), of("already_stored", 2..3), of("stored", 5..6)].concat()
    );

    for (what, last, batch) in [
        ("neither is the head", Some("a"), &["a", "b", "g"][..]),
        ("nor without Last-Uuid", None, &["e", "g"]),
        ("none is stored, not the head", Some("e"), &["g"]),
        ("none is stored, no Last-Uuid", None, &["g", "h"]),
        ("one that is stored comes after a new one", Some("f"), &["g", "f"]),
        ("in another order than the chain's", Some("f"), &["b", "a"]),
        ("in another order, and a new one", Some("f"), &["f", "e", "g"]),
    ] {
        let answer = organization.batch("s", last, &entries(batch)).send().await;
        assert_error(&answer, 409, "conflict_error", what);
        assert_eq!(answer.header("x-last-uuid"), Some("f"), "{what}");
        let body = answer.json();
        assert_eq!((&body["outcome"], &body["expected"]), (&json!("not_stored"), &json!(last)), "{what}");
        assert_eq!((&body["head"], &body["length"]), (&json!("f"), &json!(6)), "{what}");
    }
    assert_eq!(session.ids().await, ["a", "b", "c", "d", "e", "f"]);
}

#[tokio::test]
async fn other_content_of_one_is_422_for_all() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    organization.batch("s", None, &entries(&["a", "b"])).send().await.expect(201);
    let other = r#"{"uuid":"b","other":true}"#.to_owned();
    for batch in [
        vec![other.clone()],
        vec![entry("a"), other.clone()],
        vec![entry("a"), other.clone(), entry("c")],
        vec![other, entry("c")],
    ] {
        for last in [Some("b"), None] {
            let answer = organization.batch("s", last, &batch).send().await;
            assert_error(&answer, 422, "uuid_reused_error", &format!("{batch:?}"));
            assert_eq!((&answer.json()["outcome"], answer.header("x-last-uuid")), (&json!("not_stored"), Some("b")));
        }
    }
    let disordered = [entry("c"), r#"{"uuid":"b","other":true}"#.to_owned()];
    let answer = organization.batch("s", Some("b"), &disordered).send().await;
    assert_error(&answer, 409, "conflict_error", "their order comes first");
    assert_eq!(organization.session("s").ids().await, ["a", "b"]);
}

#[tokio::test]
async fn entries_without_uuid_are_known_by_key_and_number() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let keyed = |id: &str, last: Option<&str>, key: &str, batch: &[String]| {
        organization.batch(id, last, batch).header("idempotency-key", key)
    };
    let batch = [plain("0"), entry("a"), plain("1"), plain("0")];
    let first = keyed("s", None, "K", &batch).send().await.expect(201);
    let uuids: Vec<_> =
        first.json()["results"].as_array().unwrap().iter().map(|result| result["uuid"].clone()).collect();
    assert_eq!(uuids, [Value::Null, json!("a"), Value::Null, Value::Null]);
    let again = keyed("s", None, "K", &batch).send().await.expect(200);
    assert_eq!(statuses(&again), of("already_stored", 0..4), "even where two are equal");
    // Of a longer batch under the same key the beginning is stored already: those with a uuid are not counted.
    let longer = [&batch[..], &[entry("b"), plain("2")]].concat();
    let completed = keyed("s", Some("a"), "K", &longer).send().await.expect(201);
    assert_eq!(statuses(&completed), [of("already_stored", 0..4), of("stored", 4..6)].concat());
    let other = [plain("0"), entry("a"), plain("other")];
    assert_error(&keyed("s", Some("b"), "K", &other).send().await, 422, "uuid_reused_error", "the second under K");

    // Another key, another batch; and a key of a batch is not the key of an append.
    keyed("s", Some("b"), "L", &[plain("0")]).send().await.expect(201);
    let session = organization.session("s");
    session.put(Some("b"), plain("0")).header("idempotency-key", "K").send().await.expect(201);
    session.put(None, plain("0")).header("idempotency-key", "K").send().await.expect(200);
    keyed("s", None, "K", &batch).send().await.expect(200);
    assert_eq!(session.state().await, (Some("b".to_owned()), 8));

    let without = organization.batch("s", Some("b"), &[entry("c"), plain("0")]).send().await;
    assert_error(&without, 400, "invalid_request_error", "no key");
    assert!(without.text().contains("entry 2") && without.text().contains("Idempotency-Key"), "{}", without.text());
    for bad in ["", "two words", &"k".repeat(129)] {
        assert_error(&keyed("s", Some("b"), bad, &[entry("c")]).send().await, 400, "invalid_request_error", bad);
    }
    keyed("s", Some("b"), &"k".repeat(128), &[entry("c"), plain("x")]).send().await.expect(201);
    // None has a uuid: the head stays what it was, or is none.
    let headless = keyed("t", None, "K", &[plain("0"), plain("1")]).send().await.expect(201);
    assert_eq!((&headless.json()["head"], headless.header("x-last-uuid")), (&Value::Null, None));
    keyed("t", None, "K", &[plain("0"), plain("1")]).send().await.expect(200);
}

fn array(call: Call, body: &str) -> Call {
    call.with("content-type", "application/json").body(body.to_owned())
}

#[tokio::test]
async fn what_is_no_batch() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    organization.session("s").store(None, entry("a")).await;
    let call = || organization.batch("s", Some("a"), &[]);
    for body in
        ["", " \n\n", "[]", "{\"uuid\":\"b\"}\n[]", "{\"uuid\":\"b\"}\n{", "7", "{\"uuid\":\"b\"} {\"uuid\":\"c\"}"]
    {
        let answer = call().body(body).send().await;
        assert_error(&answer, 400, "invalid_request_error", &format!("lines: {body:?}"));
    }
    for body in [
        "",
        "[]",
        "{}",
        "{\"uuid\":\"b\"}",
        "[{\"uuid\":\"b\"}",
        "[{\"uuid\":\"b\"},]",
        "[{\"uuid\":\"b\"}]x",
        "[7]",
        "[[{}]]",
    ] {
        let answer = array(call(), body).send().await;
        assert_error(&answer, 400, "invalid_request_error", &format!("an array: {body:?}"));
    }
    for (batch, said) in [
        (vec![entry("b"), entry("b")], "entry 2"),
        (vec![entry("b"), entry("c"), nested("d", 129)], "entry 3"),
        (vec![r#"{"uuid":"~x"}"#.to_owned()], "entry 1"),
        (vec![r#"{"uuid":7}"#.to_owned()], "entry 1"),
    ] {
        let answer = organization.batch("s", Some("a"), &batch).send().await;
        assert_error(&answer, 400, "invalid_request_error", said);
        assert!(answer.text().contains(said), "the message says which: {}", answer.text());
        assert_eq!((&answer.json()["outcome"], answer.header("x-last-uuid")), (&json!("not_stored"), Some("a")));
    }
    for media_type in ["text/plain", "application/jsonl", ""] {
        let answer = call().with("content-type", media_type).body(entry("b")).send().await;
        assert_error(&answer, 415, "unsupported_media_type", media_type);
        assert_eq!(answer.header("x-last-uuid"), Some("a"));
    }
    assert_error(&organization.batch("a%20b", None, &[entry("b")]).send().await, 400, "invalid_request_error", "id");
    assert_eq!(organization.session("s").ids().await, ["a"]);
    organization.batch("s", Some("a"), &[nested("d", 128)]).send().await.expect(201);
}

#[tokio::test]
async fn bounds() {
    const LIMIT: usize = 64 * 1024;
    let server = Setup::default().arg("--entry-bytes-max").arg(LIMIT.to_string()).start().await;
    let organization = server.organization(ORG);
    let batch: Vec<_> = (0..1001).map(|n| format!(r#"{{"uuid":"{n}"}}"#)).collect();
    let answer = organization.batch("s", None, &batch).send().await;
    assert_error(&answer, 400, "invalid_request_error", "1,001 entries");
    assert_eq!(organization.session("s").get("").send().await.status, 404, "nothing of it is stored");
    let answer = organization.batch("s", None, &batch[..1000]).send().await.expect(201);
    assert_eq!(statuses(&answer), of("stored", 0..1000));
    let as_array = format!("[{}]", batch[..1000].join(","));
    array(organization.batch("s", None, &[]), &as_array).send().await.expect(200);

    // The body limit is the batch's as it is one entry's.
    let halves = |bytes: usize| [sized("x", bytes / 2), sized("y", bytes - bytes / 2 - 1)];
    organization.batch("t", None, &halves(LIMIT)).send().await.expect(201);
    let answer = organization.batch("t", Some("y"), &halves(LIMIT + 1)).send().await;
    assert_error(&answer, 413, "request_too_large", "one byte more");
    assert_eq!(answer.header("x-last-uuid"), Some("y"));
}

/// Two that race: one wins each round, whole, and the other is told the head.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_racing_batches_one_wins_whole() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let mut last: Option<String> = None;
    let mut wanted = Vec::new();
    for round in 0..20 {
        let ids = |who: usize| (0..5).map(|n| format!("{round}-{who}-{n}")).collect::<Vec<_>>();
        let batch = |who: usize| {
            let lines: Vec<_> = ids(who).iter().map(|id| entry(id)).collect();
            organization.batch("s", last.as_deref(), &lines)
        };
        let calls = [batch(0), batch(1), batch(2)];
        let answers = futures_util::future::join_all(calls.iter().map(Call::send)).await;
        let winner = answers.iter().position(|answer| answer.status == 201).expect("one wins");
        for (who, answer) in answers.iter().enumerate().filter(|(who, _)| *who != winner) {
            assert_error(answer, 409, "conflict_error", &format!("round {round}, {who}"));
            assert_eq!(answer.header("x-last-uuid"), Some(format!("{round}-{winner}-4").as_str()));
        }
        wanted.extend(ids(winner));
        last = wanted.last().cloned();
    }
    assert_eq!(organization.session("s").ids().await, wanted);
}

/// A kill in the middle leaves each batch whole or absent, and every acknowledged one whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_is_whole_or_absent_after_a_kill() {
    const ROUNDS: usize = 6;
    const SIZE: usize = 50;
    let mut rng = verbatim_tests::rng::Rng::seeded("batch");
    let mut server = Server::start().await;
    let mut acknowledged = vec![0_usize; 4];
    for round in 0..ROUNDS {
        let organization = server.organization(ORG);
        let fill = rng.text(500);
        let writers = acknowledged.clone().into_iter().enumerate().map(|(writer, done)| {
            let (organization, fill) = (organization.clone(), fill.clone());
            tokio::spawn(async move {
                let id = format!("w{writer}");
                let mut done = done;
                loop {
                    let line = |n| json!({"uuid": format!("{done}-{n}"), "fill": fill}).to_string();
                    let lines: Vec<_> = (0..SIZE).map(line).collect();
                    let last = done.checked_sub(1).map(|batch| format!("{batch}-{}", SIZE - 1));
                    match organization.batch(&id, last.as_deref(), &lines).attempt().await {
                        Ok(answer) if answer.status == 201 => done += 1,
                        Ok(answer) => panic!("{answer:?}"),
                        Err(_) => return done,
                    }
                }
            })
        });
        let writers: Vec<_> = writers.collect();
        tokio::time::sleep(std::time::Duration::from_millis(50 + rng.below(200))).await;
        server = server.kill().await.start().await;
        for (writer, task) in writers.into_iter().enumerate() {
            let done = task.await.unwrap();
            let id = format!("w{writer}");
            let ids = server.organization(ORG).session(&id).chain().await;
            let ids: Vec<_> = ids.into_iter().map(|event| event.event_id).collect();
            let batches = ids.len() / SIZE;
            assert_eq!(ids.len() % SIZE, 0, "round {round}: a batch is torn");
            assert!(batches == done || batches == done + 1, "round {round}: {batches} there, {done} acknowledged");
            let wanted: Vec<_> =
                (0..batches).flat_map(|batch| (0..SIZE).map(move |n| format!("{batch}-{n}"))).collect();
            assert_eq!(ids, wanted, "round {round}");
            acknowledged[writer] = batches;
        }
    }
    assert!(acknowledged.iter().sum::<usize>() > ROUNDS, "too little was written to try anything: {acknowledged:?}");
}
