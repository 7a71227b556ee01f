//! `verbatim teleport`: a session's pages as the server gives them.

use std::{
    io::{self, Write},
    num::NonZeroUsize,
};

use clap::Args;
use futures_util::TryStreamExt;
use tokio::runtime::Runtime;
use verbatim_client::SessionId;
use verbatim_proto::limits::PAGE_ENTRIES_DEFAULT;

use super::{Fault, RemoteArgs, connect::at_a_terminal, line::on_one_line, output::hint};

/// Which pages to print.
#[derive(Debug, Args)]
pub(in crate::cli) struct TeleportArgs {
    /// Session to page through
    #[arg(value_name = "SESSION")]
    session: SessionId,
    /// Entries a page; the server gives at most 1000
    #[arg(long, value_name = "N", default_value_t = page_entries_default())]
    limit: NonZeroUsize,
    /// Begin at this next_cursor of an earlier page
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
    /// Go on to the last page
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

fn page_entries_default() -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(PAGE_ENTRIES_DEFAULT - 1)
}

pub(super) fn run(args: TeleportArgs, runtime: &Runtime) -> Result<(), Fault> {
    let reader = args.remote.client(|builder| at_a_terminal(builder).page_entries(args.limit))?.reader(&args.session);
    let mut stream = match args.cursor {
        Some(cursor) => reader.pages_from(cursor),
        None => reader.pages(),
    };
    let unwritable = |error| Fault::output("the page", error);
    let (mut pages, mut entries, mut next_cursor) = (0, 0, None);
    while let Some(page) = runtime.block_on(stream.try_next())? {
        let json = serde_json::to_vec(&page).map_err(|error| unwritable(error.into()))?;
        let mut line = on_one_line(&json).into_owned();
        line.push(b'\n');
        io::stdout().write_all(&line).map_err(unwritable)?;
        pages += 1;
        entries += page.data.len();
        next_cursor = page.next_cursor;
        if !args.all {
            break;
        }
    }
    let rest = next_cursor.map_or("that is all".to_owned(), |cursor| format!("go on with --cursor {cursor}"));
    hint(&format!("pages: {pages}, entries: {entries}; {rest}"));
    Ok(())
}
