//! The process: what it uses of the machine, how long it runs, which version it is.

use std::{fmt::Write as _, time::Instant};

use metrics::Gauge;
use procfs::process::Process;

use super::catalog::{BUILD_INFO, CPU, DESCRIPTORS, RESIDENT, UPTIME};

/// Shows the process.
pub(super) struct ProcessMetrics {
    started: Instant,
    uptime: Gauge,
    resident: Gauge,
    descriptors: Gauge,
}

impl Default for ProcessMetrics {
    fn default() -> Self {
        BUILD_INFO.gauge(&[("version", env!("CARGO_PKG_VERSION"))]).set(1.0);
        Self {
            started: Instant::now(),
            uptime: UPTIME.gauge(&[]),
            resident: RESIDENT.gauge(&[]),
            descriptors: DESCRIPTORS.gauge(&[]),
        }
    }
}

impl ProcessMetrics {
    /// Reads `/proc`; what it does not tell stays as it was. May block.
    pub(super) fn show(&self) {
        self.uptime.set(self.started.elapsed().as_secs_f64());
        let Ok(process) = Process::myself() else { return };
        if let Ok(status) = process.status() {
            self.resident.set((status.vmrss.unwrap_or(0) * 1024) as f64);
        }
        if let Ok(count) = process.fd_count() {
            self.descriptors.set(count as f64);
        }
    }

    /// Adds the CPU time to a scrape. It is a counter with a fraction, which the facade's counters have not.
    pub(super) fn write_cpu(&self, out: &mut String) {
        let Some(stat) = Process::myself().ok().and_then(|process| process.stat().ok()) else { return };
        let seconds = (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64;
        // Writing to memory does not fail.
        let _ = write!(out, "# HELP {0} {1}\n# TYPE {0} counter\n{0} {seconds}\n", CPU.name, CPU.help);
    }
}
