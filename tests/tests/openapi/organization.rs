//! Previews, changes, usage, settings, what will go.

use serde_json::{Value, json};
use verbatim_tests::{
    events::{Events, Said},
    organization::Organization,
    wire::Call,
};

use super::contract::Contract;

const PREVIEWS: &str = "post /v1/sessions/previews";
const CHANGES: &str = "get /v1/organization/changes";
const SETTINGS: &str = "/v1/organization/settings";
const EXPIRING: &str = "get /v1/organization/expiring";

pub(super) async fn requests(contract: &mut Contract, organization: &Organization) {
    previews(contract, organization).await;
    changes(contract, organization).await;
    let usage = organization.call("GET", "/v1/organization/usage").send().await.expect(200);
    contract.check("get /v1/organization/usage", &usage);
    retention(contract, organization).await;
}

async fn previews(contract: &mut Contract, organization: &Organization) {
    let said = r#"{"uuid":"u","type":"user","message":{"role":"user","content":"Fix the build"}}"#;
    organization.session("previews").put(None, said.to_owned()).send().await.expect(201);
    let call = |body: &Value| send(organization, "POST", "/v1/sessions/previews", body);
    let asked = json!({"ids": ["previews", "t", "nowhere"], "limit": 2, "max_chars": 3});
    contract.check_value("PreviewSessions", &asked);
    let shown = call(&asked).send().await.expect(200);
    assert_eq!(shown.json()["data"][0]["items"][0]["text"], "Fix");
    contract.check(PREVIEWS, &shown);
    contract.check(PREVIEWS, &organization.call("POST", "/v1/sessions/previews").send().await.expect(200));
    contract.check(PREVIEWS, &call(&json!({})).send().await.expect(200));
    for refused in [json!({"ids": ["t"], "limit": 0}), json!({"ids": ["a b"]}), json!({"id": "t"})] {
        contract.check(PREVIEWS, &call(&refused).send().await.expect(400));
    }
    let in_full = organization.show("previews").send().await.expect(200);
    contract.check("get /v1/sessions/{session_id}", &in_full);
}

async fn changes(contract: &mut Contract, organization: &Organization) {
    let read = |query: &str| organization.call("GET", &format!("/v1/organization/changes?{query}"));
    let first = read("live=long-poll&wait=0&limit=3").send().await.expect(200);
    contract.check(CHANGES, &first);
    let cursor = first.json()["next_cursor"].as_str().expect("where to go on").to_owned();
    let rest = read(&format!("live=long-poll&wait=0&cursor={cursor}")).send().await.expect(200);
    contract.check(CHANGES, &rest);
    let told = |kind: &str| {
        let pages = [first.json(), rest.json()];
        pages.iter().any(|page| page["data"].as_array().expect("changes").iter().any(|change| change["type"] == kind))
    };
    for kind in
        ["created", "appended", "patched", "ended", "forked", "reset", "redacted", "deleted", "restored", "purged"]
    {
        assert!(told(kind), "no change is {kind}");
    }
    contract.check(CHANGES, &read("live=long-poll&wait=0&from=now").send().await.expect(200));
    for refused in ["live=no", "from=then", "cursor=x", "live=long-poll&limit=0"] {
        contract.check(CHANGES, &read(refused).send().await.expect(400));
    }
    let mut stream = Events::open(&read("")).await;
    let Said::Event(frame) = stream.said().await else { panic!("the first frame is a change") };
    contract.check_value("Change", &frame.json());
    contract.check_value("CursorText", &frame.id.into());
}

async fn retention(contract: &mut Contract, organization: &Organization) {
    let (show, patch) = (&format!("get {SETTINGS}"), &format!("patch {SETTINGS}"));
    contract.check(show, &organization.call("GET", SETTINGS).send().await.expect(200));
    for (settings, status) in [
        (json!({"retention_days": 36_500}), 200),
        (json!({"retention_days": 0}), 400),
        (json!({"retention_days": 36_501}), 400),
        (json!({"retention": 1}), 400),
        (json!({}), 200),
    ] {
        if status == 200 {
            contract.check_value("PatchSettings", &settings);
        }
        contract.check(patch, &send(organization, "PATCH", SETTINGS, &settings).send().await.expect(status));
    }
    contract.check(show, &organization.call("GET", SETTINGS).send().await.expect(200));

    let dated = json!({"id": "dated", "expires_at": "2100-01-01T00:00:00Z"});
    organization.create(&dated).send().await.expect(201);
    organization.delete("f", "").send().await.expect(200);
    let expiring = |query: &str| organization.call("GET", &format!("/v1/organization/expiring{query}"));
    let all = expiring("").send().await.expect(200);
    contract.check(EXPIRING, &all);
    for cause in ["expires_at", "retention", "bin"] {
        assert!(all.json()["data"].as_array().expect("what will go").iter().any(|going| going["cause"] == cause));
    }
    contract.check(EXPIRING, &expiring("?limit=1").send().await.expect(200));
    contract.check(EXPIRING, &expiring("?before=2100-01-01T00:00:00Z").send().await.expect(200));
    for refused in ["?limit=0", "?before=then", "?cursor=x"] {
        contract.check(EXPIRING, &expiring(refused).send().await.expect(400));
    }
    contract.check_value("PatchSettings", &json!({"retention_days": null}));
    let without = send(organization, "PATCH", SETTINGS, &json!({"retention_days": null})).send().await.expect(200);
    contract.check(patch, &without);
}

fn send(organization: &Organization, method: &str, path: &str, body: &Value) -> Call {
    organization.call(method, path).header("content-type", "application/json").body(body.to_string())
}
