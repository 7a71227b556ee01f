//! The client's rules, each against a server that misbehaves on request.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests are tests")]

mod append;
mod batch;
mod changes;
mod conflict;
mod follow;
mod gone;
mod order;
mod pages;
mod sessions;
mod support;
mod tokens;
mod transcript;
