//! The memory of a process, as the kernel counts it.

use std::fs;

/// The largest resident set since the last [`reset_peak`], in bytes.
pub fn peak(pid: u32) -> u64 {
    field(pid, "VmHWM:")
}

/// The resident set now, in bytes.
pub fn resident(pid: u32) -> u64 {
    field(pid, "VmRSS:")
}

/// Starts the peak anew (proc(5), `clear_refs`).
pub fn reset_peak(pid: u32) {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("reset the peak of a process of one's own");
}

fn field(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the status of a running process");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a field of proc(5)");
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number of KiB");
    kib * 1024
}
