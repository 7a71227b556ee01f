//! What was measured: HDR histograms of the whole window, and one small histogram for each interval of it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use super::{Done, Failure, Window};

/// Digits kept of a latency over the whole window (0.1 %), and within one interval (1 %).
const TOTAL_DIGITS: u8 = 3;
const INTERVAL_DIGITS: u8 = 2;

/// One class of operations as one thread saw it, or as all did once merged. Latencies in nanoseconds.
#[derive(Debug, Clone)]
pub struct ClassRecord {
    /// Latency of every operation whose (intended) start lay in the window.
    pub latency: Histogram<u64>,
    /// Time to the first byte of a body, where operations have one.
    pub first_byte: Histogram<u64>,
    /// Entries written or read.
    pub entries: u64,
    /// Bytes of entries written, or of bodies read.
    pub bytes: u64,
    /// Lost races.
    pub conflicts: u64,
    /// Failed attempts, by kind.
    pub errors: BTreeMap<String, u64>,
    /// One for each [`Window::interval`], by when operations ended.
    pub intervals: Vec<Interval>,
}

/// A part of the window.
#[derive(Debug, Clone)]
pub struct Interval {
    /// Latency of the operations that ended in it.
    pub latency: Histogram<u64>,
    /// Bytes they moved.
    pub bytes: u64,
    /// Attempts that failed in it.
    pub errors: u64,
}

fn histogram(digits: u8) -> Histogram<u64> {
    // Fails for more than five digits alone; any other failure would be a bug of the library.
    match Histogram::new(digits) {
        Ok(histogram) => histogram,
        Err(error) => unreachable!("{digits} digits are within bounds: {error}"),
    }
}

impl Default for Interval {
    fn default() -> Self {
        Self { latency: histogram(INTERVAL_DIGITS), bytes: 0, errors: 0 }
    }
}

impl Default for ClassRecord {
    fn default() -> Self {
        Self {
            latency: histogram(TOTAL_DIGITS),
            first_byte: histogram(TOTAL_DIGITS),
            entries: 0,
            bytes: 0,
            conflicts: 0,
            errors: BTreeMap::new(),
            intervals: Vec::new(),
        }
    }
}

impl ClassRecord {
    /// Operations recorded.
    pub fn ops(&self) -> u64 {
        self.latency.len()
    }

    /// One operation, begun (or meant to begin) at `from` and ended at `to`; kept where `from` is in the window.
    /// True when it is the first of a new interval.
    pub fn done(&mut self, window: &Window, from: Instant, to: Instant, done: &Done) -> bool {
        if !window.holds(from) {
            return false;
        }
        let latency = nanoseconds(to.saturating_duration_since(from));
        record(&mut self.latency, latency, 1);
        if let Some(first_byte) = done.first_byte {
            record(&mut self.first_byte, nanoseconds(first_byte), 1);
        }
        self.entries += done.entries;
        self.bytes += done.bytes;
        self.conflicts += done.conflicts;
        let known = self.intervals.len();
        let interval = self.interval(window, to);
        record(&mut interval.latency, latency, 1);
        interval.bytes += done.bytes;
        self.intervals.len() > known
    }

    /// One failed attempt at `at`; kept where that is in the window.
    pub fn failed(&mut self, window: &Window, at: Instant, failure: &Failure) {
        if window.holds(at) {
            *self.errors.entry(failure.kind.clone().into_owned()).or_default() += 1;
            self.interval(window, at).errors += 1;
        }
    }

    /// The interval before the newest, for showing while the run goes on.
    pub fn last_whole_interval(&self) -> Option<&Interval> {
        self.intervals.iter().rev().nth(1)
    }

    /// Adds what another thread saw.
    pub fn merge(&mut self, other: &Self) {
        add(&mut self.latency, &other.latency);
        add(&mut self.first_byte, &other.first_byte);
        self.entries += other.entries;
        self.bytes += other.bytes;
        self.conflicts += other.conflicts;
        for (kind, count) in &other.errors {
            *self.errors.entry(kind.clone()).or_default() += count;
        }
        if self.intervals.len() < other.intervals.len() {
            self.intervals.resize_with(other.intervals.len(), Interval::default);
        }
        for (mine, theirs) in self.intervals.iter_mut().zip(&other.intervals) {
            add(&mut mine.latency, &theirs.latency);
            mine.bytes += theirs.bytes;
            mine.errors += theirs.errors;
        }
    }

    fn interval(&mut self, window: &Window, at: Instant) -> &mut Interval {
        let index = window.interval_at(at);
        if self.intervals.len() <= index {
            self.intervals.resize_with(index + 1, Interval::default);
        }
        &mut self.intervals[index]
    }
}

fn add(into: &mut Histogram<u64>, from: &Histogram<u64>) {
    for step in from.iter_recorded() {
        record(into, step.value_iterated_to(), step.count_at_value());
    }
}

fn record(histogram: &mut Histogram<u64>, value: u64, count: u64) {
    // These histograms grow as values do, so that every value has its place.
    let _ = histogram.record_n(value, count);
}

/// A duration as histograms count it.
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_began_in_the_window_and_merges() {
        let start = Instant::now();
        let window = Window::new(start, Duration::from_secs(10));
        let at = |millis| start + Duration::from_millis(millis);
        let done = Done { entries: 1, bytes: 100, ..Done::default() };
        let mut record = ClassRecord::default();
        record.done(&window, at(10), at(20), &done);
        record.done(&window, at(9_990), at(10_500), &done);
        record.done(&window, at(10_001), at(10_500), &done);
        record.failed(&window, at(2_000), &Failure::fatal("503"));
        assert_eq!((record.ops(), record.bytes), (2, 200));

        let mut both = ClassRecord::default();
        both.merge(&record);
        both.merge(&record);
        assert_eq!((both.ops(), both.entries, both.errors["503"]), (4, 4, 2));
        assert_eq!(both.intervals.iter().map(|interval| interval.latency.len()).sum::<u64>(), 4);
        assert_eq!((both.latency.max() / 1_000_000, record.latency.value_at_quantile(0.5) / 1_000_000), (510, 10));
    }
}
