//! A server for the length of a run: one that is there, or one started for it and stopped afterwards.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use tempfile::TempDir;

use super::{Launched, Recipe, Target, Tokens, address_of};
use crate::{
    cli::TargetArgs,
    error::{LoadError, While},
    limit::disk::filesystem,
};

/// The server under load.
pub struct Session {
    target: Arc<Target>,
    launched: Option<Launched>,
    /// Removed with it.
    _folder: Option<TempDir>,
}

impl Session {
    /// Finds or starts the server that the command line names.
    pub async fn open(args: &TargetArgs) -> Result<Self, LoadError> {
        match &args.server {
            Some(program) => Self::start(program, args.data_dir.as_deref()).await,
            None => Self::find(args),
        }
    }

    /// Starts `program` on a data folder, or on a new one in the current folder that goes with the run.
    pub async fn start(program: &str, data_dir: Option<&Path>) -> Result<Self, LoadError> {
        let (data_dir, folder) = match data_dir {
            Some(folder) => (folder.to_owned(), None),
            None => {
                let folder = tempfile::Builder::new().prefix("verbatim-load-").tempdir_in(".");
                let folder = folder.while_doing("make a data folder in the current folder")?;
                (folder.path().join("data"), Some(folder))
            }
        };
        let launched = Recipe::verbatim("verbatim", program, data_dir).launch().await?;
        Ok(Self { target: Arc::new(launched.target.clone()), launched: Some(launched), _folder: folder })
    }

    /// Starts a server by its command on a new folder in `dir`, which goes with the run.
    pub async fn start_in(command: &[String], dir: &Path) -> Result<Self, LoadError> {
        let doing = format!("make a folder in {}", dir.display());
        let folder = tempfile::Builder::new().prefix("verbatim-load-").tempdir_in(dir).while_doing(doing)?;
        let data_dir = Some(folder.path().join("data"));
        let recipe = Recipe { name: "verbatim".to_owned(), listen: None, command: command.to_vec(), data_dir };
        let launched = recipe.launch().await?;
        Ok(Self { target: Arc::new(launched.target.clone()), launched: Some(launched), _folder: Some(folder) })
    }

    fn find(args: &TargetArgs) -> Result<Self, LoadError> {
        let tokens = match (&args.token, &args.data_dir) {
            (Some(token), _) => Tokens::Given(token.as_str().into()),
            (None, Some(folder)) => Tokens::from_data_dir(folder)?,
            (None, None) => {
                let mend = "give --token, or --data-dir of a server on this machine, or --server to start one";
                return Err(LoadError::Usage(format!("no token for {}: {mend}", args.url)));
            }
        };
        let (address, host) = address_of(&args.url)?;
        let (name, pid, data_dir) = ("verbatim".to_owned(), args.server_pid, args.data_dir.clone());
        let target = Target { name, address, host, tokens, pid, data_dir };
        Ok(Self { target: Arc::new(target), launched: None, _folder: None })
    }

    /// How to reach it.
    pub fn target(&self) -> Arc<Target> {
        Arc::clone(&self.target)
    }

    /// Whether it was started here.
    pub fn is_ours(&self) -> bool {
        self.launched.is_some()
    }

    /// Kills the server that was started here and starts it again, on the same data and the same port.
    pub async fn kill_and_restart(&mut self) -> Result<(), LoadError> {
        let Some(launched) = self.launched.take() else {
            return Err(LoadError::Usage("a server that was not started here cannot be started again".to_owned()));
        };
        let recipe = launched.recipe().at(self.target.address);
        launched.kill().await?;
        self.launched = Some(recipe.launch().await?);
        Ok(())
    }

    /// A folder on the disk that it writes to, as far as is known.
    pub fn disk(&self) -> PathBuf {
        self.target.data_dir.clone().unwrap_or_else(|| PathBuf::from("."))
    }

    /// What a reader of the figures should know.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.target.pid.is_none() {
            notes.push("the server's process is not known, so its CPU time and memory are not in this report; give --server-pid".to_owned());
        }
        if filesystem(&self.disk()) == "tmpfs" {
            notes.push("the data folder is in memory (tmpfs): a sync costs nothing there, and the figures say nothing about a disk".to_owned());
        }
        notes
    }

    /// Stops it where it was started for the run.
    pub async fn close(self) -> Result<(), LoadError> {
        match self.launched {
            Some(launched) => launched.stop().await.map(drop),
            None => Ok(()),
        }
    }
}
