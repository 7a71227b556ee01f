//! `POST /v1/sessions/previews`: the last lines of many sessions at once.

use serde_json::{Value, json};
use verbatim_tests::{
    entry::{boundary, entry},
    organization::Organization,
    server::Server,
    token::{ORG, OTHER_ORG, Token},
};

use crate::sessions::assert_error;

fn said(uuid: &str, kind: &str, content: &Value) -> String {
    json!({"type": kind, "uuid": uuid, "message": {"role": kind, "content": content}}).to_string()
}

async fn previews(organization: &Organization, body: &Value) -> Vec<Value> {
    let Value::Object(mut answer) = organization.previews(body).send().await.expect(200).json() else {
        panic!("no object")
    };
    let Some(Value::Array(data)) = answer.remove("data") else { panic!("no data") };
    assert!(answer.is_empty(), "{answer:?}");
    data
}

fn texts(preview: &Value) -> Vec<&str> {
    preview["items"].as_array().expect("items").iter().map(|item| item["text"].as_str().expect("a text")).collect()
}

#[tokio::test]
async fn the_last_items_the_oldest_first() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let lines = [
        said("a", "user", &json!("  Fix\n\tthe   build ")),
        said("b", "assistant", &json!([{"type": "tool_use", "id": "1", "name": "sh", "input": {}}])),
        said("c", "user", &json!([{"type": "tool_result", "tool_use_id": "1", "content": "output"}])),
        boundary("d"),
        json!({"type": "summary", "summary": "Build\nfixed", "leafUuid": "c"}).to_string(),
        said(
            "e",
            "assistant",
            &json!([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Done: it builds"}]),
        ),
        json!({"type": "file-history-snapshot", "messageId": "e"}).to_string(),
    ];
    organization.batch("s", None, &lines).header("idempotency-key", "k").send().await.expect(201);
    let chain = organization.session("s").chain().await;
    let shown = organization.shown("s").await;
    let all = previews(&organization, &json!({"ids": ["s"], "limit": 20})).await;
    let item = |seq: usize, text: &str| {
        let event = &chain[seq];
        json!({"seq": seq, "event_id": event.event_id, "event_type": event.event_type, "created_at": event.created_at,
            "text": text, "truncated": false})
    };
    let wanted = json!({"id": "s", "title": "Fix the build", "status": "active", "length": 7,
        "last_entry_at": shown["last_entry_at"],
        "items": [item(0, "Fix the build"), item(4, "Build fixed"), item(5, "Done: it builds")]});
    assert_eq!(all, [wanted]);
    for (limit, wanted) in [(1, &["Done: it builds"][..]), (2, &["Build fixed", "Done: it builds"])] {
        let some = previews(&organization, &json!({"ids": ["s"], "limit": limit})).await;
        assert_eq!(texts(&some[0]), wanted, "{limit}");
    }
    assert_eq!(texts(&previews(&organization, &json!({"ids": ["s"]})).await[0]), ["Done: it builds"], "one by default");
}

#[tokio::test]
async fn texts_are_cut_between_characters() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let long = "é🦀ß".repeat(2000);
    organization.session("s").store(None, said("a", "user", &json!(long))).await;
    for (max, length) in [(json!(1), 1), (json!(2), 2), (json!(3), 3), (json!(4000), 4000), (Value::Null, 200)] {
        let mut body = json!({"ids": ["s"], "max_chars": max});
        if max.is_null() {
            body.as_object_mut().unwrap().remove("max_chars");
        }
        let answer = previews(&organization, &body).await;
        let item = &answer[0]["items"][0];
        let wanted: String = long.chars().take(length).collect();
        assert_eq!((item["text"].as_str(), &item["truncated"]), (Some(wanted.as_str()), &json!(true)), "{max}");
    }
    organization.session("t").store(None, said("a", "user", &json!("é🦀ß"))).await;
    for (max, truncated) in [(2, true), (3, false), (4, false)] {
        let answer = previews(&organization, &json!({"ids": ["t"], "max_chars": max})).await;
        assert_eq!(answer[0]["items"][0]["truncated"], truncated, "{max}");
    }
}

