//! Verbatim's server and command line.
//!
//! An append goes `transport` → `routes/append` → `service/append` → `store` → `store/rocks/writer`, and its answer
//! comes back the same way. `app` alone sees every layer; `docs/ARCHITECTURE.md` is the map.

pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod limits;
pub mod logging;
pub mod metrics;
pub mod reload;
pub mod routes;
pub mod service;
pub mod store;
pub mod transport;
