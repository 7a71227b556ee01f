//! What the benches measure of the writer's inside. No part of any interface.

pub use super::{
    commit::{Candidate, Group, Next, View, Write},
    format::{
        entry::{encode, key},
        identity::Identity,
    },
};
