//! The bounds of the wire contract, each with its unit in its name. What an operator may set starts from the
//! `_DEFAULT` values; the others are part of the contract and fixed.

/// Longest session id, in bytes (PROTOCOL.md, Terms).
pub const SESSION_ID_BYTES_MAX: usize = 128;
/// Longest entry uuid, in bytes, after JSON decoding (PROTOCOL.md, Terms).
pub const ENTRY_UUID_BYTES_MAX: usize = 64;
/// Longest `Idempotency-Key`, in bytes (PROTOCOL.md, append).
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 128;
/// Largest entry a server takes unless told otherwise, in bytes of body (PROTOCOL.md, append).
pub const ENTRY_BYTES_MAX_DEFAULT: usize = 16 * 1024 * 1024;
/// Deepest nesting of arrays and objects in an entry; the entry itself is level 1 (PROTOCOL.md, append).
pub const ENTRY_DEPTH_MAX: usize = 128;
/// Entries on a page that names no `limit` (PROTOCOL.md, teleport-events).
pub const PAGE_ENTRIES_DEFAULT: usize = 500;
/// Most entries on a page; a larger `limit` means this (PROTOCOL.md, teleport-events).
pub const PAGE_ENTRIES_MAX: usize = 1000;
/// A page ends early once its payloads pass this many bytes (PROTOCOL.md, teleport-events).
pub const PAGE_PAYLOAD_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Most entries in a batch.
pub const BATCH_ENTRIES_MAX: usize = 1000;
/// How long a long poll waits for entries unless told otherwise, in seconds (PROTOCOL.md, stream).
pub const LONG_POLL_SECONDS_DEFAULT: u64 = 20;
/// How long it waits at most, in seconds; a larger `wait` means this (PROTOCOL.md, stream).
pub const LONG_POLL_SECONDS_MAX: u64 = 60;
/// Sessions on a page that names no `limit`.
pub const SESSIONS_PAGE_DEFAULT: usize = 50;
/// Most sessions on a page.
pub const SESSIONS_PAGE_MAX: usize = 500;
/// Sessions that one request may ask previews of.
pub const PREVIEW_SESSIONS_MAX: usize = 64;
/// Items of a preview that names no `limit`.
pub const PREVIEW_ITEMS_DEFAULT: u64 = 1;
/// Most items of a preview.
pub const PREVIEW_ITEMS_MAX: u64 = 20;
/// Characters of an item's text where a request names no `max_chars`.
pub const PREVIEW_CHARS_DEFAULT: u64 = 200;
/// Most characters of an item's text.
pub const PREVIEW_CHARS_MAX: u64 = 4000;
/// Entries of a session that are looked at for a preview, from the last.
pub const PREVIEW_SCAN_ENTRIES_MAX: u64 = 200;
/// Longest retention of an organisation, in days.
pub const RETENTION_DAYS_MAX: u32 = 36_500;
/// For how long the id of a purged session is refused, in days.
pub const PURGED_ID_DAYS: u32 = 30;
/// Longest project, subpath and title that a client gives, in characters.
pub const LABEL_CHARS_MAX: usize = 256;
/// Longest title that is taken from a transcript, in characters.
pub const TITLE_CHARS_MAX: usize = 80;
/// Most metadata of a session, in bytes of JSON.
pub const METADATA_BYTES_MAX: usize = 16 * 1024;
/// Largest body of a request about a session, entries aside, in bytes.
pub const SESSION_BODY_BYTES_MAX: usize = 64 * 1024;
/// Longest `Authorization` value that is looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Longest `x-request-id` that is echoed, in bytes; a longer one is replaced by a server-made id.
pub const REQUEST_ID_BYTES_MAX: usize = 128;

const _: () = {
    assert!(PAGE_ENTRIES_DEFAULT <= PAGE_ENTRIES_MAX);
    assert!(ENTRY_DEPTH_MAX <= 128, "the scanner keeps one bit a level in a u128");
    assert!(ENTRY_BYTES_MAX_DEFAULT as u64 <= PAGE_PAYLOAD_BYTES_MAX);
};
