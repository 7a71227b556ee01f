//! The client's rules, each against a server that misbehaves on request.
#![allow(clippy::expect_used, clippy::panic, reason = "helpers of tests are tests")]

mod append;
mod conflict;
mod order;
mod pages;
mod support;
mod tokens;
mod transcript;
