//! `verbatim tail`: a session's last entries, and those that come.

use clap::Args;
use futures_util::TryStreamExt;
use tokio::runtime::Runtime;
use verbatim_client::{
    Reader, SessionId,
    read::{Begin, EntriesQuery},
};

use super::{Fault, RemoteArgs, connect::at_a_terminal, entry::print, output::FormArgs};

/// Which entries to print.
#[derive(Debug, Args)]
pub(in crate::cli) struct TailArgs {
    /// Session to print the end of
    #[arg(value_name = "SESSION")]
    session: SessionId,
    /// How many of the last entries
    #[arg(long = "lines", short = 'n', value_name = "N", default_value_t = 10)]
    entries: u64,
    /// Go on with every entry that is stored, until the session ends; a broken connection is made again
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    form: FormArgs,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(super) fn run(args: TailArgs, runtime: &Runtime) -> Result<(), Fault> {
    // Whoever follows waits out a restart of the server.
    let client = args.remote.client(|builder| if args.follow { builder } else { at_a_terminal(builder) })?;
    let reader = client.reader(&args.session);
    match args.follow {
        true => follow(&args, &reader, runtime),
        false => last(&args, &reader, runtime),
    }
}

fn last(args: &TailArgs, reader: &Reader, runtime: &Runtime) -> Result<(), Fault> {
    if args.entries == 0 {
        return Ok(());
    }
    let query = EntriesQuery { from: Begin::Tail(args.entries), ..EntriesQuery::default() };
    let mut pages = reader.entry_pages(&query);
    while let Some(page) = runtime.block_on(pages.try_next())? {
        page.data.iter().try_for_each(|entry| print(entry, args.form))?;
    }
    Ok(())
}

fn follow(args: &TailArgs, reader: &Reader, runtime: &Runtime) -> Result<(), Fault> {
    let mut entries = reader.follow(Begin::Tail(args.entries));
    while let Some(followed) = runtime.block_on(entries.try_next())? {
        print(&followed.entry, args.form)?;
    }
    Ok(())
}
