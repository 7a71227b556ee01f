//! What a run shows of itself while it goes on: counters that the load threads bump and the terminal reads.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// Live counters of one class of operations, shared by all threads.
#[derive(Debug, Default)]
pub struct Live {
    ops: AtomicU64,
    errors: AtomicU64,
    p50_ns: AtomicU64,
    p99_ns: AtomicU64,
}

/// Operations that have ended since the agents began, warm-up included, and the latency of the last whole interval.
#[derive(Debug, Clone, Copy, Default)]
pub struct Glimpse {
    /// Operations ended.
    pub ops: u64,
    /// Attempts failed.
    pub errors: u64,
    /// Median of the last interval, in nanoseconds.
    pub p50_ns: u64,
    /// 99th percentile of the last interval, in nanoseconds.
    pub p99_ns: u64,
}

impl Live {
    /// One operation has ended.
    pub fn op(&self) {
        self.ops.fetch_add(1, Relaxed);
    }

    /// One attempt has failed.
    pub fn error(&self) {
        self.errors.fetch_add(1, Relaxed);
    }

    /// One thread's latency over the interval that has just ended.
    pub fn interval(&self, p50_ns: u64, p99_ns: u64) {
        self.p50_ns.store(p50_ns, Relaxed);
        self.p99_ns.store(p99_ns, Relaxed);
    }

    /// Reads them.
    pub fn glimpse(&self) -> Glimpse {
        Glimpse {
            ops: self.ops.load(Relaxed),
            errors: self.errors.load(Relaxed),
            p50_ns: self.p50_ns.load(Relaxed),
            p99_ns: self.p99_ns.load(Relaxed),
        }
    }
}

/// The first reason to give up, kept for the one who waits.
#[derive(Debug, Default)]
pub struct Abort(Mutex<Option<String>>);

impl Abort {
    /// Asks the run to stop. The first reason stays.
    pub fn ask(&self, reason: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| reason.into());
    }

    /// Why the run should stop, if it should.
    pub fn reason(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
