//! The cursor of a session's entries: what a listing in one direction, under one filter, has still to give. Also the
//! resume point of a stream.

use std::ops::Range;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{CHECK_BYTES, CursorError, u64_at};
use crate::ids::{OrganizationId, SessionId};

/// What remains of a listing, as carried in `next_cursor` and in a stream's `id:` (PROTOCOL.md, entries).
///
/// It holds the far bound as well as the near one, so that a listing ends where its first page said, whatever was
/// appended since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntriesCursor {
    /// The number of the chain.
    pub chain: u64,
    /// The entries still to give, by seq. An end past every chain means all that will ever come.
    pub rest: Range<u64>,
}

/// What a cursor is bound to: it is of no use for another session, the other direction or another filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing<'a> {
    /// Whose session.
    pub organization: &'a OrganizationId,
    /// Which of theirs.
    pub session: &'a SessionId,
    /// Whether the newest entries come first.
    pub descending: bool,
    /// The one type of entry that is listed.
    pub event_type: Option<&'a str>,
}

const VERSION: u8 = 2;
const BODY_BYTES: usize = 1 + 8 + 8 + 8;
const CURSOR_BYTES: usize = BODY_BYTES + CHECK_BYTES;
/// Separates this use of BLAKE3 from every other.
const CONTEXT: &str = "verbatim 2026 session entries cursor v2";

impl EntriesCursor {
    /// The cursor as an answer names it: base64url of version, chain, start, end (big-endian) and a check over them and
    /// the listing.
    pub fn encode(&self, listing: &Listing<'_>) -> String {
        let mut bytes = [0; CURSOR_BYTES];
        bytes[0] = VERSION;
        bytes[1..9].copy_from_slice(&self.chain.to_be_bytes());
        bytes[9..17].copy_from_slice(&self.rest.start.to_be_bytes());
        bytes[17..BODY_BYTES].copy_from_slice(&self.rest.end.to_be_bytes());
        let check = check(&bytes[..BODY_BYTES], listing);
        bytes[BODY_BYTES..].copy_from_slice(&check);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`encode`](Self::encode) wrote for the same listing. Error: [`CursorError`].
    pub fn decode(text: &str, listing: &Listing<'_>) -> Result<Self, CursorError> {
        let mut bytes = [0; CURSOR_BYTES];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(CURSOR_BYTES) if bytes[0] == VERSION => {}
            _ => return Err(CursorError),
        }
        if bytes[BODY_BYTES..] != check(&bytes[..BODY_BYTES], listing) {
            return Err(CursorError);
        }
        Ok(Self { chain: u64_at(&bytes, 1), rest: u64_at(&bytes, 9)..u64_at(&bytes, 17) })
    }
}

fn check(body: &[u8], listing: &Listing<'_>) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(body).update(listing.organization.as_bytes()).update(listing.session.as_str().as_bytes());
    // No session id holds these bytes, so that two listings never look the same to the check.
    hasher.update(&[u8::from(listing.descending), u8::from(listing.event_type.is_some())]);
    hasher.update(listing.event_type.unwrap_or_default().as_bytes());
    let mut check = [0; CHECK_BYTES];
    hasher.finalize_xof().fill(&mut check);
    check
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Cursor;

    fn ids() -> (OrganizationId, SessionId) {
        (OrganizationId::from_bytes([7; 16]), SessionId::new("s").expect("an id"))
    }

    fn listing<'a>((organization, session): &'a (OrganizationId, SessionId)) -> Listing<'a> {
        Listing { organization, session, descending: false, event_type: None }
    }

    #[test]
    fn its_form_does_not_change() {
        let ids = ids();
        let cursor = EntriesCursor { chain: 3, rest: 41..u64::MAX };
        assert_eq!(cursor.encode(&listing(&ids)), "AgAAAAAAAAADAAAAAAAAACn__________3QAVS0QETnP");
    }

    proptest! {
        #[test]
        fn round_trips_for_its_own_listing_alone(
            chain: u64, start: u64, end: u64, org: [u8; 16], descending: bool, event_type in prop::option::of("[a-z]{0,3}")
        ) {
            let (organization, session) = (OrganizationId::from_bytes(org), SessionId::new("s")?);
            let own = Listing { organization: &organization, session: &session, descending, event_type: event_type.as_deref() };
            let cursor = EntriesCursor { chain, rest: start..end };
            let text = cursor.encode(&own);
            prop_assert_eq!(EntriesCursor::decode(&text, &own), Ok(cursor));
            let (other_organization, other_session) = (OrganizationId::from_bytes([7; 16]), SessionId::new("S")?);
            for other in [
                Listing { organization: &other_organization, ..own },
                Listing { session: &other_session, ..own },
                Listing { descending: !descending, ..own },
                Listing { event_type: Some("other"), ..own },
                Listing { event_type: None, ..own },
                Listing { event_type: Some(""), ..own },
            ] {
                prop_assert_eq!(EntriesCursor::decode(&text, &other).is_ok(), other == own, "{:?}", other);
            }
        }

        #[test]
        fn any_damage_is_noticed(chain: u64, start: u64, at: prop::sample::Index, to in "[A-Za-z0-9_-]") {
            let ids = ids();
            let text = EntriesCursor { chain, rest: start..u64::MAX }.encode(&listing(&ids));
            let at = at.index(text.len());
            let damaged = format!("{}{to}{}", &text[..at], &text[at + 1..]);
            prop_assert_eq!(EntriesCursor::decode(&damaged, &listing(&ids)).is_ok(), damaged == text);
        }

        #[test]
        fn no_text_panics_and_no_other_cursor_passes(text: String, chain: u64, seq: u64) {
            let ids = ids();
            prop_assert_eq!(EntriesCursor::decode(&text, &listing(&ids)), Err(CursorError));
            let page = Cursor { chain, seq }.encode(&ids.0, &ids.1);
            prop_assert_eq!(EntriesCursor::decode(&page, &listing(&ids)), Err(CursorError));
            let entries = EntriesCursor { chain, rest: seq..seq }.encode(&listing(&ids));
            prop_assert_eq!(Cursor::decode(&entries, &ids.0, &ids.1), Err(CursorError));
        }
    }
}
