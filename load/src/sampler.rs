//! How a server's process and its data folder develop over a run: what a soak is judged by, and a plot shows.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{report::Sample, target::Usage};

/// Most samples of a run.
const SAMPLES_MAX: u32 = 480;

/// Takes samples at even intervals.
pub struct Sampler {
    pid: Option<u32>,
    data_dir: Option<PathBuf>,
    every: Duration,
    last: Option<(Instant, Usage)>,
    /// What was taken so far.
    pub taken: Vec<Sample>,
}

impl Sampler {
    /// For a run of `duration`; takes nothing where no process is known.
    pub fn new(pid: Option<u32>, data_dir: Option<PathBuf>, duration: Duration) -> Self {
        let every = (duration / SAMPLES_MAX).max(Duration::from_secs(1));
        Self { pid, data_dir, every, last: None, taken: Vec::new() }
    }

    /// Takes a sample if one is due.
    pub fn tick(&mut self, now: Instant, start: Instant) {
        let due = self.last.is_none_or(|(last, _)| now.saturating_duration_since(last) >= self.every);
        let Some(usage) = self.pid.filter(|_| due).and_then(Usage::of) else { return };
        let Some((last, before)) = self.last.replace((now, usage)) else { return };
        if now < start {
            return;
        }
        let busy = usage.cpu_us.saturating_sub(before.cpu_us) as f64;
        self.taken.push(Sample {
            at_s: (now - start).as_secs_f64(),
            cores: busy / (now - last).as_micros().max(1) as f64,
            resident_bytes: usage.resident_bytes,
            descriptors: usage.descriptors,
            threads: usage.threads,
            data_bytes: self.data_dir.as_deref().map_or(0, folder_bytes),
        });
    }
}

/// Bytes of all files below a folder; what goes while it is looked at is not counted.
pub fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => folder_bytes(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    };
    entries.flatten().map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_as_large_as_its_files() {
        let folder = tempfile::tempdir().expect("folder");
        std::fs::create_dir(folder.path().join("a")).expect("folder");
        std::fs::write(folder.path().join("a/b"), [0; 700]).expect("file");
        std::fs::write(folder.path().join("c"), [0; 34]).expect("file");
        assert_eq!(folder_bytes(folder.path()), 734);
        assert_eq!(folder_bytes(&folder.path().join("none")), 0);
    }
}
