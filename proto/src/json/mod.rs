//! A strict, single-pass JSON scanner (RFC 8259) and the equality of PROTOCOL.md on top of it.
//!
//! The contract asks for more and for less than JSON libraries give: the whole body is checked, yet duplicate keys, lone
//! surrogate escapes and numbers of any size pass and are kept as sent. `docs/decisions/` says why this is our own.

mod equal;
mod scan;
mod string;

pub use equal::equal;
pub use scan::{JsonError, JsonErrorKind, Sink, scan, scan_prefix};
pub use string::JsonStr;

/// The four bytes that JSON counts as white space (RFC 8259, section 2).
pub const fn is_whitespace(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests;
