//! Room on the disk: looked at before it runs out, and proved by a synced write before appends are taken again.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use crate::store::StoreError;

/// Bytes that are kept free, so that what is stored already can still be compacted, reopened and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserve {
    /// On a large disk.
    pub bytes_max: u64,
}

/// On a small disk the reserve is this part of it.
const RESERVE_PART: u64 = 32;
/// To take appends again there must be this many times the reserve.
const HYSTERESIS: u64 = 2;
const PROBE_NAME: &str = "probe";
const PROBE_BYTES: usize = 64 * 1024;

impl Reserve {
    /// Whether the disk of `folder` has its reserve and `bytes` more. A disk that cannot be asked is taken to have room.
    pub(super) fn has_room(&self, folder: &Path, bytes: u64) -> bool {
        self.free(folder).is_none_or(|(free, reserve)| free >= reserve.saturating_add(bytes))
    }

    /// Writes and syncs a probe, on a disk with room to spare.
    pub(super) fn probe(&self, folder: &Path) -> Result<(), StoreError> {
        let room = self.free(folder).is_none_or(|(free, reserve)| free >= reserve.saturating_mul(HYSTERESIS));
        if !room {
            return Err(StoreError::Full);
        }
        let path = folder.join(PROBE_NAME);
        let written = write_synced(&path);
        let removed = fs::remove_file(&path);
        written.and(removed).map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
            _ => StoreError::Failing(format!("write a probe: {error}")),
        })
    }

    fn free(&self, folder: &Path) -> Option<(u64, u64)> {
        let disk = rustix::fs::statvfs(folder).ok()?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let reserve = (disk.f_blocks.saturating_mul(disk.f_frsize) / RESERVE_PART).min(self.bytes_max);
        Some((free, reserve))
    }
}

fn write_synced(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(path)?;
    file.write_all(&[0xA5; PROBE_BYTES])?;
    file.sync_all()
}

/// Bytes of the files in a folder.
pub(super) fn bytes_in(folder: &Path) -> io::Result<u64> {
    fs::read_dir(folder)?.map(|file| Ok(file?.metadata()?.len())).sum()
}
