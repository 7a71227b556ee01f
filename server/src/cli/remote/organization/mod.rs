//! `verbatim usage` and `verbatim retention`: the organisation as a whole. What happens in it is [`changes`].

pub(super) mod changes;

use clap::Args;
use tokio::runtime::Runtime;
use verbatim_client::{Cause, PatchSettings, Settings, Usage};
use verbatim_proto::{Scope, limits::RETENTION_DAYS_MAX};

use super::{
    Fault, RemoteArgs,
    connect::at_a_terminal,
    output::{self, FormArgs},
};

/// How to print it.
#[derive(Debug, Args)]
pub(in crate::cli) struct UsageArgs {
    #[command(flatten)]
    form: FormArgs,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// How long to keep sessions.
#[derive(Debug, Args)]
pub(in crate::cli) struct RetentionArgs {
    /// Days without growth or change after which a session goes into the bin [default: leave it, and print what is set]
    #[arg(value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=i64::from(RETENTION_DAYS_MAX)))]
    days: Option<u32>,
    /// Keep them until someone deletes them
    #[arg(long, conflicts_with = "days")]
    for_ever: bool,
    #[command(flatten)]
    form: FormArgs,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(super) fn usage(args: &UsageArgs, runtime: &Runtime) -> Result<(), Fault> {
    let organization = args.remote.client_with(&[Scope::Read], at_a_terminal)?.organization();
    let usage = runtime.block_on(organization.usage())?;
    match args.form.is_for_people() {
        true => usage_lines(&usage).iter().try_for_each(|line| output::text_line(line)),
        false => output::json_line(&usage, "the usage"),
    }
}

fn usage_lines(usage: &Usage) -> [String; 3] {
    let Usage { total, today } = usage;
    let row = |of: &str, sessions: &str, entries: &str, bytes: &str| {
        format!("{of:<10}  {sessions:>12}  {entries:>14}  {bytes:>18}")
    };
    let counts = |of, amounts: &verbatim_proto::organization::Amounts| {
        row(of, &amounts.sessions.to_string(), &amounts.entries.to_string(), &amounts.bytes.to_string())
    };
    [row("", "SESSIONS", "ENTRIES", "BYTES"), counts("total", total), counts(&today.date, &today.amounts)]
}

pub(super) fn retention(args: &RetentionArgs, runtime: &Runtime) -> Result<(), Fault> {
    let retention_days = args.days.map(Some).or(args.for_ever.then_some(None));
    let scope = if retention_days.is_some() { Scope::Admin } else { Scope::Read };
    let organization = args.remote.client_with(&[scope], at_a_terminal)?.organization();
    let settings = match retention_days {
        Some(_) => runtime.block_on(organization.patch_settings(&PatchSettings { retention_days }))?,
        None => runtime.block_on(organization.settings())?,
    };
    match args.form.is_for_people() {
        true => output::text_line(&retention_text(settings)),
        false => output::json_line(&settings, "the settings"),
    }
}

fn retention_text(settings: Settings) -> String {
    match settings.retention_days {
        None => "sessions are kept until someone deletes them".to_owned(),
        Some(days) => format!("sessions go into the bin after days without growth or change: {days}"),
    }
}

/// Why something happens to a session, in a word.
pub(super) fn cause_text(cause: Cause) -> &'static str {
    match cause {
        Cause::Request => "request",
        Cause::ExpiresAt => "expires_at",
        Cause::Retention => "retention",
        Cause::Bin => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_usage_in_columns() {
        let json = r#"{"total":{"sessions":12,"entries":4210,"bytes":9123456},"today":{"date":"2026-01-02","sessions":2,"entries":310,"bytes":712345}}"#;
        let lines = usage_lines(&serde_json::from_str(json).expect("usage"));
        assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>(), ["total", "12", "4210", "9123456"]);
        assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>(), ["2026-01-02", "2", "310", "712345"]);
        assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{lines:?}");
    }
}
