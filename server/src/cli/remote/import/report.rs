//! What the user sees of an import: a bar on a terminal, a line for whatever is worth saying.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::check::What;
use crate::cli::note;

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
        self.bar.suspend(|| note(message));
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

/// Lines of one file that are named for each kind of note; the others of the kind are counted.
const NAMED_LINES_MAX: u64 = 20;

/// What is worth saying about the lines of one file, so much of it as somebody reads.
pub(super) struct Lines<'a> {
    report: &'a Report,
    file: &'a str,
    said: [u64; 4],
}

/// What kind of note it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Bad,
    Split,
    Repeated,
    /// The server does not take it.
    Refused,
}

impl<'a> Lines<'a> {
    pub(super) fn new(report: &'a Report, file: &'a str) -> Self {
        Self { report, file, said: [0; 4] }
    }

    /// Says it, unless enough of the kind was said.
    pub(super) fn say(&mut self, kind: Kind, line: u64, what: impl fmt::Display) {
        let said = &mut self.said[kind as usize];
        *said += 1;
        if *said <= NAMED_LINES_MAX {
            self.report.say(format_args!("{}:{line}: {what}", self.file));
        }
    }

    /// Says how many more of each kind there are.
    pub(super) fn say_rest(&self) {
        for (kind, name) in [
            (Kind::Bad, "bad lines"),
            (Kind::Split, "lines of several objects"),
            (Kind::Repeated, "repeated lines"),
            (Kind::Refused, "refused lines"),
        ] {
            if let Some(more @ 1..) = self.said[kind as usize].checked_sub(NAMED_LINES_MAX) {
                self.report.say(format_args!("{}: and {more} more {name}", self.file));
            }
        }
    }
}

impl From<&What> for Kind {
    fn from(what: &What) -> Self {
        match what {
            What::Bad(_) => Self::Bad,
            What::Split { .. } => Self::Split,
            What::Repeated { .. } => Self::Repeated,
        }
    }
}
