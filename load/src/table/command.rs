//! `table`: measures every row and prints them.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;

use super::{
    appends::{self, Setting},
    long, reads,
};
use crate::{
    cli::Span,
    contest::contestant::Contestant,
    error::LoadError,
    limit::disk::filesystem,
    report::{Output, Report},
};

/// Which rows, and how thoroughly.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Table")]
pub struct TableArgs {
    /// The server program
    #[arg(long, value_name = "BIN", default_value = "verbatim")]
    pub server: String,
    /// Rounds of each
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// Length of each measured window
    #[arg(long, short = 'd', default_value = "10s")]
    pub duration: Span,
    /// Where each round's data go, in a folder of its own that is removed after it
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Also the rows that take hours and tens of GiB of disk
    #[arg(long)]
    pub long: bool,
    /// Do the long rows at this share of their size
    #[arg(long, default_value = "1", value_parser = crate::cli::share, requires = "long")]
    pub scale: f64,
}

/// `verbatim-load table`.
pub async fn table(args: &TableArgs, output: &Output) -> Result<(), LoadError> {
    let command = [&args.server, "serve"].map(str::to_owned).into();
    let server = Contestant::Server { name: "verbatim".to_owned(), command };
    let duration = args.duration.into();
    let setting = Setting { server, rounds: args.rounds, duration, dir: &args.dir, quiet: output.quiet };
    let settings: BTreeMap<_, _> = [
        ("rounds", args.rounds.to_string()),
        ("window", format!("{:?}", args.duration.0)),
        ("file system", filesystem(&args.dir)),
        ("entries", "1 KiB, made up, unless a row says otherwise".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let mut report = Report::new("measured figures, and the goals".to_owned(), settings);
    appends::rows(&setting, &mut report).await?;
    reads::rows(&setting, &mut report).await?;
    if args.long {
        long::rows(&setting, args.scale, &mut report).await?;
    }
    output.give(&report)
}
