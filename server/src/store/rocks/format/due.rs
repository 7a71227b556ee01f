//! `due`: what goes by itself, by when: into the bin at its `expires_at`, out of the bin for good, and out of memory once
//! a purged id is free again. Each session has at most one row of each kind.

use verbatim_proto::{OrganizationId, SessionId, Timestamp};

use super::Fields;
use crate::store::{Due, SessionKey, StoreError, Whereto};

const DELETE: u8 = 0;
const PURGE: u8 = 1;
const FORGET: u8 = 2;

/// Set for times before 1970, which come first all the same.
const SIGN: u64 = 1 << 63;

fn ordered(time: Timestamp) -> u64 {
    time.as_micros() as u64 ^ SIGN
}

/// The key of a session that goes at a time. Its value is empty.
pub fn key(session: &SessionKey, at: Timestamp, whereto: Whereto) -> Vec<u8> {
    let mut key = session.organization.as_bytes().to_vec();
    key.extend(ordered(at).to_be_bytes());
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
    let at = Timestamp::from_micros((fields.u64()? ^ SIGN) as i64);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_their_times() {
        let session =
            SessionKey { organization: OrganizationId::from_bytes([1; 16]), session: SessionId::new("s").expect("id") };
        let key = |micros| key(&session, Timestamp::from_micros(micros), Whereto::Purged);
        assert!(key(-1) < key(0) && key(0) < key(1) && key(-2) < key(-1));
        let due = Due { session: session.session.clone(), at: Timestamp::from_micros(-7), whereto: Whereto::Purged };
        assert_eq!(decode_key(&key(-7)).expect("decode"), (session.organization, due));
    }
}
