//! The clock that entries are stamped with, so that a follower in this process can tell how long one was on its way.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use crate::engine::record::nanoseconds;

/// The member that holds the stamp, up to its value.
pub const MEMBER: &str = r#""sent_ns":"#;

static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Nanoseconds since this process's epoch.
pub fn now_ns() -> u64 {
    nanoseconds(Instant::now().saturating_duration_since(*EPOCH))
}

/// The instant of a stamp.
pub fn at(stamp_ns: u64) -> Instant {
    *EPOCH + Duration::from_nanos(stamp_ns)
}
