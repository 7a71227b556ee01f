//! `verbatim sessions expiring`: what will go by itself, and when.

use clap::Args;
use futures_util::TryStreamExt;
use tokio::runtime::Runtime;
use verbatim_client::{Expiring, Expiry};
use verbatim_proto::{Scope, Timestamp, limits::SESSIONS_PAGE_DEFAULT};

use crate::cli::remote::{
    Fault, RemoteArgs,
    connect::at_a_terminal,
    organization::cause_text,
    output::{FormArgs, hint, id_column, json_line, seconds, text_line},
};

/// What of it to list.
#[derive(Debug, Args)]
pub(in crate::cli) struct ExpiringArgs {
    /// What goes before this time, such as 2027-01-02T03:04:05Z
    #[arg(long, value_name = "TIME")]
    before: Option<Timestamp>,
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

pub(super) fn run(args: &ExpiringArgs, runtime: &Runtime) -> Result<(), Fault> {
    let organization = args.remote.client_with(&[Scope::Read], at_a_terminal)?.organization();
    let limit = if args.all { usize::MAX } else { args.limit };
    let mut expiring = organization.expiring(args.before);
    let mut printed = 0;
    while let Some(next) = runtime.block_on(expiring.try_next())? {
        if printed == limit {
            hint("there is more; --all lists it, and -n so much of it");
            break;
        }
        match args.form.is_for_people() {
            true => text_line(&row(&next))?,
            false => json_line(&next, "the session")?,
        }
        printed += 1;
    }
    Ok(())
}

fn row(expiring: &Expiring) -> String {
    let what = match expiring.what {
        Expiry::Delete => "delete",
        Expiry::Purge => "purge",
    };
    let Expiring { session_id, at, cause, .. } = expiring;
    format!("{}  {what:<6}  {}  {}", seconds(*at), id_column(session_id), cause_text(*cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_when_what_goes_and_why() {
        let json = r#"{"session_id":"s","at":"2026-03-01T00:00:00.5Z","what":"purge","cause":"bin"}"#;
        let expiring: Expiring = serde_json::from_str(json).expect("decode");
        assert_eq!(
            row(&expiring).split_whitespace().collect::<Vec<_>>(),
            ["2026-03-01T00:00:00Z", "purge", "s", "bin"]
        );
    }
}
