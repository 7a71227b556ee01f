//! What the writer does, counted by the group.

use std::time::Duration;

use metrics::{Counter, Histogram};

use super::{
    LookupMetrics, Lookups,
    catalog::{ENTRIES_STORED, GROUP_APPENDS, GROUP_BYTES, GROUP_DECIDE, GROUP_SYNC, GROUP_WAIT, PAYLOAD_STORED},
};

/// Counts groups of appends.
pub struct GroupMetrics {
    appends: Histogram,
    bytes: Histogram,
    wait: Histogram,
    decide: Histogram,
    sync: Histogram,
    entries_stored: Counter,
    bytes_stored: Counter,
    heads: LookupMetrics,
}

impl Default for GroupMetrics {
    fn default() -> Self {
        Self {
            appends: GROUP_APPENDS.histogram(&[]),
            bytes: GROUP_BYTES.histogram(&[]),
            wait: GROUP_WAIT.histogram(&[]),
            decide: GROUP_DECIDE.histogram(&[]),
            sync: GROUP_SYNC.histogram(&[]),
            entries_stored: ENTRIES_STORED.counter(&[]),
            bytes_stored: PAYLOAD_STORED.counter(&[]),
            heads: LookupMetrics::heads(),
        }
    }
}

impl GroupMetrics {
    /// A group was taken from the queue: how many appends with how many bytes of entries, of which the first had waited
    /// so long.
    pub fn taken(&self, appends: usize, bytes: usize, longest_wait: Duration) {
        self.appends.record(appends as f64);
        self.bytes.record(bytes as f64);
        self.wait.record(longest_wait);
    }

    /// It was decided.
    pub fn decided(&self, time: Duration, heads: Lookups) {
        self.decide.record(time);
        self.heads.add(heads);
    }

    /// It was written and synced, or that failed.
    pub fn synced(&self, time: Duration) {
        self.sync.record(time);
    }

    /// It is stored: so many entries with so many bytes.
    pub fn stored(&self, entries: u64, bytes: u64) {
        self.entries_stored.increment(entries);
        self.bytes_stored.increment(bytes);
    }
}
