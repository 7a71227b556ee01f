//! Sequential write + `fdatasync` of the same bytes in groups: what any log that survives loss of power must pay.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use crate::{
    engine::record::nanoseconds,
    error::{LoadError, While},
    report::Disk,
};

/// File systems by their magic number (Linux `statfs(2)`).
const FILESYSTEMS: [(i64, &str); 7] = [
    (0xEF53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683E, "btrfs"),
    (0x0102_1994, "tmpfs"),
    (0x794C_7630, "overlayfs"),
    (0x2FC1_2FC1, "zfs"),
    (0x6969, "nfs"),
];

/// What kind of file system a folder is on.
pub fn filesystem(folder: &Path) -> String {
    let Ok(stat) = rustix::fs::statfs(folder) else { return "unknown".to_owned() };
    let magic = stat.f_type;
    FILESYSTEMS.iter().find(|(known, _)| *known == magic).map_or(format!("{magic:#x}"), |(_, name)| (*name).to_owned())
}

/// Appends groups of `group` entries to a new file in `folder` for `duration`, syncing each. Blocks.
pub fn groups(folder: &Path, group: u64, entry_bytes: u64, duration: Duration) -> Result<Disk, LoadError> {
    let doing = || format!("write and sync in {}", folder.display());
    let mut file = tempfile::tempfile_in(folder).while_doing(doing())?;
    let mut bytes = vec![0; (group * entry_bytes) as usize];
    fastrand::Rng::with_seed(group).fill(&mut bytes);
    let mut latency = Histogram::<u64>::new(3).map_err(io::Error::other).while_doing("make a histogram")?;
    let start = Instant::now();
    while start.elapsed() < duration {
        let began = Instant::now();
        write_and_sync(&mut file, &bytes).while_doing(doing())?;
        latency.record(nanoseconds(began.elapsed())).map_err(io::Error::other).while_doing("record a latency")?;
    }
    let syncs_per_s = latency.len() as f64 / start.elapsed().as_secs_f64();
    Ok(Disk {
        group,
        entry_bytes,
        latency: (&latency).into(),
        entries_per_s: syncs_per_s * group as f64,
        bytes_per_s: syncs_per_s * bytes.len() as f64,
    })
}

fn write_and_sync(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    Ok(rustix::fs::fdatasync(file)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_it_synced() {
        let folder = tempfile::tempdir().expect("folder");
        let disk = groups(folder.path(), 3, 100, Duration::from_millis(20)).expect("disk");
        assert!(disk.entries_per_s > 0.0 && disk.latency.p50_us > 0.0);
        assert!((disk.bytes_per_s / disk.entries_per_s - 100.0).abs() < 1e-6);
    }
}
