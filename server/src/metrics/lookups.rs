//! Lookups in a cache: found, or not.

use metrics::Counter;

use super::catalog::{BLOCK_LOOKUPS, HEAD_LOOKUPS, Metric, TOKEN_LOOKUPS};

/// Counts the lookups in one cache.
pub struct LookupMetrics {
    hits: Counter,
    misses: Counter,
}

/// Lookups that are yet to be counted, so that many are counted at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lookups {
    /// Found.
    pub hits: u64,
    /// Not found.
    pub misses: u64,
}

impl LookupMetrics {
    /// Of verified tokens.
    pub fn tokens() -> Self {
        Self::of(&TOKEN_LOOKUPS)
    }

    /// Of the writer's heads.
    pub fn heads() -> Self {
        Self::of(&HEAD_LOOKUPS)
    }

    /// Of RocksDB's blocks.
    pub(super) fn blocks() -> Self {
        Self::of(&BLOCK_LOOKUPS)
    }

    fn of(metric: &Metric) -> Self {
        let counter = |result| metric.counter(&[("result", result)]);
        Self { hits: counter("hit"), misses: counter("miss") }
    }

    /// Counts one that was found.
    pub fn hit(&self) {
        self.hits.increment(1);
    }

    /// Counts one that was not.
    pub fn miss(&self) {
        self.misses.increment(1);
    }

    /// Counts many.
    pub fn add(&self, lookups: Lookups) {
        self.hits.increment(lookups.hits);
        self.misses.increment(lookups.misses);
    }

    /// Takes over what is counted elsewhere.
    pub(super) fn set(&self, lookups: Lookups) {
        self.hits.absolute(lookups.hits);
        self.misses.absolute(lookups.misses);
    }
}
