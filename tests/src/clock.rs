//! The wall clock, read here alone: tokens are judged by it.

/// Seconds since 1970.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn unix_seconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock after 1970");
    i64::try_from(since.as_secs()).expect("a clock before the year 292277026596")
}
