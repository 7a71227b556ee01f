//! The cursor of what will go: the last row that a page gave.

use super::{
    CursorError,
    sealed::{number, open, seal},
};
use crate::{
    Timestamp,
    ids::{OrganizationId, SessionId},
};

/// The place of a session among those that will go, as carried in `next_cursor` (PROTOCOL.md, what goes by itself).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpiringCursor {
    /// Among those that go at a time of their own: into the bin, or else away for good.
    At(Timestamp, bool, SessionId),
    /// Among those that go by retention: the minute since 1970 in which it last grew.
    Idle(u64, SessionId),
}

/// Separates this use of BLAKE3 from every other.
const CONTEXT: &str = "verbatim 2026 expiring cursor v1";

impl ExpiringCursor {
    /// The cursor as a page names it. It is of no use to another organisation.
    pub fn encode(&self, organization: &OrganizationId) -> String {
        let (kind, number, session) = match self {
            Self::At(at, to_bin, session) => (u8::from(*to_bin), at.as_micros() as u64, session),
            Self::Idle(minute, session) => (2, *minute, session),
        };
        let body = [&[kind], &number.to_be_bytes()[..], session.as_str().as_bytes()].concat();
        seal(body, CONTEXT, organization.as_bytes())
    }

    /// Reads what [`encode`](Self::encode) wrote for the same organisation. Error: [`CursorError`].
    pub fn decode(text: &str, organization: &OrganizationId) -> Result<Self, CursorError> {
        let body = open(text, CONTEXT, organization.as_bytes())?;
        let (kind, mut rest) = body.split_first().ok_or(CursorError)?;
        let at = number(&mut rest)?;
        let session = std::str::from_utf8(rest).ok().and_then(|id| SessionId::new(id).ok()).ok_or(CursorError)?;
        match kind {
            0 | 1 => Ok(Self::At(Timestamp::from_micros(at as i64), *kind == 1, session)),
            2 => Ok(Self::Idle(at, session)),
            _ => Err(CursorError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_for_its_own_organisation_alone() {
        let session = SessionId::new("s").expect("id");
        let (ours, theirs) = (OrganizationId::from_bytes([1; 16]), OrganizationId::from_bytes([2; 16]));
        for cursor in [
            ExpiringCursor::At(Timestamp::from_micros(5), true, session.clone()),
            ExpiringCursor::At(Timestamp::from_micros(5), false, session.clone()),
            ExpiringCursor::Idle(7, session),
        ] {
            let text = cursor.encode(&ours);
            assert_eq!(ExpiringCursor::decode(&text, &theirs), Err(CursorError));
            assert_eq!(ExpiringCursor::decode(&text, &ours), Ok(cursor));
        }
        assert_eq!(ExpiringCursor::decode("AAAA", &ours), Err(CursorError));
    }
}
