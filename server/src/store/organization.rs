//! What is counted of an organisation.

use verbatim_proto::{Timestamp, organization::Amounts};

/// How much an organisation keeps, and how much came on the last day on which any came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// What is kept.
    pub total: Amounts,
    /// The day, UTC, in days since 1970.
    pub day: u32,
    /// What came on it.
    pub on_day: Amounts,
}

impl Usage {
    /// Counts what came at a time.
    pub fn add(&mut self, came: Amounts, now: Timestamp) {
        let day = day_of(now);
        if day != self.day {
            (self.day, self.on_day) = (day, Amounts::default());
        }
        for amounts in [&mut self.total, &mut self.on_day] {
            amounts.sessions = amounts.sessions.saturating_add(came.sessions);
            amounts.entries = amounts.entries.saturating_add(came.entries);
            amounts.bytes = amounts.bytes.saturating_add(came.bytes);
        }
    }

    /// Counts what went.
    pub fn take(&mut self, went: Amounts) {
        self.total.sessions = self.total.sessions.saturating_sub(went.sessions);
        self.total.entries = self.total.entries.saturating_sub(went.entries);
        self.total.bytes = self.total.bytes.saturating_sub(went.bytes);
    }
}

/// The day of a time, UTC, in days since 1970.
pub fn day_of(time: Timestamp) -> u32 {
    u32::try_from(time.as_micros() / 86_400_000_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_leaves_the_total_alone_and_a_new_day_begins_at_nothing() {
        let amounts = |sessions, entries, bytes| Amounts { sessions, entries, bytes };
        let at_day = |day: i64| Timestamp::from_micros(day * 86_400_000_000 + 5);
        let mut usage = Usage::default();
        usage.add(amounts(1, 2, 30), at_day(7));
        usage.take(amounts(1, 1, 10));
        assert_eq!(usage, Usage { total: amounts(0, 1, 20), day: 7, on_day: amounts(1, 2, 30) });
        usage.add(amounts(1, 1, 1), at_day(8));
        assert_eq!(usage, Usage { total: amounts(1, 2, 21), day: 8, on_day: amounts(1, 1, 1) });
    }
}
