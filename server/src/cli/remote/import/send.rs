//! One file into its session.

use std::{fs, path::PathBuf};

use bytes::Bytes;
use futures_util::TryStreamExt;
use verbatim_client::{AppendError, AppendReceipt, AppendStatus, Client, ReadError, SessionId};

use super::{
    Run,
    check::{Checked, Found, check},
    identity::key,
    order::{Late, Order},
    plan::Plan,
    report::{Kind, Lines},
};
use crate::cli::{
    exit,
    remote::fault::{Fault, append_status},
};

/// What became of a file's entries.
#[derive(Default)]
struct Tally {
    appended: u64,
    already_stored: u64,
    skipped: u64,
}

/// Imports a file; the error is the exit status that says why it is not there whole. Everything has been said by then.
pub(super) async fn file(run: &Run, session: &SessionId, path: PathBuf) -> Result<(), u8> {
    let name = path.display().to_string();
    let read = tokio::task::spawn_blocking(move || fs::read(path).map(|file| (check(&file), Bytes::from(file)))).await;
    let read = read.unwrap_or_else(|stopped| Err(stopped.into()));
    let (checked, file) = read.map_err(|error| told(run, Fault::input(&name, error)))?;
    let mut lines = Lines::new(&run.report, &name);
    for note in &checked.notes {
        lines.say((&note.what).into(), note.line, &note.what);
    }
    lines.say_rest();
    if checked.bad_lines > 0 && !run.skip_bad {
        let bad = checked.bad_lines;
        run.report.say(format_args!(
            "{name}: nothing of it is sent; bad lines: {bad}; mend them, or leave them out with --skip-bad"
        ));
        run.report.advance(file.len() as u64);
        return Err(exit::DATA);
    }
    let Some(client) = &run.client else {
        let entries = checked.entries.len();
        let tally = Tally { skipped: checked.bad_lines, ..Tally::default() };
        run.report.result(format_args!("{name}: session {session}: entries {entries}, {}", tally.rest(&checked)));
        run.report.advance(file.len() as u64);
        return Ok(());
    };
    let sending = Sending { run, client, session, name: &name, file: &file, checked: &checked };
    let (tally, result) = sending.send().await;
    let Tally { appended, already_stored, .. } = tally;
    let rest = tally.rest(&checked);
    run.report.result(format_args!(
        "{name}: session {session}: appended {appended}, already stored {already_stored}, {rest}"
    ));
    result
}

struct Sending<'a> {
    run: &'a Run,
    client: &'a Client,
    session: &'a SessionId,
    name: &'a str,
    file: &'a Bytes,
    checked: &'a Checked,
}

impl Sending<'_> {
    async fn send(&self) -> (Tally, Result<(), u8>) {
        let mut tally = Tally { skipped: self.checked.bad_lines, ..Tally::default() };
        let plan = match self.plan().await {
            Ok(plan) => plan,
            Err(error) => {
                let mut fault = Fault::from(error);
                fault.message =
                    format!("{}: cannot read what session {} holds: {}", self.name, self.session, fault.message);
                return (tally, Err(told(self.run, fault)));
            }
        };
        let mut done = 0;
        let mut result = Ok(());
        let mut order = Order::default();
        let mut lines = Lines::new(&self.run.report, self.name);
        for (number, entry) in self.checked.entries.iter().enumerate() {
            self.run.report.advance((entry.body.end - done) as u64);
            done = entry.body.end;
            if plan.is_stored(number) {
                tally.already_stored += 1;
                order.held_before();
                continue;
            }
            match self.append(entry).await {
                Ok(AppendReceipt { status: AppendStatus::Stored, seq, .. }) => {
                    tally.appended += 1;
                    order.appended(seq, entry.line);
                }
                Ok(AppendReceipt { status: AppendStatus::AlreadyStored, seq, .. }) => {
                    tally.already_stored += 1;
                    order.held(seq);
                }
                Err(error) => {
                    let is_skipped = self.run.skip_bad && matches!(error, AppendError::Rejected(_));
                    lines.say(Kind::Refused, entry.line, failed(&error, is_skipped));
                    if !is_skipped {
                        result = Err(append_status(&error));
                        break;
                    }
                    tally.skipped += 1;
                }
            }
        }
        lines.say_rest();
        if let Some(Late { entries, first_line }) = order.late() {
            let (name, session) = (self.name, self.session);
            self.run.report.say(format_args!(
                "{name}: new entries that stand before some that session {session} held already: {entries}, the first on \
                 line {first_line}; they are at its end now, because entries are only ever appended"
            ));
        }
        self.run.report.advance((self.file.len() - done) as u64);
        (tally, result)
    }

    /// Compares the file with what the session holds. A token that may append and not read leaves it to the server to
    /// recognise what it has.
    async fn plan(&self) -> Result<Plan, ReadError> {
        let mut plan = Plan::new(self.file, &self.checked.entries);
        let head = match self.client.session(self.session).hydrate().await {
            Err(ReadError::NotAllowed(_)) => return Ok(plan),
            head => head?,
        };
        if head.entries > 0 {
            let mut events = self.client.reader(self.session).events();
            while let Some(event) = events.try_next().await? {
                plan.stored(&event);
            }
        }
        Ok(plan)
    }

    async fn append(&self, entry: &Found) -> Result<AppendReceipt, AppendError> {
        let writer = self.client.session(self.session);
        let body = self.file.slice(entry.body.clone());
        match entry.uuid {
            Some(_) => writer.append(body).await,
            None => match key(self.session, entry.line, entry.place, &body) {
                Some(key) => writer.append_with_key(body, key).await,
                None => writer.append(body).await,
            },
        }
    }
}

/// Why a line was not appended, and what comes of that.
fn failed(error: &AppendError, is_skipped: bool) -> String {
    let next = match (is_skipped, error) {
        (true, _) => "the line is left out",
        (false, AppendError::Rejected(_)) => {
            "mend the line, or leave it out with --skip-bad, and run the import again to go on"
        }
        (false, _) => "run the import again to go on from here",
    };
    format!("{error}; {next}")
}

impl Tally {
    fn rest(&self, checked: &Checked) -> String {
        let repeated = match checked.repeated {
            0 => String::new(),
            repeated => format!(", repeated {repeated}"),
        };
        format!("skipped {}, split {}{repeated}", self.skipped, checked.split_lines)
    }
}

fn told(run: &Run, fault: Fault) -> u8 {
    run.report.say(&fault.message);
    fault.status
}
