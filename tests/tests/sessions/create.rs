//! `POST /v1/sessions`.

use serde_json::{Map, Value, json};
use verbatim_tests::{
    entry::entry,
    organization::shown,
    pages::{Page, Transcript},
    server::Server,
    token::{ORG, OTHER_ORG},
};

use super::assert_error;

fn full() -> Value {
    json!({
        "id": "s-1", "project": "verbatim", "parent_session_id": "main", "subpath": "agents/review", "title": "Review",
        "metadata": {"branch": "main", "attempt": 2, "draft": false, "share": 0.5},
        "expires_at": "2099-01-02T03:04:05.000006Z",
    })
}

#[tokio::test]
async fn a_creation_is_201_once_and_200_ever_after() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let answer = organization.create(&full()).send().await.expect(201);
    assert_eq!(answer.header("location"), Some("/v1/sessions/s-1"));
    assert_eq!(answer.header("etag"), Some("\"1.0\""));
    let created = shown(&answer);
    for (member, value) in full().as_object().unwrap() {
        assert_eq!(&created[member], value, "{member}");
    }
    let rest = json!({"status": "active", "length": 0, "bytes": 0, "head": null, "forked_from": null,
        "boundaries": {"count": 0, "last_seq": null}, "digest": "0".repeat(64)});
    for (member, value) in rest.as_object().unwrap() {
        assert_eq!(&created[member], value, "{member}");
    }
    let spaced = serde_json::to_string_pretty(&full()).unwrap();
    for same in [organization.create(&full()), organization.create(&full()).body(spaced)] {
        let again = same.send().await.expect(200);
        assert_eq!((shown(&again), again.header("location")), (created.clone(), None));
    }
    assert_eq!(organization.ids("").await, ["s-1"]);

    for member in full().as_object().unwrap().keys().filter(|member| *member != "id" && *member != "parent_session_id")
    {
        let mut without = full();
        without.as_object_mut().unwrap().remove(member);
        let answer = organization.create(&without).send().await;
        assert_error(&answer, 409, "session_exists_error", member);
    }
    assert_error(&organization.create(&json!({"id": "s-1"})).send().await, 409, "session_exists_error", "only the id");
    assert_eq!(organization.shown("s-1").await["title"], "Review", "a refused creation changes nothing");

    // What came later makes no other creation of it.
    organization.patch("s-1", &json!({"title": "Other", "status": "paused"})).send().await.expect(200);
    organization.session("s-1").store(None, entry("a")).await;
    let again = shown(&organization.create(&full()).send().await.expect(200));
    assert_eq!((&again["title"], &again["status"], &again["length"]), (&json!("Other"), &json!("paused"), &json!(1)));
    // Another organisation's session of the same id is another session.
    server.organization(OTHER_ORG).create(&json!({"id": "s-1"})).send().await.expect(201);
}

#[tokio::test]
async fn the_server_makes_an_id_where_there_is_none() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let bodies = [
        organization.create(&json!({})),
        organization.create(&json!({"id": null, "title": null, "metadata": null})),
        organization.call("POST", "/v1/sessions"),
    ];
    let mut ids = Vec::new();
    for body in bodies {
        let answer = body.send().await.expect(201);
        let id = shown(&answer)["id"].as_str().unwrap().to_owned();
        assert_eq!(answer.header("location"), Some(format!("/v1/sessions/{id}").as_str()));
        assert!(!ids.contains(&id), "two creations, two sessions");
        organization.session(&id).store(None, entry("a")).await;
        ids.push(id);
    }
    assert_eq!(organization.ids("").await.len(), 3);
}

