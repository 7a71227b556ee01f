//! What verbs print: tables and excerpts for a person at a terminal, JSON lines for everything else.

use std::io::{self, IsTerminal, Write};

use clap::Args;
use serde::Serialize;
use verbatim_client::SessionId;
use verbatim_proto::Timestamp;

use super::{Fault, line::on_one_line};
use crate::cli::note;

/// In which form to print.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct FormArgs {
    /// Print one JSON document a line, as is done wherever the output is no terminal
    #[arg(long)]
    json: bool,
}

impl FormArgs {
    /// Whether a person reads it.
    pub(super) fn is_for_people(self) -> bool {
        !self.json && io::stdout().is_terminal()
    }
}

/// Prints a value as one line of JSON, at once.
pub(super) fn json_line(value: &impl Serialize, name: &str) -> Result<(), Fault> {
    let unwritable = |error| Fault::output(name, error);
    let json = serde_json::to_vec(value).map_err(|error| unwritable(error.into()))?;
    let mut line = on_one_line(&json).into_owned();
    line.push(b'\n');
    io::stdout().write_all(&line).map_err(unwritable)
}

/// Prints a line for a person, at once.
pub(super) fn text_line(line: &str) -> Result<(), Fault> {
    let line = format!("{}\n", harmless(line.trim_end()));
    io::stdout().write_all(line.as_bytes()).map_err(|error| Fault::output("the standard output", error))
}

/// The text without characters that a terminal could take as commands.
fn harmless(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

/// Says something useful to a person at a terminal, aside from what was asked for.
pub(super) fn hint(message: &str) {
    if io::stderr().is_terminal() {
        note(message);
    }
}

/// A time to the second.
pub(super) fn seconds(time: Timestamp) -> String {
    let text = time.to_string();
    text.split_once('.').map_or_else(|| text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

/// A session's id, wide enough for those that servers make.
pub(super) fn id_column(id: &SessionId) -> String {
    format!("{:<36}", id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_see_cannot_command_their_terminal() {
        assert_eq!(harmless("a\u{1b}[2J\u{9b}b\tc"), "a\u{fffd}[2J\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn times_are_cut_to_the_second() {
        assert_eq!(seconds(Timestamp::from_micros(1_999_999)), "1970-01-01T00:00:01Z");
    }
}
