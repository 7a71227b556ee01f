//! The changes of an organisation's sessions, read page by page and checked for their form.

use serde_json::Value;

use crate::{organization::Organization, pages::is_timestamp};

/// What each type has beside the members of all.
const OWN: [(&str, Option<&str>); 10] = [
    ("created", None),
    ("appended", Some("length")),
    ("patched", None),
    ("ended", None),
    ("forked", Some("forked_from")),
    ("reset", Some("archived_session_id")),
    ("redacted", Some("event_id")),
    ("deleted", None),
    ("restored", None),
    ("purged", None),
];

/// A change has the members of its type, and no others.
#[track_caller]
pub fn check(change: &Value) {
    let members = change.as_object().expect("a change");
    let kind = change["type"].as_str().expect("a type");
    let (_, own) = OWN.iter().find(|(known, _)| *known == kind).unwrap_or_else(|| panic!("no such type: {change}"));
    let mut wanted = vec!["at", "cause", "session_id", "subject", "type"];
    wanted.extend(own);
    wanted.sort_unstable();
    let mut found: Vec<_> = members.keys().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found, wanted, "{change}");
    assert!(change["at"].as_str().is_some_and(is_timestamp), "{change}");
    assert!(change["session_id"].is_string(), "{change}");
    assert!(change["subject"].is_string() || change["subject"].is_null(), "{change}");
    let cause = change["cause"].as_str().unwrap_or_default();
    assert!(["request", "expires_at", "retention", "bin"].contains(&cause), "{change}");
    if kind == "appended" {
        assert!(change["subject"].is_null() && change["length"].is_u64(), "{change}");
    }
}

/// Whether a change is kept, and so comes exactly once.
pub fn is_kept(change: &Value) -> bool {
    change["type"] != "appended"
}

/// What a change is, in short: its type, its session, and what else belongs to its type.
pub fn short(change: &Value) -> String {
    let text = |member: &str| change[member].as_str().unwrap_or_default().to_owned();
    let mut words = vec![text("type"), text("session_id")];
    for member in ["forked_from", "event_id", "length"] {
        if let Some(value) = change.get(member) {
            words.push(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
    }
    words.join(" ")
}

/// One page, without waiting; and where to go on.
pub async fn page(organization: &Organization, cursor: Option<&str>, limit: usize) -> (Vec<Value>, String) {
    let from = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    let query = format!("?live=long-poll&wait=0&limit={limit}{from}");
    let answer = organization.changes(&query).send().await.expect(200);
    let mut body = answer.json();
    let Value::Array(data) = body["data"].take() else { panic!("no data: {answer:?}") };
    assert!(data.len() <= limit, "{} changes where {limit} were asked for", data.len());
    data.iter().for_each(check);
    (data, body["next_cursor"].as_str().expect("next_cursor is always there").to_owned())
}

/// All there is from `cursor` on, or from the beginning; and where to go on.
pub async fn read(organization: &Organization, cursor: Option<&str>) -> (Vec<Value>, String) {
    let (mut all, mut cursor) = (Vec::new(), cursor.map(str::to_owned));
    loop {
        let (data, next) = page(organization, cursor.as_deref(), 1000).await;
        if data.is_empty() {
            return (all, next);
        }
        all.extend(data);
        cursor = Some(next);
    }
}

/// The kept ones, from the beginning, in short.
pub async fn kept(organization: &Organization) -> Vec<String> {
    let (all, _) = read(organization, None).await;
    all.iter().filter(|change| is_kept(change)).map(short).collect()
}
