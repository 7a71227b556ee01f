//! The load harness of Verbatim: what a user runs to size a deployment, and what its makers steer by.
//!
//! | module | holds |
//! | --- | --- |
//! | [`cli`] | the command line |
//! | [`engine`] | threads, pacing, the measured window, histograms; knows nothing of HTTP |
//! | [`wire`] | bare HTTP/1.1 over one connection |
//! | [`workload`] | entries of stated, real or recorded shape |
//! | [`target`] | the server under load: address, tokens, process |
//! | [`append`] | the agents that write |
//! | [`read`] | the agents that read, and what they read |
//! | [`follow`] | live followers |
//! | [`mixed`] | all of these at once, for minutes or for hours |
//! | [`verify`] | what was acknowledged, against what is read |
//! | [`contest`] | several servers in turn, and their ratios |
//! | [`peers`] | other systems, made to do the same work |
//! | [`table`] | every figure that the README states, beside its goal |
//! | [`limit`] | the machine's own limits: null server, write + fdatasync |
//! | [`measure`] | one measured run, with progress and readings of both processes |
//! | [`sampler`] | the server's process and data over a run |
//! | [`report`] | figures as text, JSON and a page with plots |
//!
//! Deliberately absent: anything of the server's inside. The harness knows the wire contract, and `/proc`.

pub mod append;
pub mod cli;
pub mod contest;
pub mod engine;
pub mod error;
pub mod follow;
pub mod limit;
pub mod measure;
pub mod mixed;
pub mod peers;
pub mod read;
pub mod report;
pub mod sampler;
pub mod table;
pub mod target;
pub mod verify;
pub mod wire;
pub mod workload;

use cli::{Cli, Command};
pub use error::LoadError;
use error::While;

/// Runs one command to its end.
pub fn run(cli: Cli) -> Result<(), LoadError> {
    raise_descriptors();
    let mut builder = match cli.command {
        Command::NullServer(_) => tokio::runtime::Builder::new_multi_thread(),
        _ => tokio::runtime::Builder::new_current_thread(),
    };
    let runtime = builder.enable_all().build().while_doing("start a runtime")?;
    runtime.block_on(async {
        match &cli.command {
            Command::Append(command) => append::command::append(&command.target, &command.work, &command.output).await,
            Command::Teleport(command) => {
                read::command::teleport(&command.target, &command.work, &command.output).await
            }
            Command::Follow(command) => follow::command::follow(&command.target, &command.work, &command.output).await,
            Command::Mixed(cli::MixedCommand { target, work, output }) => {
                mixed::mixed(target, work, None, output).await
            }
            Command::Soak(cli::SoakCommand { target, work, judgement, output }) => {
                mixed::mixed(target, work, Some(judgement), output).await
            }
            Command::Verify(command) => {
                let cli::VerifyCommand { target, work, fault, output } = command;
                verify::command::verify(target, work, fault, output).await
            }
            Command::Compare(command) => {
                let cli::CompareCommand { contest, against, work, output } = command;
                contest::command::contest(contest, against, work, output).await
            }
            Command::Peers(cli::PeersCommand { contest, work, output }) => {
                contest::command::contest(contest, &contest::command::all_peers(), work, output).await
            }
            Command::Table(command) => table::command::table(&command.table, &command.output).await,
            Command::Fill(command) => {
                read::fill::command(&command.target, &command.work, command.agents.into(), command.quiet).await
            }
            Command::Limit(command) => limit::command::limit(&command.target, &command.work, &command.output).await,
            Command::NullServer(args) => limit::command::null_server(args).await,
        }
    })
}

/// Every agent and follower is a connection: as many as the system lets this process, and what it starts, have.
fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Where it fails the old limit stands, and connecting says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
