//! The command line: one program for the server and for everything one does with it.

mod compact;
mod remote;
mod serve;
mod token;

use std::{env, io::Write, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

/// What each message on the standard error begins with.
const PROGRAM: &str = "verbatim";

/// Exit statuses, as `sysexits.h` names them.
pub mod exit {
    /// The command line or a setting is wrong.
    pub const USAGE: u8 = 64;
    /// What was sent is wrong.
    pub const DATA: u8 = 65;
    /// A file to read is not there.
    pub const NO_INPUT: u8 = 66;
    /// Something this machine should provide is not there or failed.
    pub const UNAVAILABLE: u8 = 69;
    /// A file or stream failed.
    pub const IO: u8 = 74;
    /// The caller may not.
    pub const NO_PERMISSION: u8 = 77;
}

/// Append-only transcripts for AI agents: every entry stored once, synced before it is acknowledged.
#[derive(Debug, Parser)]
#[command(name = "verbatim", version, max_term_width = 110, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the server
    Serve(Box<serve::ServeArgs>),
    /// Give the disk back what a data folder does not need, with its server stopped
    Compact(compact::CompactArgs),
    /// Print a token signed with the data folder's own key
    Token(token::TokenArgs),
    #[command(flatten)]
    Remote(remote::RemoteVerb),
}

/// Runs the program with the process's own arguments.
pub fn main() -> ExitCode {
    let command = without_empty_variables(Cli::command());
    let parsed = command.try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() {
                let text = error.render().to_string();
                return fail(text.strip_prefix("error: ").unwrap_or(&text).trim_end(), exit::USAGE);
            }
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
    };
    match cli.verb {
        Verb::Serve(args) => serve::run(*args),
        Verb::Compact(args) => compact::run(args),
        Verb::Token(args) => token::run(args),
        Verb::Remote(verb) => remote::run(verb),
    }
}

/// A variable that is set to nothing is one that is not set: what runs programs often cannot leave one out.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |arg: &clap::Arg| arg.get_env().and_then(env::var_os).is_some_and(|value| value.is_empty());
    let command = command.mut_args(|arg| if is_empty(&arg) { arg.env(clap::builder::Resettable::Reset) } else { arg });
    command.mut_subcommands(without_empty_variables)
}

/// Prints one line; a pipe that was closed is a failure and no panic.
fn say(line: &str) -> ExitCode {
    match writeln!(std::io::stdout(), "{line}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(format!("cannot write to standard output: {error}"), exit::IO),
    }
}

/// Says why, and ends with a status.
fn fail(error: impl std::fmt::Display, status: u8) -> ExitCode {
    note(error);
    ExitCode::from(status)
}

/// Says something on the standard error, as everything there is said.
fn note(message: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{PROGRAM}: {message}");
}
