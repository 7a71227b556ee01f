//! What a process uses of the machine, read from `/proc`.

use std::collections::HashMap;

use procfs::process::Process;
use serde::{Deserialize, Serialize};

/// What a process has used up to now. Differences between two of these tell what a run cost.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Usage {
    /// CPU time in user mode and in the kernel, of all threads, in microseconds (counted in ticks of 10 ms).
    pub cpu_us: u64,
    /// Of it, in the kernel.
    pub kernel_us: u64,
    /// Resident memory, in bytes.
    pub resident_bytes: u64,
    /// The most it has been.
    pub resident_peak_bytes: u64,
    /// Bytes it caused to be written to disks; 0 where the kernel does not tell.
    pub written_bytes: u64,
    /// Open file descriptors.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
}

impl Usage {
    /// Reads what process `pid` has used; None once it is gone.
    pub fn of(pid: u32) -> Option<Self> {
        let process = Process::new(i32::try_from(pid).ok()?).ok()?;
        let stat = process.stat().ok()?;
        let status = process.status().ok()?;
        let micros = |ticks: u64| ticks * 1_000_000 / rustix::param::clock_ticks_per_second();
        Some(Self {
            cpu_us: micros(stat.utime + stat.stime),
            kernel_us: micros(stat.stime),
            resident_bytes: status.vmrss.unwrap_or(0) * 1024,
            resident_peak_bytes: status.vmhwm.unwrap_or(0) * 1024,
            written_bytes: process.io().map_or(0, |io| io.write_bytes),
            descriptors: process.fd_count().map_or(0, |count| count as u64),
            threads: status.threads,
        })
    }

    /// Reads what process `pid` and all that came from it have used together; None once it is gone. Memory that they
    /// share is counted for each.
    pub fn of_tree(pid: u32) -> Option<Self> {
        let parents: HashMap<i32, i32> = procfs::process::all_processes()
            .ok()?
            .filter_map(|process| process.ok()?.stat().ok().map(|stat| (stat.pid, stat.ppid)))
            .collect();
        let root = i32::try_from(pid).ok()?;
        let descends = |mut pid: i32| {
            while let Some(&parent) = parents.get(&pid).filter(|_| pid != root) {
                pid = parent;
            }
            pid == root
        };
        let tree = parents.keys().filter(|pid| descends(**pid)).filter_map(|pid| Self::of(pid.unsigned_abs()));
        tree.reduce(|all, one| Self {
            cpu_us: all.cpu_us + one.cpu_us,
            kernel_us: all.kernel_us + one.kernel_us,
            resident_bytes: all.resident_bytes + one.resident_bytes,
            resident_peak_bytes: all.resident_peak_bytes + one.resident_peak_bytes,
            written_bytes: all.written_bytes + one.written_bytes,
            descriptors: all.descriptors + one.descriptors,
            threads: all.threads + one.threads,
        })
    }

    /// Reads what this process has used.
    pub fn own() -> Option<Self> {
        Self::of(std::process::id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_itself_and_no_one_who_is_not_there() {
        let own = Usage::own().expect("this process");
        assert!(own.resident_bytes > 0 && own.threads > 0 && own.descriptors > 0);
        assert!(Usage::of_tree(std::process::id()).is_some_and(|tree| tree.threads >= own.threads));
        assert!(Usage::of(u32::MAX).is_none() && Usage::of_tree(u32::MAX).is_none());
    }
}
