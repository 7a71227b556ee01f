//! The rules: what an entry must be, what an append means, what a read shows. The service never sees a header, a status
//! or a key of the store; routes translate for it on one side, an engine on the other.

mod append;
mod batch;
mod error;
mod feed;
mod follow;
mod leave;
mod lifecycle;
mod list;
mod organization;
mod place;
mod portrait;
mod preview;
mod read;
mod sessions;
mod sweep;

use std::{sync::Arc, time::Duration};

use tokio::sync::{Semaphore, watch};

pub use append::AppendRequest;
pub use batch::BatchForm;
pub use error::{AppendRefused, BatchEntryError, ReadRefused, SessionRefused, store_code};
pub use feed::{ChangesFeed, Told};
pub use follow::{Follower, News};
pub use leave::Leave;
pub use list::SessionFilter;
pub use place::{Begin, Bounds};
pub use read::{Encode, Streamed};
pub use sessions::{By, Shown};

use crate::{
    clock::Clock,
    limits::{COMPARISONS_MAX, FOLLOWER_READS_MAX},
    metrics::{AppendMetrics, ServiceFigures, ServiceMetrics},
    store::{Budget, Overloaded, Permit, Store, StoreError},
};

/// Everything a route may ask for.
pub struct Service {
    store: Arc<dyn Store>,
    budget: Budget,
    entry_bytes_max: usize,
    bin_retention: Duration,
    clock: Arc<dyn Clock>,
    comparisons: Semaphore,
    follower_reads: Arc<Semaphore>,
    draining: watch::Sender<bool>,
    appends: AppendMetrics,
    metrics: ServiceMetrics,
}

/// What an operator may set of the rules.
#[derive(Debug, Clone, Copy)]
pub struct ServiceLimits {
    /// The largest entry taken, in bytes of body.
    pub entry_bytes_max: usize,
    /// Bytes of appends under way at once.
    pub queue_bytes_max: usize,
    /// How long a deleted session can be restored.
    pub bin_retention: Duration,
}

impl Service {
    /// A service over `store`.
    pub fn new(store: Arc<dyn Store>, limits: &ServiceLimits, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            budget: Budget::new(limits.queue_bytes_max),
            entry_bytes_max: limits.entry_bytes_max,
            bin_retention: limits.bin_retention,
            clock,
            comparisons: Semaphore::new(COMPARISONS_MAX),
            follower_reads: Arc::new(Semaphore::new(FOLLOWER_READS_MAX)),
            draining: watch::Sender::new(false),
            appends: AppendMetrics::new(&StoreError::KINDS),
            metrics: ServiceMetrics::default(),
        }
    }

    /// The largest entry taken, in bytes of body.
    pub fn entry_bytes_max(&self) -> usize {
        self.entry_bytes_max
    }

    /// Takes a share of the budget for a body of `bytes`, before any of it is read.
    pub fn admit(&self, bytes: usize) -> Result<Permit, Overloaded> {
        self.budget.admit(bytes).inspect_err(|_| self.metrics.refused())
    }

    /// Whether appends are taken now; else why not.
    pub fn ready(&self) -> Result<(), StoreError> {
        if *self.draining.borrow() { Err(StoreError::Closed) } else { self.store.ready() }
    }

    /// Brings up to date what is read for metrics, its own and the store's. May block: call it on a blocking thread.
    pub fn show_metrics(&self) {
        self.metrics.show(&ServiceFigures {
            session_followers: self.store.tails().followers(),
            organization_followers: self.store.feeds().followers(),
            budget_used_bytes: self.budget.used_bytes(),
            budget_bytes: self.budget.bytes(),
            is_ready: self.ready().is_ok(),
        });
        self.store.show_metrics();
    }

    /// Lets readiness go false, so that no new work is sent here, and sends followers away. What else is under way goes
    /// on.
    pub fn start_draining(&self) {
        self.draining.send_replace(true);
    }
}
