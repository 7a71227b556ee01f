//! What the server counts of itself, as `GET /metrics` shows it.
//!
//! Every metric stands in `catalog` with its kind, unit and words. A part of the server holds the handles that it counts
//! with: they are looked up once, so that counting on the way of an append is an atomic addition, and what the writer
//! does is counted by the group. What only a scrape wants to know is read when it comes.
//!
//! Deliberately absent: labels that name an organisation, a session, an entry or a caller.

mod appends;
mod catalog;
mod connections;
mod exporter;
mod groups;
mod lookups;
mod process;
mod requests;
mod service;
mod store;

pub use appends::{AppendMetrics, AppendOutcome};
pub use connections::{ConnectionMetrics, OpenConnection};
pub use exporter::{Exporter, InstallError};
pub use groups::GroupMetrics;
pub use lookups::{LookupMetrics, Lookups};
pub use requests::RouteMetrics;
pub use service::{ServiceFigures, ServiceMetrics};
pub use store::{StoreFigures, StoreMetrics};

#[cfg(test)]
mod tests;
