//! The server's own bounds, each with its unit in its name. Those of the wire contract are in `verbatim_proto::limits`.

use std::time::Duration;

/// Appends that may wait for the writer; past it callers are told to come back.
pub const QUEUE_APPENDS_MAX: usize = 16 * 1024;
/// Appends in one synced group.
pub const GROUP_APPENDS_MAX: usize = 1024;
/// Bytes of payload after which a group is closed. One append may be larger and then is a group of its own.
pub const GROUP_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Sessions whose state the writer keeps at hand.
pub const HEADS_MAX: usize = 64 * 1024;
/// Rows of garbage, or of uuids to be forgotten, that are worked off at a time.
pub const COLLECT_BATCH_ROWS: usize = 1000;
/// After how long what could not be taken off the disk is tried again.
pub const COLLECT_RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// Purged chains that are remembered for readers on their way through one.
pub const PURGED_CHAINS_MAX: usize = 64 * 1024;
/// Uuids and keys that the writer remembers of chains that began while it ran, and the chains: some 20 bytes each.
pub const KNOWN_IDENTITIES_MAX: usize = 1024 * 1024;
/// Of one chain; of one with more it asks the store.
pub const KNOWN_IDENTITIES_OF_CHAIN_MAX: usize = 64 * 1024;
/// How often a store that failed to write looks whether it can heal.
pub const HEAL_INTERVAL: Duration = Duration::from_millis(250);
/// Bytes that a streamed answer is made of at a time; what one reader takes of memory is a few of these.
pub const CHUNK_BYTES: usize = 256 * 1024;
/// Entries that one page looks through for those of a type; past it the page ends early, with its cursor.
pub const SCAN_ENTRIES_MAX: u64 = 10_000;
/// Bytes of payload that it looks through.
pub const SCAN_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes that one read for a follower gives, passed by at most one entry; what a slow follower takes of memory is a few
/// of these.
pub const FOLLOWER_CHUNK_BYTES: usize = 64 * 1024;
/// Sessions of which a follower of an organisation's changes is told what it has not yet taken.
pub const FEED_SESSIONS_MAX: usize = 4096;
/// Longest subject that the audit trail keeps, in characters; a longer one is cut.
pub const SUBJECT_CHARS_MAX: usize = 256;
/// Organisations whose usage the writer keeps at hand.
pub const USAGES_MAX: usize = 4096;
/// Reads for followers under way at once, so that an append to a session with thousands of them leaves threads for others.
pub const FOLLOWER_READS_MAX: usize = 32;
/// After this long without an entry a stream says that it is alive.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
/// Bodies from this size on are parsed and hashed on a blocking thread; smaller ones take microseconds.
pub const INLINE_PARSE_BYTES_MAX: usize = 64 * 1024;
/// Comparisons of a retried entry's content under way at once; each may take several times the entry's size of memory.
pub const COMPARISONS_MAX: usize = 2;
/// Verified tokens remembered, some 400 bytes each.
pub const VERIFIED_TOKENS_MAX: usize = 16 * 1024;
/// How often files that may be replaced while the server runs are looked at.
pub const RELOAD_INTERVAL: Duration = Duration::from_secs(2);
/// How long a fetch of the trusted JWKS may take.
pub const JWKS_FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of a JWKS that is fetched.
pub const JWKS_BYTES_MAX: usize = 1024 * 1024;
/// Fetches that a start waits for, one after the other, before it gives up.
pub const JWKS_FIRST_FETCHES_MAX: u32 = 3;
/// How long after a fetch that failed the next one begins, unless they are more frequent anyway.
pub const JWKS_RETRY_INTERVAL: Duration = Duration::from_secs(10);
/// Between two fetches for the sake of tokens whose `kid` nobody knows, which anyone can send.
pub const JWKS_UNKNOWN_KID_INTERVAL: Duration = Duration::from_secs(10);
/// Bytes of the revocation list's file.
pub const REVOKED_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Longest `Last-Uuid` that a conflict repeats, in bytes; a longer one is cut.
pub const EXPECTED_ECHO_BYTES_MAX: usize = 128;
/// Sessions looked at for one page of a list, whatever its filter.
pub const LIST_SCAN_MAX: usize = 10_000;
/// Entries looked at, from the first, for a text of the user's to be the title.
pub const TITLE_SCAN_ENTRIES_MAX: u64 = 64;
/// Bytes of a session's entries that are looked at for a preview, from the last, passed by at most one entry.
pub const PREVIEW_SCAN_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Changes on a page, or in one piece of a stream of them.
pub const CHANGES_CHUNK: usize = 500;
/// Sessions that one look for what is due takes up at a time.
pub const SWEEP_BATCH: usize = 100;
/// Bytes read of a body whose request was refused without it, so that its sender gets to read why.
pub const LINGER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long that may take.
pub const LINGER_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections that HTTP/2 may multiplex at once on one connection.
pub const HTTP2_STREAMS_MAX: u32 = 256;
/// Bytes of request headers.
pub const HEADER_BYTES_MAX: usize = 64 * 1024;

const _: () = {
    assert!(GROUP_APPENDS_MAX <= QUEUE_APPENDS_MAX);
    assert!(HEADS_MAX > GROUP_APPENDS_MAX, "a group must not push its own heads out");
    assert!(HEADER_BYTES_MAX > verbatim_proto::limits::TOKEN_BYTES_MAX);
};
