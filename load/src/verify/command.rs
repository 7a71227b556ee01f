//! `verify`: appends under load, with or without kills; then everything is read again, whole and page by page.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use clap::Args;
use serde::de::DeserializeOwned;
use verbatim_proto::{
    EntryView, SessionId,
    messages::{EventsPage, Transcript},
    names,
};

use super::{
    check::{Read, Told, check},
    fault::{Acknowledgements, kills},
    ledger::{Ledger, hash},
};
use crate::{
    append::{
        command::{AppendArgs, AppendWork},
        wire::WireAppender,
    },
    cli::TargetArgs,
    error::LoadError,
    measure::measure,
    report::{Output, Report},
    target::{Target, session::Session},
    wire::Connection,
};

/// Most wrong things that are told one by one.
const TOLD_MAX: usize = 20;

/// What is done to the server meanwhile.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Faults")]
pub struct FaultArgs {
    /// Kill the server under load and measure the gap. CMD, run by sh, must end it and start it again; without CMD the
    /// server that --server started is killed (SIGKILL) and started again
    #[arg(long, value_name = "CMD", num_args = 0..=1, default_missing_value = "")]
    pub kill: Option<String>,
    /// How many times, spread over the run
    #[arg(long, default_value_t = 3, requires = "kill")]
    pub kills: u32,
}

/// `verbatim-load verify`.
pub async fn verify(
    target: &TargetArgs,
    args: &AppendArgs,
    fault: &FaultArgs,
    output: &Output,
) -> Result<(), LoadError> {
    let work = AppendWork::new(args)?;
    let mut session = Session::open(target).await?;
    let target = session.target();
    let command = fault.kill.as_deref().filter(|command| !command.is_empty());
    if fault.kill.is_some() && command.is_none() && !session.is_ours() {
        return Err(LoadError::Usage("--kill needs a command, or a server started with --server".to_owned()));
    }
    let ledger = Ledger::new(work.agents());
    let acknowledgements = Arc::new(Acknowledgements::default());
    let make = {
        let (target, ledger, acknowledgements) = (Arc::clone(&target), ledger.clone(), Arc::clone(&acknowledgements));
        let batches = args.batch.get() > 1;
        move |agent| ledger.recording(agent, WireAppender::new(Arc::clone(&target), batches), &acknowledgements)
    };
    let (duration, warm_up): (Duration, Duration) = (args.pace.duration.into(), args.pace.warm_up.into());
    let deal = work.deal();
    let plan = work.plan_of(&deal, args.pace.rate, duration, warm_up, make);

    let times = if fault.kill.is_some() { fault.kills } else { 0 };
    let every = (duration + warm_up) / (times + 1);
    let faults = kills(&mut session, command, times, every, &acknowledgements);
    let (round, gaps) = tokio::join!(measure(plan, (&*target).into(), output.quiet), faults);
    let (mut round, gaps) = (round?, gaps?);
    if times > 0 {
        round.server = None;
    }
    for (index, gap) in gaps.iter().enumerate() {
        round.figures.insert(format!("gap after kill {}, ms", index + 1), gap.as_secs_f64() * 1e3);
    }

    let findings = compare(&target, &ledger, |number| deal.chain(number).map(|chain| chain.session)).await?;
    let mut report = Report::new(format!("verify: {}", work.describe()), work.settings());
    report.notes.push(findings.summary());
    report.notes.extend(findings.wrong.iter().take(TOLD_MAX).cloned());
    report.rounds.push(round);
    session.close().await?;
    output.give(&report)?;
    match findings.wrong.len() {
        0 => Ok(()),
        count => {
            Err(LoadError::Verify(format!("{count} entries are not as acknowledged; the first: {}", findings.wrong[0])))
        }
    }
}

struct Findings {
    sessions: usize,
    acknowledged: usize,
    in_doubt: usize,
    in_doubt_stored: usize,
    wrong: Vec<String>,
}

impl Findings {
    fn summary(&self) -> String {
        let Self { sessions, acknowledged, in_doubt, in_doubt_stored, wrong } = self;
        format!(
            "{acknowledged} acknowledged entries in {sessions} sessions were read again, whole and page by page: {} wrong. \
             {in_doubt} were never acknowledged; {in_doubt_stored} of them are stored, once each.",
            wrong.len()
        )
    }
}

