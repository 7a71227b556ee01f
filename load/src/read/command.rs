//! `teleport`: pages and whole transcripts, under load, against the null server sending the same body.

use std::{collections::BTreeMap, io::Write, sync::Arc};

use clap::Args;

use super::{
    Reader, Stored, Way,
    fill::{FillArgs, fill},
};
use crate::{
    cli::{PaceArgs, Span, TargetArgs},
    engine::{Group, Plan},
    error::{LoadError, While},
    limit::command::{null_recipe, null_subject},
    measure::measure,
    report::{Output, Report, Round, Share},
    target::{Target, session::Session},
    wire::Connection,
};

/// What is read, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Work")]
pub struct ReadArgs {
    /// How hard and how long.
    #[command(flatten)]
    pub pace: PaceArgs,
    /// What is written first, to be read
    #[command(flatten)]
    pub fill: FillArgs,
    /// Read this session, which is there already, instead of writing any (may be given again)
    #[arg(long = "session", value_name = "ID")]
    pub existing: Vec<verbatim_proto::SessionId>,
    /// Entries a page
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub page: u64,
    /// Read pages alone, or whole transcripts alone; both, one after the other, by default
    #[arg(long, value_enum)]
    pub only: Option<Only>,
    /// How long to measure the null server with the same body; 0 leaves it out
    #[arg(long, default_value = "4s")]
    pub limits: Span,
}

/// One of the two ways to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Only {
    /// Page by page
    Pages,
    /// Whole transcripts
    Whole,
}

/// `verbatim-load teleport`.
pub async fn teleport(target: &TargetArgs, args: &ReadArgs, output: &Output) -> Result<(), LoadError> {
    let session = Session::open(target).await?;
    let target = session.target();
    let transcripts: Arc<[Stored]> = if args.existing.is_empty() {
        fill(&target, &args.fill, args.pace.agents as usize, output.quiet).await?.into()
    } else {
        args.existing.iter().map(|session| Stored { session: session.clone(), entries: None }).collect()
    };
    let mut report = Report::new(describe(args, transcripts.len()), settings(args, transcripts.len()));
    for way in ways(args) {
        let round = read_round(&args.pace, &target, way, &transcripts, output.quiet).await?;
        if !args.limits.0.is_zero() {
            let null = null_round(&limit_pace(args), &target, way, &transcripts, output.quiet).await?;
            report.shares.extend(share(way, &round, &null));
            report.rounds.extend([round, null]);
        } else {
            report.rounds.push(round);
        }
    }
    report.notes.extend(session.notes());
    session.close().await?;
    output.give(&report)
}

fn ways(args: &ReadArgs) -> Vec<Way> {
    let (pages, whole) = (Way::Pages(args.page), Way::Whole);
    match args.only {
        None => vec![pages, whole],
        Some(Only::Pages) => vec![pages],
        Some(Only::Whole) => vec![whole],
    }
}

/// The null server's pace: a closed loop for as long as it is asked for.
fn limit_pace(args: &ReadArgs) -> PaceArgs {
    let warm_up = Span(args.limits.0 / 4);
    PaceArgs { rate: None, duration: args.limits, warm_up, ..args.pace.clone() }
}

/// One measured run of reads.
pub async fn read_round(
    pace: &PaceArgs,
    target: &Arc<Target>,
    way: Way,
    transcripts: &Arc<[Stored]>,
    quiet: bool,
) -> Result<Round, LoadError> {
    measure(plan(pace, target, way, transcripts), (&**target).into(), quiet).await
}

fn plan(pace: &PaceArgs, target: &Arc<Target>, way: Way, transcripts: &Arc<[Stored]>) -> Plan {
    let PaceArgs { rate, duration, warm_up, threads, .. } = *pace;
    let group = group(target, way, transcripts, pace.agents as usize, rate);
    Plan { groups: vec![group], threads: threads.into(), warm_up: warm_up.into(), duration: duration.into() }
}

/// Agents that read `transcripts` in turn, each beginning with another.
pub fn group(target: &Arc<Target>, way: Way, transcripts: &Arc<[Stored]>, agents: usize, rate: Option<f64>) -> Group {
    let (target, transcripts) = (Arc::clone(target), Arc::clone(transcripts));
    Group::new(way.class(), agents, rate, move |agent| {
        Reader::new(Arc::clone(&target), way, Arc::clone(&transcripts), agent)
    })
}

/// The same reads against the null server, which answers each with the first body that the server gives.
pub async fn null_round(
    pace: &PaceArgs,
    target: &Arc<Target>,
    way: Way,
    transcripts: &Arc<[Stored]>,
    quiet: bool,
) -> Result<Round, LoadError> {
    let mut body = tempfile::NamedTempFile::new().while_doing("make a file for the null server's body")?;
    body.write_all(&first_body(target, way, transcripts).await?).while_doing("write the null server's body")?;
    let mut recipe = null_recipe()?;
    recipe.command.extend(["--page".to_owned(), body.path().display().to_string()]);
    let launched = recipe.launch().await?;
    let null = Arc::new(Target { tokens: target.tokens.clone(), ..launched.target.clone() });
    let round = measure(plan(pace, &null, way, transcripts), null_subject(&launched), quiet).await;
    launched.kill().await?;
    round
}

async fn first_body(target: &Arc<Target>, way: Way, transcripts: &Arc<[Stored]>) -> Result<Vec<u8>, LoadError> {
    let failed = |cause: String| LoadError::Target(format!("read a first {}: {cause}", way.class()));
    let mut reader = Reader::new(Arc::clone(target), way, Arc::clone(transcripts), 0);
    crate::engine::Agent::prepare(&mut reader).await.map_err(|failure| failed(failure.kind.into_owned()))?;
    let mut connection = Connection::open(target.address).await.while_doing("connect")?;
    let mut body = Vec::new();
    let called = connection.call(reader.request().as_bytes(), &mut body).await;
    let (answer, _) = called.map_err(|error| failed(error.to_string()))?;
    if answer.status == 200 { Ok(body) } else { Err(failed(format!("status {}", answer.status))) }
}

fn share(way: Way, round: &Round, null: &Round) -> Option<Share> {
    let (measured, limit) = (round.class(way.class())?, null.class(way.class())?);
    let of = format!("null server sending the same {}, bytes a second", way.class());
    Some(Share::new(of, measured.bytes_per_s, limit.bytes_per_s))
}

fn describe(args: &ReadArgs, transcripts: usize) -> String {
    format!("reads of {transcripts} transcripts, {} agents", args.pace.agents)
}

fn settings(args: &ReadArgs, transcripts: usize) -> BTreeMap<String, String> {
    let PaceArgs { agents, duration, warm_up, threads, rate } = &args.pace;
    let mut settings: BTreeMap<_, _> = [
        ("agents", agents.to_string()),
        ("transcripts", transcripts.to_string()),
        ("entries a page", args.page.to_string()),
        ("rate", rate.map_or("as fast as answers come".to_owned(), |rate| format!("{rate}/s"))),
        ("duration", format!("{:?}", duration.0)),
        ("warm-up", format!("{:?}", warm_up.0)),
        ("generator threads", threads.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if args.existing.is_empty() {
        settings.insert("entries a transcript".to_owned(), args.fill.entries.to_string());
        settings.insert("entry size".to_owned(), format!("{:?}", args.fill.size));
    }
    settings
}
