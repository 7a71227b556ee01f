//! The stub that stays in place of an entry whose content was taken away (PROTOCOL.md, Redact an entry).

use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{Digest, Timestamp};

/// When an entry was redacted, and the hash of what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Redaction {
    /// When.
    pub at: Timestamp,
    /// BLAKE3 of the payload as it was stored, with which the chain's digest still verifies.
    pub blake3: Digest,
}

/// What a payload says of its redaction, if it is a stub. An entry that is none is most often told by its first member.
/// Whoever appends can append what looks like a stub: the chain's digest tells.
pub fn redaction(payload: &[u8]) -> Option<Redaction> {
    serde_json::from_slice(payload).ok().map(|stub: Stub| stub.redacted)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stub {
    #[serde(rename = "type", default)]
    _type: Option<IgnoredAny>,
    #[serde(rename = "subtype", default)]
    _subtype: Option<IgnoredAny>,
    #[serde(rename = "uuid", default)]
    _uuid: Option<IgnoredAny>,
    redacted: Redaction,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stub_is_told_from_an_entry() {
        let hash = "9f".repeat(32);
        let redacted = format!(r#"{{"at":"2026-01-02T03:04:05.000006Z","blake3":"{hash}"}}"#);
        for stub in [
            format!(r#"{{"type":"user","uuid":"u1","redacted":{redacted}}}"#),
            format!(r#"{{"type":"system","subtype":"compact_boundary","redacted":{redacted}}}"#),
            format!(r#"{{"type":"\ud800","redacted":{redacted}}}"#),
            format!(r#"{{"redacted":{redacted}}}"#),
        ] {
            assert_eq!(redaction(stub.as_bytes()).map(|stub| stub.blake3.to_string()), Some(hash.clone()), "{stub}");
        }
        for entry in [
            "{}".to_owned(),
            r#"{"type":"user","uuid":"u1","redacted":true}"#.to_owned(),
            format!(r#"{{"type":"user","message":"m","redacted":{redacted}}}"#),
            r#"{"redacted":{"at":"2026-01-02T03:04:05Z","blake3":"9f"}}"#.to_owned(),
        ] {
            assert_eq!(redaction(entry.as_bytes()), None, "{entry}");
        }
    }
}