async fn compare(
    target: &Target,
    ledger: &Ledger,
    session: impl Fn(usize) -> Option<SessionId>,
) -> Result<Findings, LoadError> {
    let mut chains: HashMap<usize, HashMap<usize, Told>> = HashMap::new();
    let mut in_doubt = HashSet::new();
    for (writer, log) in ledger.logs().enumerate() {
        in_doubt.extend(log.in_doubt.iter().copied());
        for entry in &log.acknowledged {
            chains.entry(entry.chain).or_default().entry(writer).or_default().acknowledged.push(*entry);
        }
    }
    let mut findings = Findings {
        sessions: chains.len(),
        acknowledged: 0,
        in_doubt: in_doubt.len(),
        in_doubt_stored: 0,
        wrong: vec![],
    };
    let mut connection = None;
    for (number, told) in chains {
        let Some(session) = session(number) else { continue };
        let told: Vec<_> = told.into_values().collect();
        findings.acknowledged += told.iter().map(|told| told.acknowledged.len()).sum::<usize>();
        let whole = whole(target, &session, &mut connection).await?;
        let paged = paged(target, &session, &mut connection).await?;
        if whole != paged {
            findings.wrong.push(format!(
                "{session}: pages ({}) and whole transcript ({}) differ",
                paged.len(),
                whole.len()
            ));
        }
        findings.in_doubt_stored += whole.iter().filter(|read| in_doubt.contains(&read.uuid)).count();
        findings.wrong.extend(check(session.as_str(), &whole, &told, &in_doubt));
    }
    Ok(findings)
}

async fn whole(
    target: &Target,
    session: &SessionId,
    connection: &mut Option<Connection>,
) -> Result<Vec<Read>, LoadError> {
    let transcript: Transcript = get(target, session, &names::session_ingress_path(session), connection).await?;
    if transcript.count != transcript.loglines.len() as u64 {
        return Err(LoadError::Verify(format!("{session}: count is not the number of loglines")));
    }
    transcript.loglines.iter().map(|line| read(session, line.get())).collect()
}

async fn paged(
    target: &Target,
    session: &SessionId,
    connection: &mut Option<Connection>,
) -> Result<Vec<Read>, LoadError> {
    let path = names::teleport_events_path(session);
    let mut chain = Vec::new();
    let mut page: EventsPage = get(target, session, &format!("{path}?limit=1000"), connection).await?;
    loop {
        for event in &page.data {
            chain.push(read(session, event.payload.get())?);
        }
        let Some(cursor) = page.next_cursor else { return Ok(chain) };
        page = get(target, session, &format!("{path}?limit=1000&cursor={cursor}"), connection).await?;
    }
}

fn read(session: &SessionId, payload: &str) -> Result<Read, LoadError> {
    let uuid = EntryView::parse(payload.as_bytes()).ok().and_then(|view| view.uuid);
    let uuid = uuid.ok_or_else(|| LoadError::Verify(format!("{session}: an entry that is none, or has no uuid")))?;
    Ok(Read { uuid, hash: hash(payload.as_bytes()) })
}

async fn get<T: DeserializeOwned>(
    target: &Target,
    session: &SessionId,
    path: &str,
    connection: &mut Option<Connection>,
) -> Result<T, LoadError> {
    let failed = |cause: String| LoadError::Target(format!("read {session} again: {cause}"));
    let token = target.tokens.for_session(session)?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\r\n", target.host);
    let mut open = match connection.take() {
        Some(open) => open,
        None => Connection::open(target.address).await.map_err(|error| failed(error.to_string()))?,
    };
    let mut body = Vec::new();
    let (answer, _) = open.call(request.as_bytes(), &mut body).await.map_err(|error| failed(error.to_string()))?;
    if answer.status != 200 {
        return Err(failed(format!("status {}", answer.status)));
    }
    if !answer.closes {
        *connection = Some(open);
    }
    serde_json::from_slice(&body).map_err(|error| failed(format!("the answer is out of form: {error}")))
}
