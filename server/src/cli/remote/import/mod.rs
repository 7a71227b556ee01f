//! `verbatim import`: JSONL transcripts into sessions, each entry once however often it is run.
//!
//! A file is checked whole before any of it is sent. Files of different sessions go side by side, those of one session one
//! after the other in the order they were named.

mod check;
mod identity;
mod order;
mod plan;
mod report;
mod send;
#[cfg(test)]
mod tests;

use std::{fs, path::PathBuf};

use clap::Args;
use futures_util::{StreamExt, stream};
use tokio::runtime::Runtime;
use verbatim_client::{Client, SessionId};

use super::{Fault, RemoteArgs};
use report::Report;

/// What to import, and how.
#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    /// Transcripts, one JSON object a line
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Session to import one file into [default: the file's first sessionId, or else its name]
    #[arg(long, value_name = "ID")]
    session: Option<SessionId>,
    /// Check the files and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Report bad lines and import the others
    #[arg(long)]
    skip_bad: bool,
    /// Sessions under way at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// Files of one session, in the order they were named.
#[derive(Debug)]
struct Group {
    session: SessionId,
    files: Vec<(usize, PathBuf)>,
}

/// What all files of one run share.
struct Run {
    /// None on a dry run.
    client: Option<Client>,
    skip_bad: bool,
    report: Report,
}

/// A file that was not imported whole: its place in the command line, and the exit status that says why.
type Failed = (usize, u8);

pub(super) fn run(args: ImportArgs, runtime: &Runtime) -> Result<(), Fault> {
    if args.session.is_some() && args.files.len() > 1 {
        return Err(Fault::usage("--session names one session; give one file with it"));
    }
    let client = if args.dry_run { None } else { Some(args.remote.client(|builder| builder)?) };
    let bytes = args.files.iter().filter_map(|file| Some(fs::metadata(file).ok()?.len())).sum();
    let run = Run { client, skip_bad: args.skip_bad, report: Report::new(bytes) };
    let (groups, mut failed) = group(args.files, args.session.as_ref(), &run.report);
    let jobs = usize::from(args.jobs);
    failed.extend(runtime.block_on(stream::iter(groups).map(|group| run.group(group)).buffer_unordered(jobs).concat()));
    run.report.end();
    match failed.iter().min() {
        None => Ok(()),
        Some((_, status)) => Err(Fault::told(*status)),
    }
}

/// Finds each file's session. A file that cannot be read, or whose name gives no id, is reported and left out.
fn group(files: Vec<PathBuf>, session: Option<&SessionId>, report: &Report) -> (Vec<Group>, Vec<Failed>) {
    let mut groups: Vec<Group> = Vec::new();
    let mut failed = Vec::new();
    for (number, path) in files.into_iter().enumerate() {
        let session = match session.map_or_else(|| identity::session_of_file(&path), |session| Ok(session.clone())) {
            Ok(session) => session,
            Err(fault) => {
                report.say(&fault.message);
                failed.push((number, fault.status));
                continue;
            }
        };
        match groups.iter_mut().find(|group| group.session == session) {
            Some(group) => {
                if let Some((_, first)) = group.files.last() {
                    let (path, first) = (path.display(), first.display());
                    report.say(format_args!("{path}: goes on in session {session}, after {first}"));
                }
                group.files.push((number, path));
            }
            None => groups.push(Group { session, files: vec![(number, path)] }),
        }
    }
    (groups, failed)
}

impl Run {
    async fn group(&self, group: Group) -> Vec<Failed> {
        let mut failed = Vec::new();
        for (number, path) in group.files {
            if let Err(status) = send::file(self, &group.session, path).await {
                failed.push((number, status));
            }
        }
        if let Some(client) = &self.client {
            client.clear_session(&group.session);
        }
        failed
    }
}
