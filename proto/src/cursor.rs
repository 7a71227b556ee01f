//! The cursor: where a page left off. Opaque to clients, bound to one session, and to the one chain it was made on.

mod changes;
mod entries;
mod expiring;
mod sealed;
mod sessions;

pub use changes::{ChangesCursor, Scan};
pub use entries::{EntriesCursor, Listing};
pub use expiring::ExpiringCursor;
pub use sessions::SessionsCursor;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::ids::{OrganizationId, SessionId};

/// A place in a chain, as carried in `next_cursor` (PROTOCOL.md, teleport-events).
///
/// It holds no position of a node or process, so that it outlives restarts and appends and works on every node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The number of the chain. A session that is reset goes on under a new one, and the cursor is gone.
    pub chain: u64,
    /// The seq of the next entry to give.
    pub seq: u64,
}

/// The text is no cursor, is damaged, or was made for another session or listing. Which of them is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the cursor is damaged, or belongs to another session, order or filter; send next_cursor exactly as the last page gave it, with that page's parameters, or leave it out to begin"
)]
pub struct CursorError;

const VERSION: u8 = 1;
const CHECK_BYTES: usize = 8;
const BODY_BYTES: usize = 1 + 8 + 8;
const CURSOR_BYTES: usize = BODY_BYTES + CHECK_BYTES;
/// Separates this use of BLAKE3 from every other.
const CONTEXT: &str = "verbatim 2026 session page cursor v1";

impl Cursor {
    /// The cursor as a page names it: base64url of version, chain, seq (big-endian) and a check over them and the session.
    pub fn encode(&self, organization: &OrganizationId, session: &SessionId) -> String {
        let mut bytes = [0; CURSOR_BYTES];
        bytes[0] = VERSION;
        bytes[1..9].copy_from_slice(&self.chain.to_be_bytes());
        bytes[9..BODY_BYTES].copy_from_slice(&self.seq.to_be_bytes());
        let check = check(&bytes[..BODY_BYTES], organization, session);
        bytes[BODY_BYTES..].copy_from_slice(&check);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`encode`](Self::encode) wrote for the same session. Error: [`CursorError`].
    pub fn decode(text: &str, organization: &OrganizationId, session: &SessionId) -> Result<Self, CursorError> {
        let mut bytes = [0; CURSOR_BYTES];
        match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(CURSOR_BYTES) if bytes[0] == VERSION => {}
            _ => return Err(CursorError),
        }
        if bytes[BODY_BYTES..] != check(&bytes[..BODY_BYTES], organization, session) {
            return Err(CursorError);
        }
        Ok(Self { chain: u64_at(&bytes, 1), seq: u64_at(&bytes, 9) })
    }
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn check(body: &[u8], organization: &OrganizationId, session: &SessionId) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(body).update(organization.as_bytes()).update(session.as_str().as_bytes());
    let mut check = [0; CHECK_BYTES];
    hasher.finalize_xof().fill(&mut check);
    check
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trips_for_its_own_session_alone(chain: u64, seq: u64, org: [u8; 16], other: [u8; 16]) {
            let (org, other) = (OrganizationId::from_bytes(org), OrganizationId::from_bytes(other));
            let session = SessionId::new("s")?;
            let cursor = Cursor { chain, seq };
            let text = cursor.encode(&org, &session);
            prop_assert_eq!(Cursor::decode(&text, &org, &session), Ok(cursor));
            prop_assert_eq!(Cursor::decode(&text, &org, &SessionId::new("S")?), Err(CursorError));
            prop_assert_eq!(Cursor::decode(&text, &other, &session).is_ok(), org == other);
        }

        #[test]
        fn any_damage_is_noticed(chain: u64, seq: u64, at: prop::sample::Index, to in "[A-Za-z0-9_-]") {
            let (org, session) = (OrganizationId::from_bytes([7; 16]), SessionId::new("s")?);
            let text = Cursor { chain, seq }.encode(&org, &session);
            let at = at.index(text.len());
            let damaged = format!("{}{to}{}", &text[..at], &text[at + 1..]);
            prop_assert_eq!(Cursor::decode(&damaged, &org, &session).is_ok(), damaged == text);
        }

        #[test]
        fn no_text_panics(text: String) {
            let (org, session) = (OrganizationId::from_bytes([7; 16]), SessionId::new("s")?);
            prop_assert_eq!(Cursor::decode(&text, &org, &session), Err(CursorError));
        }
    }
}
