//! A small disk that can be filled up: a tmpfs in a mount namespace of its own, so that nothing is left behind on the
//! machine whatever becomes of the test.

use std::{
    ffi::OsString,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::wait::within;

/// The disk; it lives as long as the process that holds its namespace.
#[derive(Debug)]
pub struct SmallDisk {
    holder: Child,
    mount_point: TempDir,
    as_root: bool,
}

impl SmallDisk {
    /// Mounts one of `bytes`. The reason, where the machine does not allow that.
    pub async fn mount(bytes: u64) -> Result<Self, String> {
        let mount_point = tempfile::tempdir().map_err(|error| error.to_string())?;
        let as_root = rustix::process::geteuid().is_root();
        let script = format!(r#"mount -t tmpfs -o size={bytes} verbatim-test "$0" && echo mounted && exec cat"#);
        let mut command = Command::new("unshare");
        command.arg("--mount").args(if as_root { &[][..] } else { &["--user", "--map-root-user"] });
        command.args(["sh", "-c", &script]).arg(mount_point.path());
        command.kill_on_drop(true).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut holder = command.spawn().map_err(|error| format!("unshare: {error}"))?;
        let mut lines = BufReader::new(holder.stdout.take().ok_or("no stdout")?).lines();
        match within("a tmpfs to be mounted", lines.next_line()).await {
            Ok(Some(line)) if line == "mounted" => Ok(Self { holder, mount_point, as_root }),
            other => {
                let output = holder.wait_with_output().await.map_err(|error| error.to_string())?;
                Err(format!("{other:?}: {}", String::from_utf8_lossy(&output.stderr)))
            }
        }
    }

    /// Where a process inside the namespace sees it.
    pub fn inside(&self) -> &Path {
        self.mount_point.path()
    }

    /// Where the test sees it.
    pub fn outside(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.holder_pid(), self.inside().display()))
    }

    /// A command that runs its arguments inside the namespace, in its own place.
    pub fn enter(&self) -> Vec<OsString> {
        let pid = self.holder_pid().to_string();
        let mut words = vec!["nsenter", "--target", &pid, "--mount"];
        if !self.as_root {
            words.extend(["--user", "--preserve-credentials"]);
        }
        words.into_iter().map(OsString::from).collect()
    }

    /// Writes a file that takes up the last byte of free space.
    pub fn fill(&self) {
        let mut ballast = fs::File::options().create(true).append(true).open(self.ballast()).expect("a ballast file");
        let mut block = vec![0u8; 1 << 20];
        while !block.is_empty() {
            if ballast.write_all(&block).is_err() {
                block.truncate(block.len() / 2);
            }
        }
    }

    /// Takes that file away.
    pub fn free(&self) {
        fs::remove_file(self.ballast()).expect("remove the ballast file");
    }

    fn ballast(&self) -> PathBuf {
        self.outside().join("ballast")
    }

    fn holder_pid(&self) -> u32 {
        self.holder.id().expect("a living holder")
    }
}
