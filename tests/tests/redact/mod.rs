//! `DELETE /v1/sessions/{session_id}/entries/{event_id}`: the content goes, the entry's place stays.

mod disk;
mod reads;
mod rules;

use serde_json::{Value, json};
use verbatim_tests::digest;

/// A time like `2026-01-02T03:04:05.000006Z` stands where this does.
const AT: &str = "redacted.at";

/// The stub of an entry: its own `type`, `subtype` where it was a boundary's, and `uuid`, where it had them.
fn stub(payload: &str) -> Value {
    let entry: Value = serde_json::from_str(payload).expect("an entry");
    let mut stub = json!({"redacted": {"at": AT, "blake3": blake3_hex(payload)}});
    let is_boundary = entry["subtype"] == "compact_boundary";
    for member in ["type", "uuid"].into_iter().chain(is_boundary.then_some("subtype")) {
        if !entry[member].is_null() {
            stub[member] = entry[member].clone();
        }
    }
    stub
}

/// A payload as it was read, its time of redaction put aside.
#[track_caller]
fn timeless(mut payload: Value) -> Value {
    if let Some(at) = payload.pointer_mut("/redacted/at") {
        assert!(at.as_str().is_some_and(verbatim_tests::pages::is_timestamp), "{at}");
        *at = AT.into();
    }
    payload
}

fn blake3_hex(payload: &str) -> String {
    digest::hash(payload.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
