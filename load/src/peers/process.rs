//! Finding, starting and stopping the program of a peer.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
};

use crate::error::{LoadError, While};

const START_MAX: Duration = Duration::from_secs(60);
const STOP_MAX: Duration = Duration::from_secs(20);

/// Where a peer can be reached.
#[derive(Debug, Clone)]
pub struct Place {
    /// As reports name it.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A peer that runs until it is stopped or dropped.
pub struct Running {
    /// Where it can be reached.
    pub place: Place,
    /// Its first process.
    pub pid: u32,
    child: Child,
    stop: Signal,
}

/// The program of a name: in `PATH`, or where packages and `cargo install` put what is not in it.
pub fn find(program: &str) -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    folders.extend(std::env::home_dir().map(|home| home.join(".cargo/bin")));
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        folders.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    folders.into_iter().map(|folder| folder.join(program)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// An address on this machine that was free just now; for programs that cannot pick one themselves.
pub fn free_address() -> Result<SocketAddr, LoadError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).while_doing("find a free port")?;
    listener.local_addr().while_doing("find a free port")
}

impl Running {
    /// Starts `command`, which will listen at `place` and ends at `stop`; what it prints goes to a file in `folder`.
    pub async fn start(place: Place, mut command: Command, folder: &Path, stop: Signal) -> Result<Self, LoadError> {
        let name = place.name;
        let log = folder.join("output.log");
        let output = std::fs::File::create(&log).while_doing(format!("make {}", log.display()))?;
        let errors = output.try_clone().while_doing("share the log")?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors).kill_on_drop(true);
        let mut child = command.spawn().while_doing(format!("start {name}"))?;
        let pid = child.id().unwrap_or(0);
        let began = Instant::now();
        while TcpStream::connect(place.address).await.is_err() {
            let ended = child.try_wait().while_doing(format!("wait for {name}"))?;
            if let Some(status) = ended {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                let end: Vec<_> = said.lines().rev().take(5).collect();
                let end = end.into_iter().rev().collect::<Vec<_>>().join(" | ");
                return Err(LoadError::Target(format!("{name} ended at once ({status}): {end}")));
            }
            if began.elapsed() > START_MAX {
                return Err(LoadError::Target(format!("{name} did not listen within {START_MAX:?}")));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self { place, pid, child, stop })
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(mut self) -> Result<(), LoadError> {
        let name = self.place.name;
        if let Some(pid) = self.child.id().and_then(|pid| Pid::from_raw(pid as i32)) {
            // Fails only where it has ended already, which the wait tells.
            let _ = kill_process(pid, self.stop);
        }
        if tokio::time::timeout(STOP_MAX, self.child.wait()).await.is_err() {
            self.child.kill().await.while_doing(format!("kill {name}"))?;
        }
        Ok(())
    }
}
