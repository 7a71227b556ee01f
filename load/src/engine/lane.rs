//! The lane of one agent: when its next operation is due, and where what came of it is written down.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;

use super::{
    Agent, ClassRecord, Done, Failure,
    live::{Abort, Live},
    pacer::Pacer,
};

/// Most intervals that a window is cut into: what a plot can show.
const INTERVALS_MAX: u32 = 240;
/// How long operations that were due within the window may still take to end.
const GRACE: Duration = Duration::from_secs(30);

/// The measured part of a run.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Its first instant: what was meant to begin before it is warm-up.
    pub start: Instant,
    /// The instant after its last.
    pub end: Instant,
    /// How long each interval of the series is.
    pub interval: Duration,
}

impl Window {
    /// A window of `length` from `start`, in intervals of a quarter second or more.
    pub fn new(start: Instant, length: Duration) -> Self {
        let interval = (length / INTERVALS_MAX).max(Duration::from_millis(250));
        Self { start, end: start + length, interval }
    }

    /// Whether `at` lies in it.
    pub fn holds(&self, at: Instant) -> bool {
        self.start <= at && at < self.end
    }

    /// Which interval `at` belongs to; what ends late belongs to the last.
    pub fn interval_at(&self, at: Instant) -> usize {
        let last = (self.end - self.start).as_nanos().div_ceil(self.interval.as_nanos()).saturating_sub(1);
        let index = at.saturating_duration_since(self.start).as_nanos() / self.interval.as_nanos();
        index.min(last) as usize
    }
}

/// When operations are due.
#[derive(Debug, Clone, Copy)]
pub enum Pace {
    /// As soon as the one before has ended.
    Closed,
    /// One each `every`, the first after `offset`, however long they take: latency counts from when one was due.
    Open {
        /// From one to the next.
        every: Duration,
        /// So that agents do not all begin at once.
        offset: Duration,
    },
}

/// What an agent needs of the engine.
pub struct Lane {
    pub(super) pace: Pace,
    /// Wakes the agent at an instant.
    pub pacer: Rc<Pacer>,
    pub(super) record: Rc<RefCell<ClassRecord>>,
    pub(super) live: Arc<Live>,
    pub(super) abort: Arc<Abort>,
    pub(super) prepared: tokio::sync::mpsc::UnboundedSender<()>,
    pub(super) window: watch::Receiver<Option<(Instant, Window)>>,
}

impl Lane {
    /// Runs `agent` to the end of the window.
    pub async fn drive<A: Agent>(mut self, mut agent: A) {
        let Some((begin, window)) = self.ready(&mut agent).await else { return };
        let mut due = match self.pace {
            Pace::Closed => Instant::now(),
            Pace::Open { offset, .. } => begin + offset,
        };
        while due < window.end && !self.aborted() {
            if let Pace::Open { .. } = self.pace {
                self.pacer.until(due).await;
            }
            let Some(ended) = self.one(&mut agent, &window, due).await else { return };
            due = match self.pace {
                Pace::Closed => ended,
                Pace::Open { every, .. } => due + every,
            };
        }
    }

    /// Prepares the agent, says so, and waits for the clock to start. None: the run is off.
    pub async fn ready<A: Agent>(&mut self, agent: &mut A) -> Option<(Instant, Window)> {
        if let Err(failure) = agent.prepare().await {
            self.abort.ask(failure.kind);
        }
        self.begin().await
    }

    /// Says that the agent is prepared, and waits for the clock to start. None: the run is off.
    pub async fn begin(&mut self) -> Option<(Instant, Window)> {
        let _ = self.prepared.send(());
        let window = self.window.wait_for(Option::is_some).await.ok()?;
        *window
    }

    /// One operation, until it worked. Answers when it ended; None when that is no longer worth waiting for.
    async fn one<A: Agent>(&self, agent: &mut A, window: &Window, due: Instant) -> Option<Instant> {
        loop {
            let result = agent.operate().await;
            let now = Instant::now();
            match result {
                Ok(done) => {
                    self.done(window, due, now, &done);
                    return Some(now);
                }
                Err(failure) => self.failed(window, now, &failure).await,
            }
            if self.aborted() || Instant::now() > window.end + GRACE {
                return None;
            }
        }
    }

    /// Writes one operation down.
    pub fn done(&self, window: &Window, due: Instant, ended: Instant, done: &Done) {
        self.live.op();
        let mut record = self.record.borrow_mut();
        if record.done(window, due, ended, done)
            && let Some(last) = record.last_whole_interval()
        {
            self.live.interval(last.latency.value_at_quantile(0.5), last.latency.value_at_quantile(0.99));
        }
    }

    /// Writes a failed attempt down and waits out its pause.
    pub async fn failed(&self, window: &Window, at: Instant, failure: &Failure) {
        self.live.error();
        self.record.borrow_mut().failed(window, at, failure);
        if failure.fatal {
            self.abort.ask(failure.kind.clone());
        } else {
            tokio::time::sleep(failure.pause).await;
        }
    }

    /// Whether the run is to stop early.
    pub fn aborted(&self) -> bool {
        self.window.has_changed().is_err()
    }
}
