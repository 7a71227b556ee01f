//! What the service is occupied with, read at a scrape.

use metrics::{Counter, Gauge};

use super::catalog::{BUDGET_MAX, BUDGET_REFUSED, BUDGET_USED, FOLLOWERS, READY};

/// Shows what the service is occupied with.
pub struct ServiceMetrics {
    session_followers: Gauge,
    organization_followers: Gauge,
    budget_used: Gauge,
    budget_max: Gauge,
    budget_refused: Counter,
    ready: Gauge,
}

/// What it is occupied with now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceFigures {
    /// Followers of sessions.
    pub session_followers: usize,
    /// Followers of organisations.
    pub organization_followers: usize,
    /// Bytes taken of the budget.
    pub budget_used_bytes: usize,
    /// The whole budget.
    pub budget_bytes: usize,
    /// Whether appends are taken.
    pub is_ready: bool,
}

impl Default for ServiceMetrics {
    fn default() -> Self {
        let followers = |of| FOLLOWERS.gauge(&[("of", of)]);
        Self {
            session_followers: followers("session"),
            organization_followers: followers("organization"),
            budget_used: BUDGET_USED.gauge(&[]),
            budget_max: BUDGET_MAX.gauge(&[]),
            budget_refused: BUDGET_REFUSED.counter(&[]),
            ready: READY.gauge(&[]),
        }
    }
}

impl ServiceMetrics {
    /// A request was refused as the budget was spent.
    pub fn refused(&self) {
        self.budget_refused.increment(1);
    }

    /// Shows these.
    pub fn show(&self, figures: &ServiceFigures) {
        self.session_followers.set(figures.session_followers as f64);
        self.organization_followers.set(figures.organization_followers as f64);
        self.budget_used.set(figures.budget_used_bytes as f64);
        self.budget_max.set(figures.budget_bytes as f64);
        self.ready.set(if figures.is_ready { 1.0 } else { 0.0 });
    }
}
