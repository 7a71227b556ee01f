//! Connections.

use metrics::{Counter, Gauge};

use super::catalog::{CONNECTIONS, CONNECTIONS_ACCEPTED};

/// Counts connections.
pub struct ConnectionMetrics {
    open: Gauge,
    accepted: Counter,
}

/// One connection; dropping it tells that it has ended.
pub struct OpenConnection(Gauge);

impl Default for ConnectionMetrics {
    fn default() -> Self {
        Self { open: CONNECTIONS.gauge(&[]), accepted: CONNECTIONS_ACCEPTED.counter(&[]) }
    }
}

impl ConnectionMetrics {
    /// Counts one that was accepted.
    pub fn accepted(&self) -> OpenConnection {
        self.accepted.increment(1);
        self.open.increment(1.0);
        OpenConnection(self.open.clone())
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
