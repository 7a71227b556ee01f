//! What the cursors of an organisation's lists have in common: a body, and a check that binds it to what it was made for.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{CHECK_BYTES, CursorError};

/// The text of a body that is bound to `bound`. `context` separates this kind of cursor from every other.
pub(super) fn seal(mut body: Vec<u8>, context: &str, bound: &[u8]) -> String {
    let check = check(&body, context, bound);
    body.extend(check);
    URL_SAFE_NO_PAD.encode(body)
}

/// Gives the body that [`seal`] was given with the same context and bound.
pub(super) fn open(text: &str, context: &str, bound: &[u8]) -> Result<Vec<u8>, CursorError> {
    let mut bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorError)?;
    let (body, found) = bytes.split_last_chunk::<CHECK_BYTES>().ok_or(CursorError)?;
    if *found != check(body, context, bound) {
        return Err(CursorError);
    }
    bytes.truncate(bytes.len() - CHECK_BYTES);
    Ok(bytes)
}

fn check(body: &[u8], context: &str, bound: &[u8]) -> [u8; CHECK_BYTES] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    hasher.update(&(body.len() as u64).to_be_bytes()).update(body).update(bound);
    let mut check = [0; CHECK_BYTES];
    hasher.finalize_xof().fill(&mut check);
    check
}

/// Takes a number off the front of a body.
pub(super) fn number(body: &mut &[u8]) -> Result<u64, CursorError> {
    let (number, rest) = body.split_first_chunk().ok_or(CursorError)?;
    *body = rest;
    Ok(u64::from_be_bytes(*number))
}
