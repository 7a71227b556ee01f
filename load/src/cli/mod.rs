//! The command line: its commands, each with the options it takes.

mod shared;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
pub use shared::{PaceArgs, Span, TargetArgs, positive, share};

use crate::{
    append::command::AppendArgs,
    contest::{command::ContestArgs, contestant::Contestant},
    follow::command::FollowArgs,
    mixed::{MixedArgs, SoakArgs},
    read::{command::ReadArgs, fill::FillArgs},
    report::Output,
    table::command::TableArgs,
    verify::command::FaultArgs,
};

/// Load harness of Verbatim: sizes a deployment, and measures it against the machine's own limits.
#[derive(Debug, Parser)]
#[command(name = "verbatim-load", version, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Append entries from many agents to many sessions
    Append(AppendCommand),
    /// Read pages and whole transcripts
    Teleport(TeleportCommand),
    /// Follow sessions live, many followers at once
    Follow(FollowCommand),
    /// Append, read and follow at once
    Mixed(MixedCommand),
    /// The same for hours, with figures of leaks and drift
    Soak(SoakCommand),
    /// Append, read everything again, and fail loudly if an acknowledged entry is missing, doubled or out of order
    Verify(VerifyCommand),
    /// Compare with another build, the null server or a peer, round by round: A B A B
    Compare(CompareCommand),
    /// Compare with the null server and every peer that is installed
    Peers(PeersCommand),
    /// Measure every row of the table of figures, with the peers, beside its goal
    Table(TableCommand),
    /// Write whole sessions, to have a store of a stated size
    Fill(FillCommand),
    /// Measure the machine's own limits for the same appends: transport and disk
    Limit(AppendCommand),
    /// Serve HTTP that does nothing: reads the body, answers 201
    NullServer(NullServerArgs),
}

/// Appends against a server.
#[derive(Debug, Args)]
pub struct AppendCommand {
    /// The server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The work.
    #[command(flatten)]
    pub work: AppendArgs,
    /// The report.
    #[command(flatten)]
    pub output: Output,
}

/// Reads against a server.
#[derive(Debug, Args)]
pub struct TeleportCommand {
    /// The server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The work.
    #[command(flatten)]
    pub work: ReadArgs,
    /// The report.
    #[command(flatten)]
    pub output: Output,
}

/// Live followers.
#[derive(Debug, Args)]
pub struct FollowCommand {
    /// The server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The work.
    #[command(flatten)]
    pub work: FollowArgs,
    /// The report.
    #[command(flatten)]
    pub output: Output,
}

/// All kinds of work at once.
#[derive(Debug, Args)]
pub struct MixedCommand {
    /// The server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The work.
    #[command(flatten)]
    pub work: MixedArgs,
    /// The report.
    #[command(flatten)]
    pub output: Output,
}

/// All kinds of work at once, for long.
#[derive(Debug, Args)]
#[command(mut_arg("duration", |duration| duration.default_value("2h")))]
pub struct SoakCommand {
    /// The server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The work.
    #[command(flatten)]
    pub work: MixedArgs,
    /// The judgement.
    #[command(flatten)]
    pub judgement: SoakArgs,
    /// The report.
    #[command(flatten)]
    pub output: Output,
}

/// Appends that are read again.
#[derive(Debug, Args)]
pub struct VerifyCommand {
    /// The server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The work.
    #[command(flatten)]
    pub work: AppendArgs,
    /// What is done to the server meanwhile.
    #[command(flatten)]
    pub fault: FaultArgs,
    /// The report.
    #[command(flatten)]
    pub output: Output,
}

/// A comparison with chosen others.
#[derive(Debug, Args)]
pub struct CompareCommand {
    /// Who.
    #[command(flatten)]
    pub contest: ContestArgs,
    /// Whom to compare with: NAME=CMD starts a server that speaks Verbatim's protocol, prints `listening on URL`, and
    /// takes VERBATIM_LISTEN and VERBATIM_DATA_DIR; or null, redis, postgres, s2, durable-streams (may be given again)
    #[arg(long, value_name = "NAME=CMD", required = true, value_parser = Contestant::parse, help_heading = "Contest")]
    pub against: Vec<Contestant>,
    /// The work.
    #[command(flatten)]
    pub work: AppendArgs,
    /// The report.
    #[command(flatten)]
    pub output: Output,
}

/// A comparison with all peers.
#[derive(Debug, Args)]
pub struct PeersCommand {
    /// Who.
    #[command(flatten)]
    pub contest: ContestArgs,
    /// The work.
    #[command(flatten)]
    pub work: AppendArgs,
    /// The report.
    #[command(flatten)]
    pub output: Output,
}

/// The table of figures.
#[derive(Debug, Args)]
pub struct TableCommand {
    /// Which rows.
    #[command(flatten)]
    pub table: TableArgs,
    /// The report.
    #[command(flatten)]
    pub output: Output,
}

/// Sessions to write.
#[derive(Debug, Args)]
pub struct FillCommand {
    /// The server.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The work.
    #[command(flatten)]
    pub work: FillArgs,
    /// Sessions written at once, each over a connection of its own
    #[arg(long, short = 'c', default_value_t = 64)]
    pub agents: u16,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// The null server's settings.
#[derive(Debug, Args)]
pub struct NullServerArgs {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// The body of every answer to a GET
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
