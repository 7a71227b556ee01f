//! `compare` and `peers`.

use std::path::PathBuf;

use clap::Args;

use super::{contestant::Contestant, ratios::compare};
use crate::{
    append::command::{AppendArgs, AppendWork},
    error::LoadError,
    limit::disk::filesystem,
    peers::Peer,
    report::{Output, Report},
};

/// Who is compared, and how often.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Contest")]
pub struct ContestArgs {
    /// The server program that comes first in every pair
    #[arg(long, value_name = "BIN", default_value = "verbatim")]
    pub server: String,
    /// Rounds of each
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// Where each round's data go, in a folder of its own that is removed after it
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
}

/// `verbatim-load compare` and `verbatim-load peers`: rounds of all in turn. Who is not there is left out with a word.
pub async fn contest(
    args: &ContestArgs,
    others: &[Contestant],
    append: &AppendArgs,
    output: &Output,
) -> Result<(), LoadError> {
    let work = AppendWork::new(append)?;
    let command = [&args.server, "serve"].map(str::to_owned).into();
    let first = Contestant::Server { name: "verbatim".to_owned(), command };
    let mut report = Report::new(format!("comparison: {}", work.describe()), work.settings());
    let mut all = vec![first.clone()];
    for other in others {
        match other.available() {
            Ok(()) => all.push(other.clone()),
            Err(missing) => report.notes.push(format!("left out: {missing}")),
        }
    }
    for _ in 0..args.rounds {
        for contestant in &all {
            report.rounds.push(contestant.round(&work, &args.dir, output.quiet).await?);
        }
    }
    for other in &all[1..] {
        report.comparisons.extend(compare(&report.rounds, first.name(), other.name()));
    }
    if filesystem(&args.dir) == "tmpfs" {
        report.notes.push("the data are in memory (tmpfs): the figures say nothing about a disk".to_owned());
    }
    output.give(&report)
}

/// The null server and every peer.
pub fn all_peers() -> Vec<Contestant> {
    [Contestant::Null].into_iter().chain(Peer::ALL.map(Contestant::Peer)).collect()
}
