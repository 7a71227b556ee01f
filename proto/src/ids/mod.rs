//! Ids as validated newtypes: a value of one of these types is known to have its form.

mod entry_uuid;
mod event_id;
mod idempotency_key;
mod organization;
mod session;

pub use entry_uuid::EntryUuid;
pub use event_id::EventId;
pub use idempotency_key::IdempotencyKey;
pub use organization::OrganizationId;
pub use session::SessionId;

/// Why a text is not an id. It never holds the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not 1 to 128 of `A-Z a-z 0-9 _ -`.
    #[error("a session id is 1 to 128 characters of A-Z a-z 0-9 _ -")]
    Session,
    /// Not 1 to 64 visible ASCII characters, or begins with `~`.
    #[error("an entry's uuid is a UUID, or 1 to 64 visible ASCII characters that do not begin with ~")]
    EntryUuid,
    /// Neither an entry's uuid nor `~SEQ`.
    #[error("an event id is an entry's uuid, or ~SEQ, such as ~41, for the entry at that place")]
    EventId,
    /// Not 1 to 128 visible ASCII characters.
    #[error("an idempotency key is 1 to 128 visible ASCII characters")]
    IdempotencyKey,
    /// Not a UUID.
    #[error("an organisation id is a UUID such as 0190d3a5-7c1e-7000-8000-000000000000")]
    Organization,
}

/// Visible ASCII: `!` to `~`, no space (RFC 5234 VCHAR).
fn is_visible_ascii(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests;
