//! `GET /openapi.json`: the document is there for all, and what the server answers is what it says.

mod contract;
mod lifecycle;
mod organization;

use serde_json::{Value, json};
use verbatim_tests::{
    entry::{boundary, entry, plain},
    events::{Events, Said},
    organization::Organization,
    server::Server,
    token::ORG,
    wire::Answer,
};

use contract::Contract;

const TRANSCRIPT: &str = "/v1/session_ingress/session/{session_id}";
const TELEPORT: &str = "get /v1/code/sessions/{session_id}/teleport-events";
const SESSION: &str = "/v1/sessions/{session_id}";
const ENTRIES: &str = "/v1/sessions/{session_id}/entries";
const STREAM: &str = "get /v1/sessions/{session_id}/stream";

#[tokio::test]
async fn the_document_is_there_for_all() {
    let server = Server::start().await;
    let answer = server.call("GET", "/openapi.json").send().await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["info"]["title"], "Verbatim");
    assert!(document["paths"][SESSION]["patch"].is_object());
    let other = server.call("GET", "/openapi.json").bearer("not a token").send().await.expect(200);
    assert_eq!(other.body, answer.body);
    assert!(server.call("HEAD", "/openapi.json").send().await.expect(200).body.is_empty());
    assert_eq!(server.call("POST", "/openapi.json").send().await.expect(405).header("allow"), Some("GET, HEAD"));
}

/// Every operation, every answer of success, and the refusals that are easily had.
#[tokio::test]
async fn what_is_answered_is_what_the_document_says() {
    let server = Server::start().await;
    let mut contract = Contract::of(&server).await;
    let organization = server.organization(ORG);
    for path in ["/healthz", "/readyz", "/openapi.json", "/metrics"] {
        contract.check(&format!("get {path}"), &server.call("GET", path).send().await.expect(200));
    }
    transcripts(&mut contract, &organization).await;
    sessions(&mut contract, &organization).await;
    entries(&mut contract, &organization).await;
    lifecycle::requests(&mut contract, &organization).await;
    organization::requests(&mut contract, &organization).await;
    strangers(&mut contract, &server).await;
    assert_eq!(contract.unseen(), Vec::<String>::new(), "call these here too");
}

