//! What a run ran on, so that figures are never read without it.

use procfs::Current;
use serde::{Deserialize, Serialize};

/// The machine, as far as figures depend on it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Machine {
    /// The CPU's name.
    pub cpu: String,
    /// Cores.
    pub cores: usize,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// The kernel's release.
    pub kernel: String,
}

/// Load of a core at which a machine counts as busy.
const BUSY: f32 = 0.25;

impl Machine {
    /// A word of warning where other work shares the machine.
    pub fn busy(&self) -> Option<String> {
        let load = procfs::LoadAverage::current().ok()?.one;
        (load > BUSY * self.cores as f32).then(|| {
            format!(
                "the machine was busy before the run began (load average {load:.1}): what is measured shares it, and \
                waits on the disk measure its queue for the CPU"
            )
        })
    }

    /// This machine; what cannot be read is left empty.
    pub fn here() -> Self {
        let info = procfs::CpuInfo::current().ok();
        let cpu = info.as_ref().and_then(|info| info.model_name(0)).unwrap_or("unknown CPU").to_owned();
        Self {
            cpu,
            cores: info.map_or(1, |info| info.num_cores()),
            memory_bytes: procfs::Meminfo::current().map_or(0, |memory| memory.mem_total),
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
        }
    }
}
