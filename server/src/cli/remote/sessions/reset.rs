//! `verbatim sessions reset`: a new chain under the same id.

use clap::{ArgGroup, Args};
use serde::Serialize;
use tokio::runtime::Runtime;
use verbatim_client::{ChangeError, EntryUuid, Reset, Sessions};
use verbatim_proto::{Scope, SessionId};

use super::{OneArgs, print};
use crate::cli::remote::{Fault, output};

/// Heads that are adopted before it is said that others append all the time.
const ADOPTIONS_MAX: u32 = 10;

/// What to reset.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("head").required(true))]
pub(in crate::cli) struct ResetArgs {
    /// Reset it only if this is its head
    #[arg(long, value_name = "UUID", group = "head", value_parser = EntryUuid::new)]
    last_uuid: Option<EntryUuid>,
    /// Reset it whatever its head is
    #[arg(long, group = "head")]
    adopt: bool,
    #[command(flatten)]
    of: OneArgs,
}

/// A session with its `ETag`, and where its old chain is.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    session: print::WithEtag<'a>,
    archived_session_id: &'a Option<SessionId>,
}

pub(super) fn run(args: &ResetArgs, runtime: &Runtime) -> Result<(), Fault> {
    let of = &args.of;
    let sessions = of.sessions(&[Scope::Read, Scope::Admin])?;
    let reset = match args.last_uuid {
        Some(last) => runtime.block_on(sessions.reset(&of.session, Some(&last)))?,
        None => runtime.block_on(adopt(&sessions, &of.session))?,
    };
    let Reset { described, archived_session_id } = &reset;
    if !of.form.is_for_people() {
        return output::json_line(&Answer { session: described.into(), archived_session_id }, "the session");
    }
    of.print(described)?;
    match archived_session_id {
        Some(archived) => output::text_line(&format!("{:<14} {archived}", "old chain in")),
        None => Ok(()),
    }
}

async fn adopt(sessions: &Sessions, session: &SessionId) -> Result<Reset, Fault> {
    let mut head = sessions.show(session).await?.session.head;
    for _ in 1..ADOPTIONS_MAX {
        match sessions.reset(session, head.as_ref()).await {
            Err(ChangeError::Conflict { head: moved, .. }) => head = moved,
            other => return Ok(other?),
        }
    }
    Ok(sessions.reset(session, head.as_ref()).await?)
}
