//! Drives agents and measures them: threads, pacing, the measured window, histograms.
//!
//! The engine knows nothing of HTTP, of servers, or of entries: an [`Agent`] does one operation at a time, and its
//! [`Lane`] says when, and records what came of it. Every thread has a runtime of its own and keeps its agents for
//! good, so that agents share nothing and the generator costs far less than what it measures.

pub mod lane;
pub mod live;
pub mod pacer;
pub mod record;
pub mod run;

use std::{borrow::Cow, future::Future, time::Duration};

pub use lane::{Lane, Window};
pub use record::ClassRecord;
pub use run::{Group, Plan, Ran, run};

/// Does one kind of operation, again and again, on one connection.
pub trait Agent: 'static {
    /// Connects and makes ready; not measured. Called once, before the clock starts.
    fn prepare(&mut self) -> impl Future<Output = Result<(), Failure>>;

    /// Does one operation. After an `Err` the same operation is tried again, and its latency goes on counting.
    fn operate(&mut self) -> impl Future<Output = Result<Done, Failure>>;
}

/// What one operation did.
#[derive(Debug, Clone, Copy, Default)]
pub struct Done {
    /// Entries written or read.
    pub entries: u64,
    /// Bytes of entries written, or of bodies read.
    pub bytes: u64,
    /// Lost races that were won at last (409, then adopted).
    pub conflicts: u64,
    /// From sending to the first byte of the body, for reads.
    pub first_byte: Option<Duration>,
}

/// An attempt that did not work.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What went wrong, in few words and few variants: errors are counted by it.
    pub kind: Cow<'static, str>,
    /// How long to wait before the next attempt.
    pub pause: Duration,
    /// No attempt will work, so that the run should stop.
    pub fatal: bool,
}

impl Failure {
    /// Worth another attempt after a pause.
    pub fn passing(kind: impl Into<Cow<'static, str>>, pause: Duration) -> Self {
        Self { kind: kind.into(), pause, fatal: false }
    }

    /// Not worth another attempt.
    pub fn fatal(kind: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: kind.into(), pause: Duration::ZERO, fatal: true }
    }
}
