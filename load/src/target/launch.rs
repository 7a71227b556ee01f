//! Starts a server for a run, learns where it listens, and stops it afterwards.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

use super::{Target, Tokens, address_of};
use crate::error::{LoadError, While};

/// What a server prints once it accepts connections.
const LISTENING: &str = "listening on ";
/// A server's log goes to the terminal with the progress, so it is kept to what matters unless asked for.
const LOG: &str = "VERBATIM_LOG";
const START_MAX: Duration = Duration::from_secs(60);
/// A server drains within 10 s of being asked to stop.
const STOP_MAX: Duration = Duration::from_secs(15);

/// How to start a server.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// As reports name it.
    pub name: String,
    /// Where it must listen, given to it as `VERBATIM_LISTEN`; by default on a free port.
    pub listen: Option<SocketAddr>,
    /// The program with its arguments.
    pub command: Vec<String>,
    /// Its data folder, given to it as `VERBATIM_DATA_DIR`; None for a server that keeps nothing.
    pub data_dir: Option<PathBuf>,
}

/// A server that runs until it is stopped or dropped.
pub struct Launched {
    /// How to reach it.
    pub target: Target,
    recipe: Recipe,
    child: Child,
    /// Kept, so that a server which goes on printing is not ended by a closed pipe.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Recipe {
    /// Verbatim's own server: `BIN serve`, on a free port.
    pub fn verbatim(name: &str, program: &str, data_dir: PathBuf) -> Self {
        let command = [program, "serve"].map(str::to_owned).into();
        Self { name: name.to_owned(), listen: None, command, data_dir: Some(data_dir) }
    }

    /// The same, on a stated port.
    #[must_use]
    pub fn at(mut self, address: SocketAddr) -> Self {
        self.listen = Some(address);
        self
    }

    /// Starts it and waits until it listens.
    pub async fn launch(&self) -> Result<Launched, LoadError> {
        let (program, arguments) =
            self.command.split_first().ok_or_else(|| LoadError::Usage("empty command".into()))?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        if std::env::var_os(LOG).is_none() {
            command.env(LOG, "warn");
        }
        let listen = self.listen.map_or("127.0.0.1:0".to_owned(), |address| address.to_string());
        command.env("VERBATIM_LISTEN", listen);
        if let Some(data_dir) = &self.data_dir {
            std::fs::create_dir_all(data_dir).while_doing(format!("make {}", data_dir.display()))?;
            command.env("VERBATIM_DATA_DIR", data_dir);
        }
        let mut child = command.spawn().while_doing(format!("start {program}"))?;
        let silent = || LoadError::Target(format!("{program} did not say \"{LISTENING}URL\" within {START_MAX:?}"));
        let stdout = child.stdout.take().ok_or_else(silent)?;
        let mut output = BufReader::new(stdout).lines();
        let url = tokio::time::timeout(START_MAX, listening(&mut output)).await.ok().flatten().ok_or_else(silent)?;
        let (address, host) = address_of(&url)?;
        let tokens = self.data_dir.as_deref().map_or(Ok(Tokens::None), Tokens::from_data_dir)?;
        let (name, pid, data_dir) = (self.name.clone(), child.id(), self.data_dir.clone());
        let target = Target { name, address, host, tokens, pid, data_dir };
        Ok(Launched { target, recipe: self.clone(), child, _output: output })
    }
}

impl Launched {
    /// How it was started.
    pub fn recipe(&self) -> Recipe {
        self.recipe.clone()
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(mut self) -> Result<ExitStatus, LoadError> {
        let name = &self.target.name;
        self.signal(rustix::process::Signal::TERM);
        match tokio::time::timeout(STOP_MAX, self.child.wait()).await {
            Ok(status) => status.while_doing(format!("wait for {name}")),
            Err(_) => {
                self.child.kill().await.while_doing(format!("kill {name}"))?;
                Err(LoadError::Target(format!("{name} did not stop within {STOP_MAX:?} and was killed")))
            }
        }
    }

    /// Ends it as a loss of power would, and waits until it is gone.
    pub async fn kill(mut self) -> Result<(), LoadError> {
        self.child.kill().await.while_doing(format!("kill {}", self.target.name))
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = self.child.id().and_then(|pid| rustix::process::Pid::from_raw(pid as i32));
        if let Some(pid) = pid {
            // Fails only where it has ended already, which the wait tells.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }
}

async fn listening(output: &mut Lines<BufReader<ChildStdout>>) -> Option<String> {
    while let Some(line) = output.next_line().await.ok()? {
        if let Some((_, url)) = line.split_once(LISTENING) {
            return url.split_whitespace().next().map(str::to_owned);
        }
    }
    None
}