async fn transcripts(contract: &mut Contract, organization: &Organization) {
    let put = format!("put {TRANSCRIPT}");
    let session = organization.session("t");
    for (last, body, status) in [
        (None, entry("a"), 201),
        (None, entry("a"), 200),
        (Some("a"), plain("no uuid"), 201),
        (Some("a"), boundary("b"), 201),
        (None, entry("c"), 409),
        (Some("nothing"), entry("c"), 409),
        (Some("b"), r#"{"uuid":"a"}"#.to_owned(), 422),
        (Some("b"), "[]".to_owned(), 400),
    ] {
        contract.check(&put, &session.put(last, body).send().await.expect(status));
    }
    contract.check(&put, &session.put(Some("b"), entry("c")).without("content-type").send().await.expect(415));
    contract.check(&put, &session.put(None, entry("c")).without("authorization").send().await.expect(401));
    contract.check(&put, &session.put(None, entry("c")).header("x-organization-uuid", "x").send().await.expect(403));
    contract.check(&format!("get {TRANSCRIPT}"), &session.get("?after_last_compact=true").send().await.expect(200));
    contract.check(&format!("head {TRANSCRIPT}"), &session.head().send().await.expect(200));
    contract.check(TELEPORT, &session.page("?limit=2").send().await.expect(200));
    contract.check(TELEPORT, &session.page("").send().await.expect(200));
    contract.check(TELEPORT, &session.page("?limit=0").send().await.expect(400));
    let nowhere = organization.session("nowhere");
    contract.check(&format!("get {TRANSCRIPT}"), &nowhere.get("").send().await.expect(404));
    contract.check(&format!("head {TRANSCRIPT}"), &nowhere.head().send().await.expect(404));
    contract.check(TELEPORT, &nowhere.page("").send().await.expect(404));
}

async fn sessions(contract: &mut Contract, organization: &Organization) {
    let create = "post /v1/sessions";
    let whole = json!({
        "id": "s", "project": "p", "parent_session_id": "t", "subpath": "agent", "title": "A title",
        "metadata": {"text": "x", "number": 0.1, "flag": true}, "expires_at": "2100-01-01T00:00:00+01:00",
    });
    contract.check_value("CreateSession", &whole);
    contract.check(create, &organization.create(&whole).send().await.expect(201));
    contract.check(create, &organization.create(&whole).send().await.expect(200));
    contract.check(create, &organization.create(&json!({"id": "s"})).send().await.expect(409));
    contract.check(create, &organization.create(&json!({"id": "t"})).send().await.expect(409));
    contract.check(create, &organization.create(&json!({"titel": "x"})).send().await.expect(400));
    contract
        .check(create, &organization.create(&json!({})).with("content-type", "text/plain").send().await.expect(415));

    let (get, patch) = (format!("get {SESSION}"), format!("patch {SESSION}"));
    let fork = &format!("post {SESSION}/fork");
    for (at, status) in
        [(json!({"id": "f", "at": "b"}), 201), (json!({"id": "f", "at": "b"}), 200), (json!({"at": "none"}), 400)]
    {
        contract.check_value("ForkSession", &at);
        contract.check(fork, &organization.fork("t", &at).send().await.expect(status));
    }
    contract.check(fork, &organization.fork("t", &json!({"id": "s"})).send().await.expect(409));
    for id in ["s", "t", "f"] {
        contract.check(&get, &organization.show(id).send().await.expect(200));
    }
    contract.check(&get, &organization.show("nowhere").send().await.expect(404));
    contract.check(&get, &organization.show("a%20b").send().await.expect(400));
    let change = json!({"title": null, "metadata": {"text": null}, "status": "paused", "expires_at": null});
    contract.check_value("PatchSession", &change);
    contract.check(&patch, &organization.patch("s", &change).send().await.expect(200));
    contract.check(&patch, &organization.patch("s", &change).header("if-match", "\"1.0\"").send().await.expect(412));
    contract.check(&patch, &organization.patch("s", &json!({"status": "ended"})).send().await.expect(200));
    contract.check(&patch, &organization.patch("s", &json!({"status": "active"})).send().await.expect(410));
    contract
        .check(&format!("put {TRANSCRIPT}"), &organization.session("s").put(None, entry("a")).send().await.expect(410));

    contract.check(&format!("delete {SESSION}"), &organization.delete("f", "?cascade=false").send().await.expect(200));
    for query in ["", "?limit=1", "?status=deleted", "?metadata.flag=true&project=p"] {
        contract.check("get /v1/sessions", &organization.list(query).send().await.expect(200));
    }
    contract.check("get /v1/sessions", &organization.list("?status=gone").send().await.expect(400));
    contract.check(&format!("post {SESSION}/restore"), &organization.restore("f").send().await.expect(200));
    contract.check(&format!("post {SESSION}/restore"), &organization.restore("nowhere").send().await.expect(404));
}

async fn entries(contract: &mut Contract, organization: &Organization) {
    let append = &format!("post {ENTRIES}");
    let batch = [entry("x"), plain("no uuid"), boundary("y")];
    let send = |last, entries: &[String]| organization.batch("e", last, entries).header("idempotency-key", "k");
    for (call, status) in [
        (send(None, &batch), 201),
        (send(None, &batch), 200),
        (send(None, &[entry("z")]), 409),
        (send(Some("y"), &[]), 400),
        (send(Some("y"), &[r#"{"uuid":"x"}"#.to_owned()]), 422),
    ] {
        contract.check(append, &call.send().await.expect(status));
    }
    let page = &format!("get {ENTRIES}");
    let read = |query: &str| organization.call("GET", &format!("/v1/sessions/e/{query}"));
    for query in
        ["entries", "entries?limit=1&order=desc", "entries?fields=bare", "entries?fields=seq,payload", "entries?tail=0"]
    {
        let status = if query.ends_with("tail=0") { 400 } else { 200 };
        contract.check(page, &read(query).send().await.expect(status));
    }
    let lines = read("entries?limit=2").header("accept", "application/x-ndjson").send().await.expect(200);
    contract.check(page, &lines);
    let (last, shown) = parted(&lines);
    assert_eq!((shown.len(), &last["truncated"]), (2, &json!(true)));
    shown.iter().for_each(|line| contract.check_value("Entry", line));
    let one = &format!("get {ENTRIES}/{{event_id}}");
    for (id, status) in [("x", 200), ("~1", 200), ("none", 404), ("~x", 400)] {
        contract.check(one, &read(&format!("entries/{id}")).send().await.expect(status));
    }
    contract.check(STREAM, &read("stream?live=long-poll&wait=0&from_seq=3").send().await.expect(200));
    contract.check(STREAM, &read("stream?live=no").send().await.expect(400));
    organization.patch("e", &json!({"status": "ended"})).send().await.expect(200);
    contract.check(STREAM, &read("stream?live=long-poll&from_seq=1").send().await.expect(200));
    contract.check(STREAM, &read("stream").send().await.expect(200));
    let mut stream = Events::open(&read("stream")).await;
    let Said::Event(frame) = stream.said().await else { panic!("the first frame is an entry") };
    contract.check_value("Entry", &frame.json());
    contract.check_value("CursorText", &frame.id.into());
}

/// Whoever has no token learns so on every operation that needs one, in the words of the document.
async fn strangers(contract: &mut Contract, server: &Server) {
    let paths = contract.document()["paths"].as_object().expect("paths").clone();
    for (path, item) in &paths {
        let at = path.replace("{session_id}", "t").replace("{event_id}", "a");
        for (method, operation) in item.as_object().expect("an item") {
            if operation["security"].as_array().is_some_and(|tokens| !tokens.is_empty()) {
                let answer = server.call(&method.to_uppercase(), &at).send().await.expect(401);
                contract.check(&format!("{method} {path}"), &answer);
            }
        }
    }
}

/// The last line of an NDJSON page, and those before it.
fn parted(page: &Answer) -> (Value, Vec<Value>) {
    let text = page.text();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (lines.pop().expect("a last line"), lines)
}
