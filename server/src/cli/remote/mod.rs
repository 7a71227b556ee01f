//! The verbs that speak to a server over the wire, through the client crate. They know nothing of the store.

mod append;
mod confirm;
mod connect;
mod entry;
mod export;
mod fault;
mod import;
mod line;
mod organization;
mod output;
mod sessions;
mod tail;
mod teleport;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use tokio::runtime::{Builder, Runtime};
use verbatim_proto::OrganizationId;

use super::{exit, fail};
use fault::Fault;

/// Where the server is, and who is calling.
#[derive(Debug, Clone, Args)]
pub(super) struct RemoteArgs {
    /// The server
    #[arg(long, env = "VERBATIM_URL", value_name = "URL", default_value = connect::URL_DEFAULT)]
    url: String,
    /// The token to send
    #[arg(long, env = "VERBATIM_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Sign a token with this data folder's own key instead; on the server's own machine. Without it and without a token,
    /// VERBATIM_DATA_DIR or ./verbatim-data is looked at
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Organisation the token must be of [default: with a data folder, its own]
    #[arg(long, value_name = "UUID")]
    org: Option<OrganizationId>,
    /// Authorities to trust in place of the system's, in PEM: for an https server with a certificate of your own
    #[arg(long, env = "VERBATIM_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Certificate to show to a server that wants one, with its private key, in one PEM file
    #[arg(long, env = "VERBATIM_CLIENT_CERT", value_name = "FILE")]
    client_cert: Option<PathBuf>,
}

/// A verb that speaks to a server.
#[derive(Debug, Subcommand)]
pub(super) enum RemoteVerb {
    /// Append an entry to a session
    Append(append::AppendArgs),
    /// Send JSONL transcripts, one session a file; again, to send what is missing
    Import(import::ImportArgs),
    /// Write a session as JSONL, each entry as it was appended
    Export(export::ExportArgs),
    /// Print a session's last entries, and those that come
    Tail(tail::TailArgs),
    /// List, show and change sessions
    #[command(subcommand)]
    Sessions(sessions::SessionsVerb),
    /// Print what happens to the organisation's sessions: all that is kept, then what comes
    Changes(organization::changes::ChangesArgs),
    /// Print how many sessions, entries and bytes there are
    Usage(organization::UsageArgs),
    /// Print or set after how many days sessions go by themselves
    Retention(organization::RetentionArgs),
    /// Print a session's pages, one JSON document a line
    Teleport(teleport::TeleportArgs),
}

/// Runs a verb to its end.
pub(super) fn run(verb: RemoteVerb) -> ExitCode {
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(format!("cannot start the runtime: {error}"), exit::UNAVAILABLE),
    };
    match carry_out(verb, &runtime) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) if fault.is_told => ExitCode::from(fault.status),
        Err(fault) => fail(&fault.message, fault.status),
    }
}

fn carry_out(verb: RemoteVerb, runtime: &Runtime) -> Result<(), Fault> {
    match verb {
        RemoteVerb::Append(args) => append::run(args, runtime),
        RemoteVerb::Import(args) => import::run(args, runtime),
        RemoteVerb::Export(args) => export::run(args, runtime),
        RemoteVerb::Tail(args) => tail::run(args, runtime),
        RemoteVerb::Sessions(verb) => sessions::run(verb, runtime),
        RemoteVerb::Changes(args) => organization::changes::run(&args, runtime),
        RemoteVerb::Usage(args) => organization::usage(&args, runtime),
        RemoteVerb::Retention(args) => organization::retention(&args, runtime),
        RemoteVerb::Teleport(args) => teleport::run(args, runtime),
    }
}
