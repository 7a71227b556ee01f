//! The machine's own limits for the same work: what the transport allows, and what the disk allows.

pub mod command;
pub mod disk;
pub mod null;

use crate::report::{Limits, Measured, Share};

/// What a measured run reached of the limits.
pub fn shares(measured: &Measured, limits: &Limits) -> Vec<Share> {
    let mut shares = Vec::new();
    if let Some(null) = limits.null.as_ref().and_then(|null| null.class(&measured.class)) {
        shares.push(Share::new("null server, operations a second", measured.ops_per_s, null.ops_per_s));
    }
    if let Some(single) = limits.disk.first() {
        shares.push(Share::new("one fdatasync, median latency in µs", measured.latency.p50_us, single.latency.p50_us));
        shares.push(Share::new("one fdatasync, p99 latency in µs", measured.latency.p99_us, single.latency.p50_us));
    }
    if let Some(full) = limits.disk.last() {
        let of = format!("write + fdatasync in groups of {}, entries a second", full.group);
        shares.push(Share::new(of, measured.entries_per_s, full.entries_per_s));
    }
    shares
}
