//! The digest of a chain, reckoned from `docs/PROTOCOL.md` alone.

use serde_json::Value;

use crate::pages::Event;

/// The hash of a payload.
pub fn hash(payload: &[u8]) -> [u8; 32] {
    *blake3::hash(payload).as_bytes()
}

/// The digest after entries of these uuids and hashes of payloads.
pub fn digest<'a>(entries: impl IntoIterator<Item = (Option<&'a str>, [u8; 32])>) -> String {
    let mut digest = [0; 32];
    for (uuid, payload) in entries {
        let uuid = uuid.unwrap_or_default();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&digest);
        hasher.update(&u32::try_from(uuid.len()).expect("a short uuid").to_be_bytes());
        hasher.update(uuid.as_bytes());
        hasher.update(&payload);
        digest = *hasher.finalize().as_bytes();
    }
    blake3::Hash::from_bytes(digest).to_hex().to_string()
}

/// The digest of a chain as it was read: a stub says the hash of what it stands for.
pub fn digest_of(chain: &[Event]) -> String {
    digest(chain.iter().map(|event| {
        let payload: Value = serde_json::from_str(event.payload.get()).expect("JSON");
        let payload = match payload["redacted"]["blake3"].as_str() {
            Some(hex) => *blake3::Hash::from_hex(hex).expect("64 hex digits").as_bytes(),
            None => hash(event.payload.get().as_bytes()),
        };
        (Some(event.event_id.as_str()).filter(|id| !id.starts_with('~')), payload)
    }))
}
