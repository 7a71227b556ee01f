//! The wire contract of Verbatim as types.
//!
//! What both ends of the wire must agree on, and nothing else: validated ids, the borrowed view of an entry, cursors,
//! token claims, error codes with their status and meaning, names of headers and paths, limits. `docs/PROTOCOL.md` is
//! the source of every rule here.
//!
//! Deliberately absent: sockets, runtimes, storage. Every function is pure and total: no input makes one panic.

pub mod claims;
pub mod cursor;
pub mod digest;
pub mod entry;
pub mod error;
pub mod ids;
pub mod json;
pub mod limits;
pub mod messages;
pub mod names;
pub mod organization;
#[cfg(feature = "schema")]
pub mod schema;
pub mod sessions;
pub mod timestamp;

pub use claims::{Claims, Scope, Scopes};
pub use cursor::{Cursor, CursorError, EntriesCursor};
pub use digest::Digest;
pub use entry::{EntryError, EntryView};
pub use error::{ErrorCode, Outcome, Retry};
pub use ids::{EntryUuid, EventId, IdError, IdempotencyKey, OrganizationId, SessionId};
pub use timestamp::Timestamp;
