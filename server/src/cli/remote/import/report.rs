//! What the user sees of an import: a bar on a terminal, a line for whatever is worth saying.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
};

use indicatif::{ProgressBar, ProgressStyle};

pub(super) struct Report {
    bar: ProgressBar,
}

const TEMPLATE: &str = "{bar:30} {percent}% of {total_bytes} · {binary_bytes_per_sec} · {eta} left";

impl Report {
    /// For files of so many bytes in all.
    pub(super) fn new(bytes: u64) -> Self {
        let bar = if io::stderr().is_terminal() { ProgressBar::new(bytes) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Something worth saying about a file, on the standard error.
    pub(super) fn say(&self, message: impl fmt::Display) {
        self.bar.suspend(|| drop(writeln!(io::stderr(), "{message}")));
    }

    /// What became of a file, on the standard output.
    pub(super) fn result(&self, message: impl fmt::Display) {
        self.bar.suspend(|| drop(writeln!(io::stdout(), "{message}")));
    }

    /// So many bytes more are done with.
    pub(super) fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
