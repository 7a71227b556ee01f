//! Entries to send.

use serde_json::json;

/// A user entry with this uuid.
pub fn entry(uuid: &str) -> String {
    json!({"type":"user","uuid":uuid,"message":{"role":"user","content":format!("says {uuid}")}}).to_string()
}

/// An entry without a uuid, told apart by `mark`.
pub fn plain(mark: &str) -> String {
    json!({"type":"summary","summary":mark}).to_string()
}

/// A compaction boundary.
pub fn boundary(uuid: &str) -> String {
    json!({"type":"system","subtype":"compact_boundary","uuid":uuid,"parentUuid":null}).to_string()
}

/// An entry of exactly `bytes` bytes.
pub fn sized(uuid: &str, bytes: usize) -> String {
    let empty = json!({"uuid":uuid,"fill":""}).to_string();
    let fill = bytes.checked_sub(empty.len()).expect("room for the uuid");
    json!({"uuid":uuid,"fill":"x".repeat(fill)}).to_string()
}

/// An entry nested `levels` deep, itself the first level.
pub fn nested(uuid: &str, levels: usize) -> String {
    let inner = levels - 1;
    format!(r#"{{"uuid":"{uuid}","deep":{}{}}}"#, "[".repeat(inner), "]".repeat(inner))
}
