//! `verbatim sessions rm`: into the bin, or away for good.

use clap::Args;
use serde_json::json;
use tokio::runtime::Runtime;
use verbatim_proto::Scope;

use super::OneArgs;
use crate::cli::remote::{Fault, confirm::ConfirmArgs, output};

/// What to delete.
#[derive(Debug, Args)]
pub(in crate::cli) struct RmArgs {
    /// Leave the sessions of its sub-agents where they are
    #[arg(long)]
    keep_children: bool,
    /// Purge it for good, out of the bin too; asks first
    #[arg(long)]
    purge: bool,
    #[command(flatten)]
    confirm: ConfirmArgs,
    #[command(flatten)]
    of: OneArgs,
}

pub(super) fn run(args: &RmArgs, runtime: &Runtime) -> Result<(), Fault> {
    let RmArgs { of, keep_children, .. } = args;
    let sessions = of.sessions(&[Scope::Admin])?;
    if !args.purge {
        return of.print(&runtime.block_on(sessions.delete(&of.session, !keep_children))?);
    }
    let children = if *keep_children { "" } else { " with the sessions of its sub-agents" };
    args.confirm.ask(&format!("purging session {}{children}", of.session))?;
    let purged = runtime.block_on(sessions.purge(&of.session, !keep_children))?;
    let times = purged.map(|purged| (purged.purged_at, purged.id_free_at));
    if !of.form.is_for_people() {
        let (purged_at, id_free_at) = times.unzip();
        return output::json_line(
            &json!({"id": of.session, "purged_at": purged_at, "id_free_at": id_free_at}),
            "the answer",
        );
    }
    let until =
        times.map_or_else(String::new, |(_, free)| format!("; its id is free again at {}", output::seconds(free)));
    output::text_line(&format!("session {} is purged{until}", of.session))
}
