//! A question to the person at the terminal, before something that cannot be undone.

use std::io::{self, IsTerminal, Write};

use clap::Args;

use super::Fault;
use crate::cli::{PROGRAM, exit};

/// Whether to ask.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ConfirmArgs {
    /// Do not ask before what cannot be undone
    #[arg(long, short)]
    yes: bool,
}

impl ConfirmArgs {
    /// Returns if the person agrees, or has done so by `--yes`. `deed` says what cannot be undone.
    pub(super) fn ask(self, deed: &str) -> Result<(), Fault> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(Fault::usage(format_args!(
                "{deed} cannot be undone, and there is no terminal to ask at; give --yes to do it"
            )));
        }
        let unheard = |error| Fault::input("the answer", error);
        write!(io::stderr(), "{PROGRAM}: {deed} cannot be undone. Do it? [y/N] ").map_err(unheard)?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(unheard)?;
        if is_yes(&answer) { Ok(()) } else { Err(Fault::new(exit::USAGE, "nothing was done")) }
    }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for yes in ["y\n", "Y", " yes \r\n", "YES\n"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["", "\n", "n\n", "yess\n", "no, yes"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
