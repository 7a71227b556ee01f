//! Every promise of `docs/PROTOCOL.md`, tried on the real binary over real sockets. One binary, so that it links once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod append;
mod auth;
mod batch;
mod big_session;
mod client;
mod command_line;
mod command_line_sessions;
mod config;
mod corpus;
mod crash;
mod drain;
mod entries;
mod errors;
mod first_start;
mod fork;
mod full_disk;
mod health;
mod http2;
mod import;
mod logs;
mod lost_acks;
mod metrics;
mod model;
mod openapi;
mod pages;
mod race;
mod restart;
mod rooms;
mod sessions;
mod stalled;
mod stream;
mod syncs;
mod tls;
mod token_command;
mod transcript;
