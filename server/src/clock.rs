//! The one place that reads the wall clock. Everything else is handed a [`Clock`], so that tests can hand it another.

use verbatim_proto::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The time now. It may go back when an operator sets the clock; whoever needs order takes the later of two.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
    }
}

/// Whole seconds since 1970, the unit of token claims (RFC 7519, section 2).
pub fn unix_seconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_micros() / 1_000_000).unwrap_or(0)
}
