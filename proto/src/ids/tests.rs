//! Each id: what it takes it gives back unchanged, what is out of form it refuses, and nothing makes it panic.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn session_ids_round_trip(text in "[A-Za-z0-9_-]{1,128}") {
        let id = SessionId::new(&text)?;
        prop_assert_eq!(id.as_str(), &text);
        prop_assert_eq!(serde_json::from_str::<SessionId>(&serde_json::to_string(&id)?)?, id);
    }

    #[test]
    fn entry_uuids_round_trip(text in "[!-}][!-~]{0,63}") {
        let uuid = EntryUuid::new(&text)?;
        prop_assert_eq!(uuid.as_str(), &text);
        prop_assert_eq!(serde_json::from_str::<EntryUuid>(&serde_json::to_string(&uuid)?)?, uuid);
    }

    #[test]
    fn idempotency_keys_round_trip(text in "[!-~]{1,128}") {
        let key = IdempotencyKey::new(&text)?;
        prop_assert_eq!(key.as_str(), &text);
    }

    #[test]
    fn organizations_round_trip(bytes: [u8; 16]) {
        let id = OrganizationId::from_bytes(bytes);
        prop_assert_eq!(id.to_string().to_uppercase().parse::<OrganizationId>()?, id);
        prop_assert_eq!(id.as_bytes(), &bytes);
    }

    #[test]
    fn any_text_is_taken_or_refused(text in ".{0,140}") {
        if let Ok(id) = SessionId::new(&text) {
            prop_assert_eq!(id.as_str(), &text);
        }
        if let Ok(uuid) = EntryUuid::new(&text) {
            prop_assert!(!text.starts_with('~') && text.len() <= 64 && uuid.as_str() == text);
        }
        let _ = IdempotencyKey::new(&text);
        let _ = text.parse::<OrganizationId>();
    }
}

#[test]
fn bounds_are_exact() {
    assert!(SessionId::new(&"a".repeat(128)).is_ok());
    for bad in ["", "a b", "a/b", "a.b", "é", "a\0", &"a".repeat(129)] {
        assert_eq!(SessionId::new(bad), Err(IdError::Session), "{bad:?}");
    }
    assert!(EntryUuid::new(&"u".repeat(64)).is_ok());
    assert!(EntryUuid::new("{00000000-0000-0000-0000-000000000000}").is_ok());
    for bad in ["", "~0", "a b", "a\u{7f}", "é", &"u".repeat(65)] {
        assert_eq!(EntryUuid::new(bad), Err(IdError::EntryUuid), "{bad:?}");
    }
    assert!(IdempotencyKey::new(&"~".repeat(128)).is_ok());
    for bad in ["", " ", &"k".repeat(129)] {
        assert_eq!(IdempotencyKey::new(bad), Err(IdError::IdempotencyKey), "{bad:?}");
    }
}