/// It is there, and empty, for every read; its first append finds no head.
#[tokio::test]
async fn a_created_session_is_empty() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    organization.create(&json!({"id": "s"})).send().await.expect(201);
    let session = server.session("s");
    let whole = session.get("").send().await;
    assert_eq!((Transcript::of(&whole).count, whole.header("x-last-uuid")), (0, None));
    assert_eq!(Page::of(&session.page("").send().await).data.len(), 0);
    assert_eq!(session.head().send().await.expect(200).header("x-entry-count"), Some("0"));
    let conflict = session.append(Some("x"), entry("a")).await.expect(409).json();
    assert_eq!((&conflict["head"], &conflict["length"]), (&Value::Null, &json!(0)));
    assert_eq!(session.store(None, entry("a")).await["seq"], 0);
    assert_eq!(organization.shown("s").await["length"], 1);
}

/// An append made it, not this request.
#[tokio::test]
async fn a_session_that_an_append_made_is_not_created_again() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    organization.session("s").store(None, entry("a")).await;
    for body in [json!({"id": "s"}), json!({"id": "s", "title": "x"})] {
        let answer = organization.create(&body).send().await;
        assert_error(&answer, 409, "session_exists_error", &body.to_string());
    }
    let session = organization.shown("s").await;
    assert_eq!((&session["length"], &session["status"]), (&json!(1), &json!("active")));
}

fn metadata_of(bytes: usize) -> Value {
    json!({"metadata": {"k": "x".repeat(bytes - r#"{"k":""}"#.len())}})
}

#[tokio::test]
async fn bounds_and_forms() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    for good in [
        json!({"id": "x".repeat(128)}),
        json!({"id": "-_A9"}),
        json!({"title": "ä".repeat(256), "project": "🦀".repeat(256), "parent_session_id": "p", "subpath": "é".repeat(256)}),
        json!({"title": "", "project": ""}),
        metadata_of(16 * 1024),
        json!({"expires_at": "2020-01-01T00:00:00Z"}),
        json!({"expires_at": "2099-01-01T02:00:00.5+02:00"}),
    ] {
        organization.create(&good).send().await.expect(201);
    }
    let bad_ids = ["", "a b", "a/b", "é", "~", &"x".repeat(129)].map(|id| json!({"id": id}));
    let long = "ä".repeat(257);
    let labels = ["title", "project", "subpath"].map(|member| {
        Value::Object(Map::from_iter([("parent_session_id".to_owned(), json!("p")), (member.to_owned(), json!(long))]))
    });
    let others = [
        json!({"parent_session_id": "a b"}),
        json!({"subpath": "x"}),
        json!({"titel": "x"}),
        json!({"status": "paused"}),
        json!({"title": 7}),
        json!({"metadata": []}),
        json!({"metadata": {"k": {}}}),
        json!({"metadata": {"k": []}}),
        json!({"metadata": {"k": null}}),
        metadata_of(16 * 1024 + 1),
        json!({"expires_at": "tomorrow"}),
        json!({"expires_at": 4_070_908_800_i64}),
        json!([]),
        json!(null),
        json!("s"),
    ];
    let before = organization.ids("").await.len();
    for bad in bad_ids.iter().chain(&labels).chain(&others) {
        let answer = organization.create(bad).send().await;
        assert_error(&answer, 400, "invalid_request_error", &bad.to_string());
    }
    for text in ["{", "{}{}", "{\"id\":\"s\"", "id=s"] {
        let answer = organization.create(&json!({})).body(text).send().await;
        assert_error(&answer, 400, "invalid_request_error", text);
    }
    let large = json!({"title": "x".repeat(64 * 1024)});
    assert_error(&organization.create(&large).send().await, 413, "request_too_large", "64 KiB and more");
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/merge-patch+json"] {
        let answer = organization.create(&json!({})).with("content-type", media_type).send().await;
        assert_error(&answer, 415, "unsupported_media_type", media_type);
    }
    assert_eq!(organization.ids("").await.len(), before, "nothing refused was created");
}

/// Times come back in one form.
#[tokio::test]
async fn a_time_is_shown_in_utc() {
    let server = Server::start().await;
    let organization = server.organization(ORG);
    let answer = organization.create(&json!({"expires_at": "2099-01-01T02:00:00.5+02:00"})).send().await.expect(201);
    assert_eq!(shown(&answer)["expires_at"], "2099-01-01T00:00:00.500000Z");
}
