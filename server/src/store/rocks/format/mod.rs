//! How things lie in RocksDB: one file for each kind of key. Big-endian throughout, so that byte order is key order.
//!
//! | family | key | value |
//! | --- | --- | --- |
//! | `meta` | name | see [`meta`] |
//! | `sessions` | organisation (16), session id | see [`session`] |
//! | `entries` | chain (8), seq (8) | see [`entry`] |
//! | `identities` | chain (8), kind (1), hash (16) | see [`identity`] |
//! | `activity` | organisation (16), list (1), minute backwards (8), session id | see [`activity`] |
//! | `kin` | kind (1), parent, child | see [`kin`] |
//! | `due` | organisation (16), time (8), whereto (1), session id | see [`due`] |
//! | `audit` | organisation (16), number (8) | see [`audit`] |
//! | `organizations` | organisation (16), kind (1) | see [`organization`] |
//! | `garbage` | kind (1), what | see [`garbage`] |
//!
//! A chain is a number given to a session when it is created, so that the keys of its entries are short and fixed.
//! Sizes are pinned at compile time; `golden` tests pin the bytes.

pub mod activity;
pub mod audit;
pub mod due;
pub mod entry;
pub mod garbage;
pub mod identity;
pub mod kin;
pub mod meta;
pub mod organization;
pub mod session;

use crate::store::StoreError;

/// The format this program writes. A folder of a newer one is refused.
pub const FORMAT_VERSION: u32 = 1;

/// The column families, in the order in which they are opened.
pub const FAMILIES: [&str; 10] =
    [META, SESSIONS, ENTRIES, IDENTITIES, ACTIVITY, KIN, DUE, AUDIT, ORGANIZATIONS, GARBAGE];
/// What is true of the whole store.
pub const META: &str = "meta";
/// What is true of a session whatever is appended to it.
pub const SESSIONS: &str = "sessions";
/// Entries, each with the state of its chain up to and with it.
pub const ENTRIES: &str = "entries";
/// Which uuids and idempotency keys a chain holds, and where.
pub const IDENTITIES: &str = "identities";

/// The sessions of an organisation by when they last grew.
pub const ACTIVITY: &str = "activity";
/// Sub-agents and forks.
pub const KIN: &str = "kin";
/// What goes by itself, by when.
pub const DUE: &str = "due";
/// What happened to sessions, appends aside.
pub const AUDIT: &str = "audit";
/// What is true of an organisation.
pub const ORGANIZATIONS: &str = "organizations";
/// What is no longer reachable and still takes room.
pub const GARBAGE: &str = "garbage";

/// Takes fixed fields off the front of a stored value; running out of bytes is damage, never a panic.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    of: &'static str,
}

impl<'a> Fields<'a> {
    pub(super) fn new(rest: &'a [u8], of: &'static str) -> Self {
        Self { rest, of }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], StoreError> {
        let (field, rest) = self.rest.split_first_chunk().ok_or_else(|| self.damaged("is too short"))?;
        self.rest = rest;
        Ok(field)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], StoreError> {
        let (field, rest) = self.rest.split_at_checked(count).ok_or_else(|| self.damaged("is too short"))?;
        self.rest = rest;
        Ok(field)
    }

    pub(super) fn text(&mut self, count: usize) -> Result<&'a str, StoreError> {
        let field = self.bytes(count)?;
        std::str::from_utf8(field).map_err(|_| self.damaged("holds bytes that are not UTF-8"))
    }

    pub(super) fn u32(&mut self) -> Result<u32, StoreError> {
        self.array().map(|field| u32::from_be_bytes(*field))
    }

    pub(super) fn u64(&mut self) -> Result<u64, StoreError> {
        self.array().map(|field| u64::from_be_bytes(*field))
    }

    pub(super) fn i64(&mut self) -> Result<i64, StoreError> {
        self.array().map(|field| i64::from_be_bytes(*field))
    }

    /// A seq that may be missing: one more than it, 0 for none.
    pub(super) fn seq(&mut self) -> Result<Option<u64>, StoreError> {
        self.u64().map(|plus_one| plus_one.checked_sub(1))
    }

    pub(super) fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn end(self) -> Result<(), StoreError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.damaged("is too long")) }
    }

    pub(super) fn damaged(&self, what: &str) -> StoreError {
        StoreError::Damaged(format!("{} {what}", self.of))
    }
}

pub(super) fn seq_field(seq: Option<u64>) -> [u8; 8] {
    seq.map_or(0, |seq| seq + 1).to_be_bytes()
}

#[cfg(test)]
mod golden;
