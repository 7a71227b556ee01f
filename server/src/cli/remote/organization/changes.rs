//! `verbatim changes`: what happens to the organisation's sessions, and what has happened.

use std::time::Duration;

use clap::Args;
use futures_util::TryStreamExt;
use serde::Serialize;
use tokio::runtime::Runtime;
use verbatim_client::{Change, ChangeKind, Organization, organization::Since};
use verbatim_proto::Scope;

use super::cause_text;
use crate::cli::remote::{
    Fault, RemoteArgs,
    connect::at_a_terminal,
    output::{FormArgs, id_column, json_line, seconds, text_line},
};

/// Which changes to print.
#[derive(Debug, Args)]
pub(in crate::cli) struct ChangesArgs {
    /// Leave out what was before
    #[arg(long)]
    from_now: bool,
    /// Begin behind the change that was printed with this cursor
    #[arg(long, value_name = "CURSOR", conflicts_with = "from_now")]
    cursor: Option<String>,
    /// End once what was so far is printed, in place of waiting for more
    #[arg(long, conflicts_with = "from_now")]
    until_now: bool,
    #[command(flatten)]
    form: FormArgs,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// A change, and where to go on behind it.
#[derive(Serialize)]
struct WithCursor<'a> {
    #[serde(flatten)]
    change: &'a Change,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
}

pub(in crate::cli::remote) fn run(args: &ChangesArgs, runtime: &Runtime) -> Result<(), Fault> {
    // Whoever follows waits out a restart of the server.
    let patience = |builder| if args.until_now { at_a_terminal(builder) } else { builder };
    let organization = args.remote.client_with(&[Scope::Read], patience)?.organization();
    let since = match &args.cursor {
        _ if args.from_now => Since::Now,
        Some(cursor) => Since::Cursor(cursor.clone()),
        None => Since::Start,
    };
    if args.until_now {
        return until_now(since, &organization, args.form, runtime);
    }
    let mut changes = organization.changes(since);
    while let Some(changed) = runtime.block_on(changes.try_next())? {
        print(&changed.change, Some(&changed.cursor), args.form)?;
    }
    Ok(())
}

/// Goes by pages, which tell where what was so far ends; the last change of each has the cursor.
fn until_now(mut since: Since, organization: &Organization, form: FormArgs, runtime: &Runtime) -> Result<(), Fault> {
    loop {
        let page = runtime.block_on(organization.changes_page(&since, Duration::ZERO, None))?;
        let Some((last, others)) = page.data.split_last() else { return Ok(()) };
        others.iter().try_for_each(|change| print(change, None, form))?;
        print(last, Some(&page.next_cursor), form)?;
        since = Since::Cursor(page.next_cursor);
    }
}

fn print(change: &Change, cursor: Option<&str>, form: FormArgs) -> Result<(), Fault> {
    match form.is_for_people() {
        true => text_line(&row(change)),
        false => json_line(&WithCursor { change, cursor }, "the change"),
    }
}

fn row(change: &Change) -> String {
    let what = match &change.what {
        ChangeKind::Created => "created".to_owned(),
        ChangeKind::Appended { length } => format!("appended, {length} entries now"),
        ChangeKind::Patched => "patched".to_owned(),
        ChangeKind::Ended => "ended".to_owned(),
        ChangeKind::Forked { forked_from } => format!("forked from {forked_from}"),
        ChangeKind::Reset { archived_session_id } => format!("reset, old chain in {archived_session_id}"),
        ChangeKind::Redacted { event_id } => format!("redacted {event_id}"),
        ChangeKind::Deleted => "deleted".to_owned(),
        ChangeKind::Restored => "restored".to_owned(),
        ChangeKind::Purged => "purged".to_owned(),
    };
    let by = match (&change.subject, change.cause) {
        (Some(subject), _) => format!(", by {subject}"),
        (None, verbatim_client::Cause::Request) => String::new(),
        (None, cause) => format!(", for {}", cause_text(cause)),
    };
    format!("{}  {}  {what}{by}", seconds(change.at), id_column(&change.session_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_what_happened_to_which_session_and_why() {
        let row_of = |what: &str, why: &str| {
            let json = format!(r#"{{{what},"session_id":"s","at":"2026-01-02T03:04:05.6Z",{why}}}"#);
            let row = row(&serde_json::from_str(&json).expect("a change"));
            row.split_whitespace().skip(2).collect::<Vec<_>>().join(" ")
        };
        let asked = r#""subject":"agent-7","cause":"request""#;
        assert_eq!(row_of(r#""type":"forked","forked_from":"r""#, asked), "forked from r, by agent-7");
        let grown = row_of(r#""type":"appended","length":7"#, r#""subject":null,"cause":"request""#);
        assert_eq!(grown, "appended, 7 entries now");
        let expired = row_of(r#""type":"deleted""#, r#""subject":null,"cause":"expires_at""#);
        assert_eq!(expired, "deleted, for expires_at");
    }
}
