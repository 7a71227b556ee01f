//! Syncs that fail or wait on command: what shows that an answer rests on one. A kill alone cannot: what was written and
//! not synced survives it in the kernel's memory.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use crate::{server::Setup, shim, wait::until};

/// Out of space (errno.h).
pub const ENOSPC: i32 = 28;
/// The device failed (errno.h).
pub const EIO: i32 = 5;

/// The switch that the shim in `sync_fault.c` looks at.
#[derive(Debug)]
pub struct Syncs {
    folder: TempDir,
}

impl Syncs {
    /// Compiles the shim, with the C compiler that building RocksDB needs too.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        shim::compile("sync_fault.c", folder.path());
        Self { folder }
    }

    /// Puts the shim under the server.
    pub fn under(&self, setup: Setup) -> Setup {
        setup.env("LD_PRELOAD", shim::path(self.folder.path())).env("SYNC_FAULT", self.switch())
    }

    /// Lets every sync fail with this errno.
    pub fn fail(&self, errno: i32) {
        self.order(&errno.to_string());
    }

    /// Lets every sync wait.
    pub fn hold(&self) {
        let _ = fs::remove_file(self.held());
        self.order("hold");
    }

    /// Waits until one does.
    pub async fn is_holding(&self) {
        until("a sync to be held", async || fs::metadata(self.held())).await;
    }

    /// Lets them succeed.
    pub fn work(&self) {
        fs::remove_file(self.switch()).expect("no more fault");
    }

    /// Whole or not at all, as the shim reads it at any time.
    fn order(&self, order: &str) {
        let new = self.folder.path().join("new");
        fs::write(&new, order).expect("write the order");
        fs::rename(&new, self.switch()).expect("give the order");
    }

    fn switch(&self) -> PathBuf {
        self.folder.path().join("switch")
    }

    fn held(&self) -> PathBuf {
        self.folder.path().join("switch.held")
    }
}

impl Default for Syncs {
    fn default() -> Self {
        Self::new()
    }
}
