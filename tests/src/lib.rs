//! The harness of the end-to-end tests: it starts the real binary, speaks to it over real sockets, and breaks what
//! lies between and beneath.
//!
//! Deliberately absent: every other crate of the workspace. The wire client, the tokens and the page reader here are
//! written from `docs/PROTOCOL.md` alone, so that a mistake shared by server and client still shows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a harness fails by panicking")]

pub mod binary;
pub mod certificates;
pub mod clock;
pub mod clock_shift;
pub mod corpus;
pub mod digest;
pub mod disk;
pub mod entry;
pub mod events;
pub mod files;
pub mod history;
pub mod issuer;
pub mod keys;
pub mod memory;
pub mod metrics;
pub mod organization;
pub mod pages;
pub mod proxy;
pub mod raw;
pub mod rng;
pub mod server;
pub mod session;
pub mod shim;
pub mod syncs;
pub mod times;
pub mod tls;
pub mod token;
pub mod trail;
pub mod wait;
pub mod wire;
pub mod writer;
