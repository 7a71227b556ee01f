//! `meta`: what is true of the whole store.

use super::Fields;
use crate::store::StoreError;

/// The format version, a u32.
pub const FORMAT: &[u8] = b"format";
/// The number that the next chain gets, a u64.
pub const NEXT_CHAIN: &[u8] = b"next_chain";

/// The number that the next change of the audit trail gets, a u64.
pub const NEXT_CHANGE: &[u8] = b"next_change";

/// Reads the value of [`FORMAT`].
pub fn decode_format(value: &[u8]) -> Result<u32, StoreError> {
    let mut fields = Fields::new(value, "the format version");
    let version = fields.u32()?;
    fields.end()?;
    Ok(version)
}

/// Reads the value of [`NEXT_CHAIN`] or [`NEXT_CHANGE`].
pub fn decode_next(value: &[u8]) -> Result<u64, StoreError> {
    let mut fields = Fields::new(value, "the number of the next chain or change");
    let next = fields.u64()?;
    fields.end()?;
    Ok(next)
}
