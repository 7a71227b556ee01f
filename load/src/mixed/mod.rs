//! All kinds of work at once: `mixed` for minutes, and `soak`, the same for hours, judged for leaks and drift.

pub mod drift;

use std::sync::Arc;

use clap::Args;

use crate::{
    append::command::{AppendArgs, AppendWork},
    cli::TargetArgs,
    engine::{Group, Plan},
    error::LoadError,
    follow,
    measure::measure,
    read::{
        Stored, Way,
        command::group as readers,
        fill::{FillArgs, fill},
    },
    report::{Output, Report},
    target::{Target, session::Session},
    workload::sizes::Sizes,
};

/// Entries a page of the readers.
const PAGE_ENTRIES: u64 = 1000;
/// Live sessions, and the appends a second that their followers see.
const LIVE_SESSIONS: u32 = 10;
const LIVE_APPENDS_PER_S: f64 = 50.0;

/// What goes on beside the appends.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Beside the appends")]
pub struct MixedArgs {
    /// The appends.
    #[command(flatten)]
    pub append: AppendArgs,
    /// Readers that page through transcripts
    #[arg(long, default_value_t = 4)]
    pub page_readers: u16,
    /// Readers of whole transcripts
    #[arg(long, default_value_t = 2)]
    pub whole_readers: u16,
    /// Pages, and whole transcripts, a second of all such readers together; 0 means as fast as they can
    #[arg(long, value_name = "PER_SECOND", default_value_t = 20.0)]
    pub read_rate: f64,
    /// Transcripts that are written first, to be read
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    pub transcripts: u32,
    /// Entries of each
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub transcript_entries: u32,
    /// Live followers
    #[arg(long, default_value_t = 0)]
    pub followers: u32,
}

/// What a soak must hold to.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Judgement")]
pub struct SoakArgs {
    /// Fail if the server's memory grows by more than this an hour, over the second half of the window
    #[arg(long, value_name = "MIB_PER_HOUR")]
    pub growth_max: Option<f64>,
}

/// `verbatim-load mixed`, and with a judgement `verbatim-load soak`.
pub async fn mixed(
    target: &TargetArgs,
    args: &MixedArgs,
    soak: Option<&SoakArgs>,
    output: &Output,
) -> Result<(), LoadError> {
    let work = AppendWork::new(&args.append)?;
    let session = Session::open(target).await?;
    let target = session.target();
    let groups = groups(&target, &work, args, output.quiet).await?;
    let threads = args.append.pace.threads.into();
    let plan = Plan { groups, threads, warm_up: work.warm_up(), duration: work.duration() };
    let mut round = measure(plan, (&*target).into(), output.quiet).await?;
    let drift = drift::figures(&round);
    let growth = drift.get(drift::MEMORY).copied();
    if soak.is_some() {
        round.figures.extend(drift);
    }
    let what = if soak.is_some() { "soak" } else { "mixed" };
    let mut settings = work.settings();
    settings.extend(self::settings(args));
    let mut report = Report::new(format!("{what}: {}, with readers and followers", work.describe()), settings);
    report.rounds.push(round);
    report.notes.extend(session.notes());
    session.close().await?;
    output.give(&report)?;
    match (soak.and_then(|soak| soak.growth_max), growth) {
        (Some(most), Some(growth)) if growth > most => Err(LoadError::Verify(format!(
            "the server's memory grew by {growth:.1} MiB an hour, and {most} are allowed"
        ))),
        (Some(_), None) => {
            Err(LoadError::Usage("--growth-max needs the server's process: give --server-pid".to_owned()))
        }
        _ => Ok(()),
    }
}

async fn groups(
    target: &Arc<Target>,
    work: &AppendWork,
    args: &MixedArgs,
    quiet: bool,
) -> Result<Vec<Group>, LoadError> {
    let mut groups = vec![work.group(&work.deal(), work.rate(), work.appenders(target))];
    let rate = Some(args.read_rate).filter(|rate| *rate > 0.0);
    if args.page_readers + args.whole_readers > 0 {
        let fill_args = FillArgs {
            sessions: args.transcripts,
            entries: args.transcript_entries,
            size: Sizes::Real,
            fill_batch: std::num::NonZeroUsize::MIN,
            prefix: None,
        };
        let transcripts: Arc<[Stored]> = fill(target, &fill_args, work.agents(), quiet).await?.into();
        for (way, agents) in [(Way::Pages(PAGE_ENTRIES), args.page_readers), (Way::Whole, args.whole_readers)] {
            if agents > 0 {
                groups.push(readers(target, way, &transcripts, agents.into(), rate));
            }
        }
    }
    if args.followers > 0 {
        let sessions = follow::command::seed(target, LIVE_SESSIONS, Sizes::Real, quiet).await?;
        groups.push(follow::group(target, &sessions, args.followers as usize));
        groups.push(follow::command::writers("live append", target, &sessions, Sizes::Real, LIVE_APPENDS_PER_S));
    }
    Ok(groups)
}

fn settings(args: &MixedArgs) -> [(String, String); 5] {
    [
        ("page readers", args.page_readers.to_string()),
        ("readers of whole transcripts", args.whole_readers.to_string()),
        ("reads a second of each kind", args.read_rate.to_string()),
        ("transcripts to read", format!("{} of {} entries", args.transcripts, args.transcript_entries)),
        ("followers", args.followers.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}