/// One that cannot be shown says so in its place, and takes nothing from the others.
#[tokio::test]
async fn the_missing_say_so_in_their_place() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    for id in ["s", "bin", "purged", "ended"] {
        organization.session(id).store(None, entry(id)).await;
    }
    organization.create(&json!({"id": "empty"})).send().await.expect(201);
    organization.patch("ended", &json!({"status": "ended"})).send().await.expect(200);
    organization.delete("bin", "").send().await.expect(200);
    organization.purge("purged").send().await.expect(200);
    server.organization(OTHER_ORG).session("theirs").store(None, entry("x")).await;
    let ids = ["nowhere", "s", "bin", "purged", "theirs", "ended", "empty", "s"];
    let answer = previews(&organization, &json!({"ids": ids})).await;
    assert_eq!(answer.iter().map(|preview| preview["id"].as_str().unwrap()).collect::<Vec<_>>(), ids, "in order");
    for (preview, id) in answer.iter().zip(ids) {
        if ["s", "ended", "empty"].contains(&id) {
            assert_eq!(texts(preview).len(), usize::from(id != "empty"), "{preview}");
        } else {
            assert_eq!(preview["error"]["type"], "not_found_error", "{preview}");
            assert_eq!(preview.as_object().unwrap().len(), 2, "{preview}");
        }
    }
    assert_eq!((&answer[5]["status"], &answer[6]["last_entry_at"]), (&json!("ended"), &Value::Null));
}

#[tokio::test]
async fn bounds_and_forms() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    organization.session("s").store(None, entry("a")).await;
    let ids = |count: usize| (0..count).map(|n| format!("s{n}")).collect::<Vec<_>>();
    assert_eq!(previews(&organization, &json!({"ids": ids(64)})).await.len(), 64);
    for bad in [
        json!({"ids": ids(65)}),
        json!({"ids": "s"}),
        json!({"ids": [1]}),
        json!({"ids": ["a b"]}),
        json!({"ids": ["s"], "limit": 0}),
        json!({"ids": ["s"], "limit": 21}),
        json!({"ids": ["s"], "limit": "1"}),
        json!({"ids": ["s"], "max_chars": 0}),
        json!({"ids": ["s"], "max_chars": 4001}),
        json!({"ids": ["s"], "max": 1}),
        json!([]),
    ] {
        let answer = organization.previews(&bad).send().await;
        assert_error(&answer, 400, "invalid_request_error", &format!("{bad:.60}"));
    }
    let call = organization.previews(&json!({"ids": ["s"]}));
    assert_error(&call.clone().with("content-type", "text/plain").send().await, 415, "unsupported_media_type", "text");
    let own = server.signer().sign(&Token::session("s", ORG));
    assert_error(&call.clone().bearer(&own).send().await, 403, "permission_error", "a session token");
    let blind = server.signer().sign(&Token::access(ORG).scope("append admin"));
    assert_error(&call.bearer(&blind).send().await, 403, "permission_error", "no read");
}

/// The last 200 entries are looked at, across a fork's join as well.
#[tokio::test]
async fn only_so_many_entries_are_looked_at() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let silent = |from: usize, count: usize| -> Vec<String> {
        (from..from + count).map(|n| json!({"type": "progress", "uuid": format!("p{n}")}).to_string()).collect()
    };
    organization.batch("s", None, &[entry("a")]).send().await.expect(201);
    organization.batch("s", Some("a"), &silent(0, 100)).send().await.expect(201);
    organization.fork("s", &json!({"id": "f"})).send().await.expect(201);
    organization.batch("f", Some("p99"), &silent(100, 99)).send().await.expect(201);
    let found = async || texts(&previews(&organization, &json!({"ids": ["f"], "limit": 5})).await[0]).len();
    assert_eq!(found().await, 1, "the 200th from the end");
    organization.batch("f", Some("p198"), &silent(199, 1)).send().await.expect(201);
    assert_eq!(found().await, 0, "the 201st");
}
