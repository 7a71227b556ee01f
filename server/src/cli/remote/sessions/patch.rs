//! `verbatim sessions patch`: change what is said of a session.

use clap::{ArgGroup, Args};
use serde_json::Value;
use tokio::runtime::Runtime;
use verbatim_client::{Metadata, PatchSession, Status};
use verbatim_proto::{Scope, Timestamp};

use super::{OneArgs, print};
use crate::cli::remote::Fault;

/// What to change.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true))]
pub(in crate::cli) struct PatchArgs {
    /// Give it this title
    #[arg(long, value_name = "TEXT", group = "change")]
    title: Option<String>,
    /// Take its title away, so that its first user text is one
    #[arg(long, group = "change", conflicts_with = "title")]
    no_title: bool,
    /// Set a value of its metadata: a number, true or false where it is one, else a text; "…" is always a text. May be given
    /// several times
    #[arg(long, value_name = "KEY=VALUE", group = "change", value_parser = pair)]
    metadata: Vec<(String, Value)>,
    /// Take a value of its metadata away; may be given several times
    #[arg(long, value_name = "KEY", group = "change")]
    no_metadata: Vec<String>,
    /// Make it active, paused or ended
    #[arg(long, value_name = "STATUS", group = "change", value_parser = print::status)]
    status: Option<Status>,
    /// Delete it at this time, such as 2027-01-02T03:04:05Z
    #[arg(long, value_name = "TIME", group = "change")]
    expires_at: Option<Timestamp>,
    /// Keep it until someone deletes it
    #[arg(long, group = "change", conflicts_with = "expires_at")]
    no_expires_at: bool,
    /// Change it only if it is as `sessions show` printed it with this etag
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
    #[command(flatten)]
    of: OneArgs,
}

pub(super) fn run(args: &PatchArgs, runtime: &Runtime) -> Result<(), Fault> {
    let sessions = args.of.sessions(&[Scope::Append])?;
    let patch = args.patch();
    let patched = sessions.patch(&args.of.session, &patch, args.if_match.as_deref());
    args.of.print(&runtime.block_on(patched)?)
}

impl PatchArgs {
    fn patch(&self) -> PatchSession {
        let mut metadata: Metadata = self.metadata.iter().cloned().collect();
        metadata.extend(self.no_metadata.iter().map(|key| (key.clone(), Value::Null)));
        PatchSession {
            title: self.title.clone().map(Some).or(self.no_title.then_some(None)),
            metadata: Some(Some(metadata)).filter(|_| !self.metadata.is_empty() || !self.no_metadata.is_empty()),
            status: self.status,
            expires_at: self.expires_at.map(Some).or(self.no_expires_at.then_some(None)),
        }
    }
}

fn pair(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("give it as KEY=VALUE")?;
    let value = match serde_json::from_str(value) {
        Ok(parsed @ (Value::Number(_) | Value::Bool(_) | Value::String(_))) => parsed,
        _ => Value::String(value.to_owned()),
    };
    Ok((key.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        patch: PatchArgs,
    }

    fn body(args: &[&str]) -> Option<String> {
        let line = Line::try_parse_from(["patch", "s"].iter().chain(args)).ok()?;
        serde_json::to_string(&line.patch.patch()).ok()
    }

    #[test]
    fn each_flag_is_one_member_of_the_patch() {
        for (args, wanted) in [
            (&["--title", "T", "--status", "paused"][..], r#"{"title":"T","status":"paused"}"#),
            (&["--no-title", "--no-expires-at"], r#"{"title":null,"expires_at":null}"#),
            (
                &["--metadata", "a=1", "--metadata", "b=x=y", "--metadata", "c=\"1\"", "--no-metadata", "d"],
                r#"{"metadata":{"a":1,"b":"x=y","c":"1","d":null}}"#,
            ),
            (&["--metadata", "a=[1]"], r#"{"metadata":{"a":"[1]"}}"#),
        ] {
            assert_eq!(body(args).as_deref(), Some(wanted), "{args:?}");
        }
    }

    #[test]
    fn what_says_nothing_or_two_things_is_refused() {
        for args in [&[][..], &["--if-match", "x"], &["--title", "T", "--no-title"], &["--metadata", "=1"]] {
            assert_eq!(body(args), None, "{args:?}");
        }
    }
}
