//! `verbatim tail`: a session's last entries, and those that come.

use clap::Args;
use futures_util::TryStreamExt;
use tokio::runtime::Runtime;
use verbatim_client::{
    Entry, Reader, SessionId,
    read::{Begin, EntriesQuery},
};
use verbatim_proto::entry::{one_line, user_text};

use super::{
    Fault, RemoteArgs,
    connect::at_a_terminal,
    output::{self, FormArgs},
};

/// Most characters of an entry that a person is shown.
const EXCERPT_CHARS_MAX: usize = 160;

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

fn print(entry: &Entry, form: FormArgs) -> Result<(), Fault> {
    match form.is_for_people() {
        true => output::text_line(&row(entry)),
        false => output::json_line(entry, "the entry"),
    }
}

fn row(entry: &Entry) -> String {
    let payload = entry.payload.as_ref().map_or("", |payload| payload.get());
    let text = user_text(payload.as_bytes()).unwrap_or_else(|| payload.to_owned());
    let text = one_line(&text, EXCERPT_CHARS_MAX);
    format!("{:>7}  {}  {:<12}  {text}", entry.seq, output::seconds(entry.created_at), entry.event_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_sees_the_text_of_an_entry_on_one_line_and_else_its_json() {
        let row_of = |payload: &str| {
            let envelope = r#""seq":7,"event_id":"u","event_type":"user","is_compaction":false,"created_at":"2026-01-02T03:04:05.6Z""#;
            row(&serde_json::from_str(&format!("{{{envelope},\"payload\":{payload}}}")).expect("an entry"))
        };
        assert_eq!(
            row_of(r#"{"message":{"content":"Fix\n the build"}}"#),
            "      7  2026-01-02T03:04:05Z  user          Fix the build"
        );
        assert!(row_of("{\"x\":\n1}").ends_with("  {\"x\": 1}"));
    }
}
