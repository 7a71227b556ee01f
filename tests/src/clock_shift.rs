//! A server whose wall clock is set at will, while it runs: for what takes minutes, and for clocks that go back.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use crate::{server::Setup, shim};

/// The hand on the clock, which the shim in `clock_shift.c` looks at.
#[derive(Debug)]
pub struct ClockShift {
    folder: TempDir,
}

impl ClockShift {
    /// Compiles the shim.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        shim::compile("clock_shift.c", folder.path());
        Self { folder }
    }

    /// Puts the shim under the server.
    pub fn under(&self, setup: Setup) -> Setup {
        setup.env("LD_PRELOAD", shim::path(self.folder.path())).env("CLOCK_SHIFT", self.hand())
    }

    /// Sets the server's clock this far from the system's. Tokens hold for an hour on it.
    pub fn set(&self, seconds: i64) {
        let new = self.folder.path().join("new");
        fs::write(&new, seconds.to_string()).expect("write the shift");
        fs::rename(&new, self.hand()).expect("shift the clock");
    }

    fn hand(&self) -> PathBuf {
        self.folder.path().join("shift")
    }
}

impl Default for ClockShift {
    fn default() -> Self {
        Self::new()
    }
}
