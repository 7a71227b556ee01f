//! Names of query parameters.

/// Whole transcript: begin at the last boundary.
pub const AFTER_LAST_COMPACT: &str = "after_last_compact";
/// Pages: how many at most.
pub const LIMIT: &str = "limit";
/// Pages: where the last one left off.
pub const CURSOR: &str = "cursor";

/// Entries: `asc` or `desc`.
pub const ORDER: &str = "order";
/// Entries: begin behind this event id.
pub const AFTER: &str = "after";
/// Entries: end in front of this event id. What will go: none that goes at this time or later.
pub const BEFORE: &str = "before";
/// Entries: begin at this place.
pub const FROM_SEQ: &str = "from_seq";
/// Entries: begin at this boundary.
pub const FROM_BOUNDARY: &str = "from_boundary";
/// Entries: the last so many.
pub const TAIL: &str = "tail";
/// Entries: none that was stored before this time.
pub const SINCE: &str = "since";
/// Entries: of this type alone.
pub const TYPE: &str = "type";
/// Entries: which members are shown.
pub const FIELDS: &str = "fields";

/// Streams: as server-sent events or by long polls.
pub const LIVE: &str = "live";
/// Long poll: for so many seconds.
pub const WAIT: &str = "wait";

/// Changes: `now` leaves out what was before.
pub const FROM: &str = "from";

/// Sessions: of this project.
pub const PROJECT: &str = "project";
/// Sessions: sub-agents of this one.
pub const PARENT: &str = "parent";
/// Sessions: of this status.
pub const STATUS: &str = "status";
/// Sessions: with a title that begins so.
pub const TITLE: &str = "title";
/// Sessions: created or appended to after this time.
pub const UPDATED_AFTER: &str = "updated_after";
/// Sessions: what stands before the key of a value in the metadata.
pub const METADATA_PREFIX: &str = "metadata.";

/// Delete: whether sub-agents' sessions go along.
pub const CASCADE: &str = "cascade";
/// Delete: at once and for good.
pub const PURGE: &str = "purge";
