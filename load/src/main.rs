//! The program `verbatim-load`: reads the command line, runs one command, and turns its error into an exit status.

use std::process::ExitCode;

use clap::Parser;
use verbatim_load::cli::Cli;

fn main() -> ExitCode {
    match verbatim_load::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("verbatim-load: {error}");
            ExitCode::from(error.exit_status())
        }
    }
}
