//! Whoever takes part: Verbatim's own server, another build of it, the null server, or a peer. Each round starts on an
//! empty folder.

use std::{path::Path, sync::Arc, time::Duration};

use tempfile::TempDir;

use crate::{
    append::command::AppendWork,
    error::{LoadError, While},
    limit::command::{null_round, tokens_like},
    measure::{Subject, measure},
    peers::Peer,
    report::Round,
    target::Recipe,
};

/// One who takes part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contestant {
    /// A server that speaks Verbatim's protocol, by its command.
    Server {
        /// As reports name it.
        name: String,
        /// The program with its arguments; told where to listen and where its data go by `VERBATIM_…` variables.
        command: Vec<String>,
    },
    /// The null server.
    Null,
    /// A peer.
    Peer(Peer),
}

impl Contestant {
    /// `NAME=CMD` (a server by its command, run by `sh`), or the name of a peer, or `null`.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Some((name, command)) = text.split_once('=') {
            let command = ["sh", "-c", &format!("exec {command}")].map(str::to_owned).into();
            return Ok(Self::Server { name: name.to_owned(), command });
        }
        if text == "null" {
            return Ok(Self::Null);
        }
        let known = Peer::ALL.map(Peer::name).join(", ");
        Peer::named(text).map(Self::Peer).ok_or_else(|| format!("either NAME=CMD, or null, or one of {known}"))
    }

    /// As reports name it.
    pub fn name(&self) -> &str {
        match self {
            Self::Server { name, .. } => name,
            Self::Null => "null",
            Self::Peer(peer) => peer.name(),
        }
    }

    /// Whether it can take part on this machine; the error says what is missing.
    pub fn available(&self) -> Result<(), LoadError> {
        match self {
            Self::Peer(peer) => peer.program().map(drop),
            Self::Server { .. } | Self::Null => Ok(()),
        }
    }

    /// One round, on a new folder in `folder` that goes with it.
    pub async fn round(&self, work: &AppendWork, folder: &Path, quiet: bool) -> Result<Round, LoadError> {
        let scratch = scratch(folder)?;
        match self {
            Self::Null => null_round(work, &tokens_like(None), work.duration(), work.warm_up(), quiet).await,
            Self::Server { name, command } => {
                let data_dir = Some(scratch.path().join("data"));
                let recipe = Recipe { name: name.clone(), listen: None, command: command.clone(), data_dir };
                let launched = recipe.launch().await?;
                let target = Arc::new(launched.target.clone());
                let round = measure(work.plan(&target), (&*target).into(), quiet).await;
                launched.stop().await?;
                round
            }
            Self::Peer(peer) => {
                let running = peer.start(scratch.path(), work.agents()).await?;
                let (place, peer) = (Arc::new(running.place.clone()), *peer);
                let (duration, warm_up): (Duration, Duration) = (work.duration(), work.warm_up());
                let plan = work.plan_of(&work.deal(), work.rate(), duration, warm_up, move |_| peer.appender(&place));
                let round =
                    measure(plan, Subject { name: peer.name(), pid: Some(running.pid), target: None }, quiet).await;
                running.stop().await?;
                round
            }
        }
    }
}

/// A folder that others may enter: some servers give up root.
fn scratch(folder: &Path) -> Result<TempDir, LoadError> {
    use std::os::unix::fs::PermissionsExt;
    let mut builder = tempfile::Builder::new();
    builder.prefix("verbatim-load-").permissions(std::fs::Permissions::from_mode(0o755));
    let folder = folder.canonicalize().while_doing(format!("find {}", folder.display()))?;
    builder.tempdir_in(&folder).while_doing(format!("make a folder in {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contestants_are_named_or_given_by_command() {
        assert_eq!(Contestant::parse("null"), Ok(Contestant::Null));
        assert_eq!(Contestant::parse("redis"), Ok(Contestant::Peer(Peer::Redis)));
        let old = Contestant::parse("old=/opt/old/verbatim serve --x=1").expect("a command");
        let command = ["sh", "-c", "exec /opt/old/verbatim serve --x=1"].map(str::to_owned).into();
        assert_eq!(old, Contestant::Server { name: "old".to_owned(), command });
        assert!(Contestant::parse("mysql").is_err());
    }
}
