//! The stored bytes, pinned: what one version wrote the next must read. And each kind: round trip, and total.

use bytes::Bytes;
use proptest::prelude::*;
use verbatim_proto::{Digest, EntryUuid, IdempotencyKey, OrganizationId, SessionId, Timestamp, digest::payload_hash};

use super::*;
use crate::store::{History, Lineage, NewEntry, Properties, Segment, SessionKey, SessionStatus};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn entry(payload: &str, uuid: Option<&str>, event_type: &str, is_boundary: bool) -> NewEntry {
    NewEntry {
        payload: Bytes::copy_from_slice(payload.as_bytes()),
        payload_hash: payload_hash(payload.as_bytes()),
        uuid: uuid.map(|uuid| EntryUuid::new(uuid).expect("uuid")),
        key: None,
        event_type: event_type.into(),
        is_boundary,
    }
}

#[test]
fn an_entry_is_stored_as_it_always_was() {
    let running = entry::Running {
        created_at: Timestamp::from_micros(0x0102_0304_0506),
        digest: Digest([0xDD; 32]),
        bytes: 7,
        boundary_count: 2,
        last_boundary: Some(4),
        head_seq: None,
    };
    let mut value = Vec::new();
    entry::encode(&mut value, &running, &entry("{}", Some("u1"), "system", true));
    let expected = [
        "01010206",
        "0000010203040506",
        "6e46dd10defc9b56c29a6ec56b508c21f54c08192194e4df25bf36f0c9c3c279",
        &"dd".repeat(32),
        "0000000000000007",
        "00000002",
        "0000000000000005",
        "0000000000000000",
        &hex(b"u1system{}"),
    ]
    .concat();
    assert_eq!(hex(&value), expected);
    assert_eq!(hex(&entry::key(1, 258)), "00000000000000010000000000000102");
}

#[test]
fn lists_and_kin_are_stored_as_they_always_were() {
    let session = SessionKey {
        organization: OrganizationId::from_bytes([0xAB; 16]),
        session: SessionId::new("s-1").expect("id"),
    };
    let listed = activity::key(&session, activity::List::Bin, 1);
    assert_eq!(hex(&listed), format!("{}01fffffffffffffffe{}", "ab".repeat(16), hex(b"s-1")));
    assert_eq!(activity::decode_key(&listed).expect("decode"), (1, session.session.clone()));
    let child = SessionId::new("c").expect("id");
    let key = kin::key(kin::Kinship::Child, &session, &child);
    assert_eq!(hex(&key), format!("00{}{}00{}", "ab".repeat(16), hex(b"s-1"), hex(b"c")));
    let key = kin::key(kin::Kinship::Fork, &session, &child);
    assert_eq!(hex(&key), format!("02{}{}00{}", "ab".repeat(16), hex(b"s-1"), hex(b"c")));
    let prefix = kin::prefix(kin::Kinship::Fork, &session);
    assert_eq!(kin::decode_key(&key, &prefix).expect("decode"), child);
    assert_eq!(hex(&kin::reader_key(1, 2)), "0100000000000000010000000000000002");
    assert_eq!(hex(&kin::encode_reader(9)), "0000000000000009");
}

#[test]
fn sessions_identities_and_meta_are_stored_as_they_always_were() {
    let lineage = Lineage::new(&[Segment { chain: 1, end: 2 }]);
    let created_at = Timestamp::from_micros(5);
    let head = session::Head { chain: 3, status: SessionStatus::Ended, created_at, lineage, is_purged: false };
    let history = History { revision: 1, updated_at: Timestamp::from_micros(0), ..History::default() };
    let said = session::Said { properties: Properties::default(), history };
    let value = session::encode(&head, &said);
    let fixed =
        ["0101", "0000000000000003", "0000000000000005", "00000001", "0000000000000001", "0000000000000002"].concat();
    let json = br#"{"properties":{},"history":{"revision":1,"updated_at":"1970-01-01T00:00:00.000000Z"}}"#;
    assert_eq!(hex(&value), format!("{fixed}{}", hex(json)));
    assert_eq!(session::decode(&value).expect("decode"), (head, said));
    let session = SessionKey {
        organization: OrganizationId::from_bytes([0xAB; 16]),
        session: SessionId::new("s-1").expect("id"),
    };
    assert_eq!(hex(&session::key(&session)), format!("{}{}", "ab".repeat(16), hex(b"s-1")));

    let identity =
        |text: &str| hex(&identity::key(1, &identity::Identity::of_uuid(&EntryUuid::new(text).expect("uuid"))));
    assert_eq!(identity("0190d3a5-7c1e-7000-8000-00000000000a"), "0000000000000001000190d3a57c1e7000800000000000000a");
    assert_eq!(
        identity("0190D3A5-7C1E-7000-8000-00000000000A"),
        format!("000000000000000101{}", &blake3::hash(b"0190D3A5-7C1E-7000-8000-00000000000A").to_hex()[..32])
    );
    let key = identity::Identity::of_key(&IdempotencyKey::new("u1").expect("key"));
    assert_eq!(hex(&identity::key(1, &key)), format!("000000000000000102{}", &blake3::hash(b"u1").to_hex()[..32]));
    assert_eq!(hex(&identity::encode(9)), "0000000000000009");
}

proptest! {
    #[test]
    fn entries_round_trip(
        uuid in prop::option::of("[!-}]{1,64}"), event_type in "\\PC{0,300}", is_boundary: bool, micros in 0..i64::MAX / 2,
        bytes: u64, boundary_count: u32, last_boundary in prop::option::of(0..u64::MAX), head_seq in prop::option::of(0..u64::MAX),
    ) {
        let payload = serde_json::json!({"type": event_type}).to_string();
        let entry = entry(&payload, uuid.as_deref(), &event_type, is_boundary);
        let running = entry::Running {
            created_at: Timestamp::from_micros(micros), digest: Digest([7; 32]), bytes, boundary_count, last_boundary, head_seq,
        };
        let mut value = Vec::new();
        entry::encode(&mut value, &running, &entry);
        let record = entry::decode(&value)?;
        prop_assert_eq!(record.running, running);
        prop_assert_eq!(record.uuid, uuid.as_deref());
        prop_assert_eq!(record.event_type, event_type);
        prop_assert_eq!(record.is_boundary, is_boundary);
        prop_assert_eq!(record.payload, payload.as_bytes());
        prop_assert_eq!(record.payload_hash, &entry.payload_hash);
    }

    #[test]
    fn keys_keep_chain_order(a: (u64, u64), b: (u64, u64)) {
        prop_assert_eq!(entry::key(a.0, a.1).cmp(&entry::key(b.0, b.1)), a.cmp(&b));
        prop_assert_eq!(entry::decode_key(&entry::key(a.0, a.1))?, a);
    }

    #[test]
    fn no_stored_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = entry::decode(&bytes);
        let _ = entry::decode_key(&bytes);
        let _ = session::decode(&bytes);
        let _ = activity::decode_key(&bytes);
        let _ = kin::decode_key(&bytes, b"prefix");
        let _ = identity::decode(&bytes);
        let _ = meta::decode_format(&bytes);
        let _ = meta::decode_next(&bytes);
    }
}
