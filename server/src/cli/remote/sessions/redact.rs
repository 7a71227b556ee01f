//! `verbatim sessions redact`: an entry's content goes for good.

use clap::Args;
use tokio::runtime::Runtime;
use verbatim_client::EventId;
use verbatim_proto::Scope;

use super::OneArgs;
use crate::cli::remote::{Fault, confirm::ConfirmArgs, entry};

/// What to redact.
#[derive(Debug, Args)]
pub(in crate::cli) struct RedactArgs {
    #[command(flatten)]
    of: OneArgs,
    /// The entry, by its uuid or as ~SEQ
    #[arg(value_name = "EVENT_ID")]
    entry: EventId,
    #[command(flatten)]
    confirm: ConfirmArgs,
}

pub(super) fn run(args: &RedactArgs, runtime: &Runtime) -> Result<(), Fault> {
    let RedactArgs { of, entry: id, confirm } = args;
    let sessions = of.sessions(&[Scope::Admin])?;
    confirm.ask(&format!("redacting entry {id} of session {} and of all that share it", of.session))?;
    entry::print(&runtime.block_on(sessions.redact(&of.session, id))?, of.form)
}
