//! The cursor of an organisation's sessions: the last one that a page gave.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{CHECK_BYTES, CursorError};
use crate::ids::{OrganizationId, SessionId};

/// The place of a session in a list by activity, as carried in `next_cursor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionsCursor {
    /// The minute since 1970 in which the session last grew.
    pub minute: u64,
    /// Its id.
    pub session: SessionId,
}

const VERSION: u8 = 3;
const HEAD_BYTES: usize = 1 + 8;
/// Separates this use of BLAKE3 from every other.
const CONTEXT: &str = "verbatim 2026 sessions cursor v3";

impl SessionsCursor {
    /// The cursor as a page names it. It is of no use to another organisation or for another `filter`.
    pub fn encode(&self, organization: &OrganizationId, filter: &str) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(self.minute.to_be_bytes());
        bytes.extend(self.session.as_str().as_bytes());
        let check = check(&bytes, organization, filter);
        bytes.extend(check);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`encode`](Self::encode) wrote for the same organisation and filter. Error: [`CursorError`].
    pub fn decode(text: &str, organization: &OrganizationId, filter: &str) -> Result<Self, CursorError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
        let (body, found) = bytes.split_last_chunk::<CHECK_BYTES>().ok_or(CursorError)?;
        let (head, id) = body.split_first_chunk::<HEAD_BYTES>().ok_or(CursorError)?;
        if head[0] != VERSION || *found != check(body, organization, filter) {
            return Err(CursorError);
        }
        let minute = head[1..].iter().fold(0, |minute, &byte| minute << 8 | u64::from(byte));
        let session = std::str::from_utf8(id).ok().and_then(|id| SessionId::new(id).ok());
        Ok(Self { minute, session: session.ok_or(CursorError)? })
    }
}

fn check(body: &[u8], organization: &OrganizationId, filter: &str) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(&(body.len() as u64).to_be_bytes()).update(body);
    hasher.update(organization.as_bytes()).update(filter.as_bytes());
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
        fn round_trips_for_its_own_list_alone(minute: u64, id in "[A-Za-z0-9_-]{1,128}", org: [u8; 16], filter: String) {
            let organization = OrganizationId::from_bytes(org);
            let cursor = SessionsCursor { minute, session: SessionId::new(&id)? };
            let text = cursor.encode(&organization, &filter);
            prop_assert_eq!(SessionsCursor::decode(&text, &organization, &filter), Ok(cursor));
            let longer = filter + "x";
            prop_assert_eq!(SessionsCursor::decode(&text, &organization, &longer), Err(CursorError));
        }

        #[test]
        fn no_text_panics(text: String) {
            prop_assert_eq!(SessionsCursor::decode(&text, &OrganizationId::from_bytes([7; 16]), ""), Err(CursorError));
        }
    }
}
