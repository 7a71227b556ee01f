//! The binary under test: where it is, and how to run its verbs to their end.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{io::AsyncWriteExt, process::Command};

use crate::wait::within;

/// `VERBATIM_BIN`, else where `make build` leaves it. Panics where there is none.
pub fn path() -> PathBuf {
    let path = match std::env::var_os("VERBATIM_BIN") {
        Some(path) => PathBuf::from(path),
        None => target_dir().join("release/verbatim"),
    };
    assert!(path.is_file(), "no server binary at {}: run `make build` first, or set VERBATIM_BIN", path.display());
    path
}

fn target_dir() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root.join(dir),
        None => root.join("target"),
    }
}

/// The binary, in an environment without settings of the machine's own.
pub fn command() -> Command {
    prepare(Command::new(path()))
}

/// Cleans `command`'s environment and sees to it that the process does not outlive the test.
pub fn prepare(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("VERBATIM_") || name_text == "RUST_LOG" {
            command.env_remove(&name);
        }
    }
    command.kill_on_drop(true).stdin(Stdio::null());
    command
}

/// What a verb left behind.
#[derive(Debug)]
pub struct Finished {
    /// The exit status; -1 for a death by signal.
    pub code: i32,
    /// Standard output, byte for byte.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl Finished {
    /// Standard output as text, the last newline aside.
    pub fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).expect("UTF-8 on stdout").trim_end().to_owned()
    }

    /// Itself, after a look at the exit status.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit status; stdout {:?}, stderr {}", self.text(), self.stderr);
        self
    }
}

/// Runs a verb to its end.
pub async fn run(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Finished {
    finish(command().args(args), b"").await
}

/// Runs a prepared command to its end, with `input` on its standard input.
pub async fn finish(command: &mut Command, input: &[u8]) -> Finished {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("start the binary");
    let mut stdin = child.stdin.take().expect("its standard input");
    let output = within("a verb to end", async {
        let feed = async {
            // A verb that does not read its input may be gone before it is written.
            let _ = stdin.write_all(input).await;
            drop(stdin);
        };
        let ((), output) = tokio::join!(feed, child.wait_with_output());
        output.expect("its output")
    })
    .await;
    Finished {
        code: output.status.code().unwrap_or(-1),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
