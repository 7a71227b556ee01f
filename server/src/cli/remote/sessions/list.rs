//! `verbatim sessions list`: which sessions there are.

use std::num::NonZeroUsize;

use clap::Args;
use futures_util::TryStreamExt;
use tokio::runtime::Runtime;
use verbatim_client::{SessionFilter, SessionId, Status};
use verbatim_proto::{
    Scope, Timestamp,
    limits::{SESSIONS_PAGE_DEFAULT, SESSIONS_PAGE_MAX},
};

use super::print;
use crate::cli::remote::{
    Fault, RemoteArgs,
    connect::at_a_terminal,
    output::{FormArgs, hint},
};

/// Which sessions to list.
#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// Those of this project
    #[arg(long, value_name = "TEXT")]
    project: Option<String>,
    /// Those of this session's sub-agents
    #[arg(long, value_name = "SESSION")]
    parent: Option<SessionId>,
    /// Those that are active, paused, ended or deleted [default: all but the deleted]
    #[arg(long, value_name = "STATUS", value_parser = print::status)]
    status: Option<Status>,
    /// Those that changed after this time, such as 2026-01-02T03:04:05Z
    #[arg(long, value_name = "TIME")]
    updated_after: Option<Timestamp>,
    /// Those with this value of metadata; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    metadata: Vec<(String, String)>,
    /// Those whose title begins so
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// How many at most
    #[arg(long, short = 'n', value_name = "N", default_value_t = SESSIONS_PAGE_DEFAULT)]
    limit: usize,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    #[command(flatten)]
    form: FormArgs,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(super) fn run(args: ListArgs, runtime: &Runtime) -> Result<(), Fault> {
    let sessions = args.remote.client_with(&[Scope::Read], at_a_terminal)?.sessions();
    let limit = if args.all { usize::MAX } else { args.limit };
    let filter = SessionFilter {
        project: args.project,
        parent: args.parent,
        status: args.status,
        updated_after: args.updated_after,
        metadata: args.metadata,
        title: args.title,
        // One more than is printed, so that it is known whether there are more.
        page_sessions: NonZeroUsize::new(limit.saturating_add(1).min(SESSIONS_PAGE_MAX)),
        cursor: None,
    };
    let mut list = sessions.list(&filter);
    let mut printed = 0;
    while let Some(session) = runtime.block_on(list.try_next())? {
        if printed == limit {
            hint("there are more; --all lists them, and -n so many of them");
            break;
        }
        if printed == 0 && args.form.is_for_people() {
            print::heading()?;
        }
        print::row(&session, args.form)?;
        printed += 1;
    }
    Ok(())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("give it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}
