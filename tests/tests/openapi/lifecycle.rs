//! Resets, redactions and purges.

use serde_json::json;
use verbatim_tests::{
    entry::{boundary, entry},
    organization::Organization,
};

use super::{ENTRIES, SESSION, contract::Contract};

pub(super) async fn requests(contract: &mut Contract, organization: &Organization) {
    let session = organization.session("l");
    session.put(None, entry("a")).send().await.expect(201);
    session.put(Some("a"), boundary("b")).send().await.expect(201);
    redactions(contract, organization).await;
    resets(contract, organization).await;
    purges(contract, organization).await;
}

async fn redactions(contract: &mut Contract, organization: &Organization) {
    let one = &format!("{ENTRIES}/{{event_id}}");
    let at = |id: &str| format!("/v1/sessions/l/entries/{id}");
    for (id, status) in [("b", 200), ("~1", 200), ("a", 200), ("none", 404), ("~x", 400)] {
        let answer = organization.call("DELETE", &at(id)).send().await.expect(status);
        contract.check(&format!("delete {one}"), &answer);
    }
    contract.check(&format!("get {one}"), &organization.call("GET", &at("a")).send().await.expect(200));
    let page = organization.call("GET", "/v1/sessions/l/entries").send().await.expect(200);
    contract.check(&format!("get {ENTRIES}"), &page);
}

async fn resets(contract: &mut Contract, organization: &Organization) {
    let reset = &format!("post {SESSION}/reset");
    let call = |id: &str| organization.call("POST", &format!("/v1/sessions/{id}/reset"));
    for (last, status) in [(None, 409), (Some("a"), 409), (Some("b"), 201), (Some("b"), 200), (Some("a"), 409)] {
        let call = last.into_iter().fold(call("l"), |call, last| call.header("last-uuid", last));
        contract.check(reset, &call.send().await.expect(status));
    }
    organization.create(&json!({"id": "never"})).send().await.expect(201);
    contract.check(reset, &call("never").send().await.expect(200));
    contract.check(reset, &call("nowhere").send().await.expect(404));
    contract.check(reset, &call("a%20b").send().await.expect(400));
    for id in ["l", organization.ids("?status=ended").await.first().expect("the archived session")] {
        contract.check(&format!("get {SESSION}"), &organization.show(id).send().await.expect(200));
    }
    contract.check("get /v1/sessions", &organization.list("?status=ended").send().await.expect(200));
}

async fn purges(contract: &mut Contract, organization: &Organization) {
    let delete = &format!("delete {SESSION}");
    contract.check(delete, &organization.delete("never", "?purge=maybe").send().await.expect(400));
    contract.check(delete, &organization.delete("never", "").send().await.expect(200));
    contract.check(delete, &organization.delete("never", "?purge=true&cascade=false").send().await.expect(200));
    contract.check(delete, &organization.delete("never", "?purge=true").send().await.expect(404));
    contract.check(delete, &organization.delete("never", "").send().await.expect(404));
    contract.check("post /v1/sessions", &organization.create(&json!({"id": "never"})).send().await.expect(410));
}
