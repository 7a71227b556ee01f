//! HTTP/1.1 as bare as it can be: one connection, requests built beforehand, answers parsed in place.
//!
//! The generator shares the machine with what it measures, so that a full client here would measure itself: this one
//! costs two system calls and well under a microsecond of its own a request. It speaks to servers that are to be
//! measured, over plain TCP, one request at a time; it is no general client.

pub mod answer;
pub mod body;
pub mod connection;

pub use answer::Answer;
pub use body::{Discard, Sink, Tail};
pub use connection::{Connection, WireError};
