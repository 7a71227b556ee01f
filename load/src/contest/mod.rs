//! Contests: the same work for several servers in turn, A B A B, so that what the machine does meanwhile falls on all
//! alike; ratios are taken pair by pair.

pub mod command;
pub mod contestant;
pub mod ratios;
