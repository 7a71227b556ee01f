//! Files that may be replaced while the server runs: certificates, keys, the revocation list. They are looked at every few
//! seconds, and when the operator asks. What they hold is taken whole; where it is wrong, what was in force stays.

use std::{
    fmt::Display,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use tokio::{
    signal::unix::Signal,
    time::{MissedTickBehavior, interval},
};

use crate::limits::RELOAD_INTERVAL;

/// Looks whether its files have changed, and takes what they hold. It may block. `asked` says that the operator wants them
/// read whether or not they look changed.
pub type Part = Box<dyn FnMut(Asked) + Send>;

/// Whether the operator asked, or some time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// By SIGHUP.
    Yes,
    /// It was time to look.
    No,
}

/// Files, and what they looked like when they were last read.
pub struct Watched {
    files: Vec<PathBuf>,
    seen: Vec<Option<Stamp>>,
    /// What was wrong with them then. They are read again until nothing is.
    wrong: Option<String>,
}

/// What tells that a file was replaced or written to, short of reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    /// Also moves where somebody set the time of modification back.
    changed: (i64, i64),
}

impl Watched {
    /// Watches `files` from now on: call it before they are read for the first time.
    pub fn new(files: Vec<PathBuf>) -> Self {
        Self { seen: stamps(&files), files, wrong: None }
    }

    /// What `load` makes of the files, if they may hold something new and nothing is wrong with it.
    pub fn reload<T, E: Display>(&mut self, asked: Asked, load: impl FnOnce() -> Result<T, E>) -> Option<T> {
        // Before they are read, so that a write in between is seen at the next look.
        let seen = stamps(&self.files);
        if asked == Asked::No && self.wrong.is_none() && seen == self.seen {
            return None;
        }
        self.seen = seen;
        match load() {
            Ok(loaded) => {
                self.wrong = None;
                Some(loaded)
            }
            Err(error) => {
                let error = error.to_string();
                if asked == Asked::Yes || self.wrong.as_ref() != Some(&error) {
                    tracing::warn!(%error, "what was read before stays in force; mend the file, which is then read by itself");
                }
                self.wrong = Some(error);
                None
            }
        }
    }
}

/// Lets every part look every few seconds and whenever `hangup` comes. Never ends.
pub async fn keep_current(mut parts: Vec<Part>, mut hangup: Signal) {
    let mut ticks = interval(RELOAD_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let asked = tokio::select! {
            _ = ticks.tick() => Asked::No,
            Some(()) = hangup.recv() => Asked::Yes,
        };
        if asked == Asked::Yes {
            tracing::info!("SIGHUP: certificates, keys and the revocation list are read again");
        }
        let look = move || {
            parts.iter_mut().for_each(|part| part(asked));
            parts
        };
        match tokio::task::spawn_blocking(look).await {
            Ok(back) => parts = back,
            Err(error) => {
                tracing::error!(%error, "files are no longer looked at for changes; restart the server to read them");
                return;
            }
        }
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| stamp(file)).collect()
}

fn stamp(file: &Path) -> Option<Stamp> {
    let file = fs::metadata(file).ok()?;
    Some(Stamp {
        device: file.dev(),
        inode: file.ino(),
        bytes: file.size(),
        modified: (file.mtime(), file.mtime_nsec()),
        changed: (file.ctime(), file.ctime_nsec()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> impl FnOnce() -> Result<String, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string());
        move || text.and_then(|text| if text == "bad" { Err("it is bad".to_owned()) } else { Ok(text) })
    }

    #[test]
    fn a_file_is_read_once_it_changes_or_when_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "1").expect("write");
        let mut watched = Watched::new(vec![path.clone()]);
        assert_eq!(watched.reload(Asked::No, read(&path)), None);
        assert_eq!(watched.reload(Asked::Yes, read(&path)), Some("1".to_owned()));
        fs::write(&path, "22").expect("write");
        assert_eq!(watched.reload(Asked::No, read(&path)), Some("22".to_owned()));
        assert_eq!(watched.reload(Asked::No, read(&path)), None);
        let new = folder.path().join("new");
        fs::write(&new, "33").expect("write");
        fs::rename(&new, &path).expect("rename");
        assert_eq!(watched.reload(Asked::No, read(&path)), Some("33".to_owned()), "another file of the same size");
    }

    #[test]
    fn what_is_wrong_is_read_again_until_it_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "1").expect("write");
        let mut watched = Watched::new(vec![path.clone()]);
        fs::write(&path, "bad").expect("write");
        for _ in 0..2 {
            assert_eq!(watched.reload(Asked::No, read(&path)), None);
            assert_eq!(watched.wrong.as_deref(), Some("it is bad"));
        }
        fs::remove_file(&path).expect("remove");
        assert_eq!(watched.reload(Asked::No, read(&path)), None);
        // What was wrong need not have been the files themselves.
        assert_eq!(watched.reload(Asked::No, || Ok::<_, String>("well".to_owned())), Some("well".to_owned()));
        assert_eq!(watched.wrong, None);
    }
}
