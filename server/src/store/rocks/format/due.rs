//! `due`: what goes by itself, by when: into the bin at its `expires_at`, out of the bin for good, and out of memory once
//! a purged id is free again. Each session has at most one row of each kind.

use verbatim_proto::{OrganizationId, SessionId, Timestamp};

use super::Fields;
use crate::store::{Due, SessionKey, StoreError, Whereto};

const DELETE: u8 = 0;
const PURGE: u8 = 1;
const FORGET: u8 = 2;

/// The key of a session that goes at a time. Its value is empty.
pub fn key(session: &SessionKey, at: Timestamp, whereto: Whereto) -> Vec<u8> {
    let mut key = session.organization.as_bytes().to_vec();
    key.extend(at.as_micros().to_be_bytes());
    key.push(match whereto {
        Whereto::Bin => DELETE,
        Whereto::Purged => PURGE,
        Whereto::Forgotten => FORGET,
    });
    key.extend(session.session.as_str().as_bytes());
    key
}

/// Reads a key.
pub fn decode_key(key: &[u8]) -> Result<(OrganizationId, Due), StoreError> {
    let mut fields = Fields::new(key, "a key of what is due");
    let organization = OrganizationId::from_bytes(*fields.array()?);
    let at = Timestamp::from_micros(fields.i64()?);
    let whereto = match fields.array::<1>()? {
        [DELETE] => Whereto::Bin,
        [PURGE] => Whereto::Purged,
        [FORGET] => Whereto::Forgotten,
        _ => return Err(fields.damaged("has a kind that this format does not know")),
    };
    let damaged = fields.damaged("holds an id out of form");
    let session = std::str::from_utf8(fields.rest()).ok().and_then(|id| SessionId::new(id).ok()).ok_or(damaged)?;
    Ok((organization, Due { session, at, whereto }))
}
