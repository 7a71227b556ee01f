//! The cursor of an organisation's changes: what of them was told.

use super::{
    CursorError,
    sealed::{number, open, seal},
};
use crate::{
    Timestamp,
    ids::{OrganizationId, SessionId},
};

/// Where a follower of an organisation's changes stands (PROTOCOL.md, changes).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangesCursor {
    /// The number of the next change in the audit trail.
    pub next: u64,
    /// Appends that were stamped up to this time were told.
    pub told: Timestamp,
    /// Where it stands among the sessions that grew since.
    pub scan: Option<Scan>,
}

/// A walk through the sessions that grew since a time, those that grew last last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Appends up to this time are told once it is done.
    pub until: Timestamp,
    /// The minute since 1970 of the last session that was looked at.
    pub minute: u64,
    /// Its id.
    pub session: SessionId,
}

/// Separates this use of BLAKE3 from every other.
const CONTEXT: &str = "verbatim 2026 changes cursor v1";

impl ChangesCursor {
    /// The cursor as it is sent. It is of no use to another organisation.
    pub fn encode(&self, organization: &OrganizationId) -> String {
        let mut body = [self.next, self.told.as_micros() as u64].map(u64::to_be_bytes).concat();
        if let Some(Scan { until, minute, session }) = &self.scan {
            body.extend([until.as_micros() as u64, *minute].map(u64::to_be_bytes).concat());
            body.extend(session.as_str().as_bytes());
        }
        seal(body, CONTEXT, organization.as_bytes())
    }

    /// Reads what [`encode`](Self::encode) wrote for the same organisation. Error: [`CursorError`].
    pub fn decode(text: &str, organization: &OrganizationId) -> Result<Self, CursorError> {
        let body = open(text, CONTEXT, organization.as_bytes())?;
        let mut body = body.as_slice();
        let (next, told) = (number(&mut body)?, time(&mut body)?);
        if body.is_empty() {
            return Ok(Self { next, told, scan: None });
        }
        let (until, minute) = (time(&mut body)?, number(&mut body)?);
        let session = std::str::from_utf8(body).ok().and_then(|id| SessionId::new(id).ok()).ok_or(CursorError)?;
        Ok(Self { next, told, scan: Some(Scan { until, minute, session }) })
    }
}

fn time(body: &mut &[u8]) -> Result<Timestamp, CursorError> {
    number(body).map(|micros| Timestamp::from_micros(micros as i64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn round_trips_for_its_own_organisation_alone(
            next: u64, told in 0i64..i64::MAX / 2, scan in prop::option::of((0i64..i64::MAX / 2, any::<u64>(), "[a-z]{1,128}")), org: [u8; 16],
        ) {
            let scan = scan.map(|(until, minute, id)| {
                Scan { until: Timestamp::from_micros(until), minute, session: SessionId::new(&id).expect("id") }
            });
            let cursor = ChangesCursor { next, told: Timestamp::from_micros(told), scan };
            let organization = OrganizationId::from_bytes(org);
            let text = cursor.encode(&organization);
            prop_assert_eq!(ChangesCursor::decode(&text, &organization), Ok(cursor));
            let mut other = org;
            other[3] ^= 1;
            prop_assert_eq!(ChangesCursor::decode(&text, &OrganizationId::from_bytes(other)), Err(CursorError));
        }

        #[test]
        fn no_text_panics(text: String) {
            prop_assert_eq!(ChangesCursor::decode(&text, &OrganizationId::from_bytes([7; 16])), Err(CursorError));
        }
    }
}
