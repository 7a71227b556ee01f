//! `follow`: followers and writers at once; with no appends, what an idle follower costs.

use std::{collections::BTreeMap, num::NonZeroUsize, sync::Arc};

use clap::Args;

use crate::{
    append::{Chain, Writer, wire::WireAppender},
    cli::{Span, TargetArgs},
    engine::{Group, Plan},
    error::LoadError,
    measure::measure,
    read::{
        Stored,
        fill::{FillArgs, fill},
    },
    report::{Output, Report},
    target::{Target, Usage, session::Session},
    workload::{Entries, Source, sizes::Sizes, text::TextPool},
};

/// Who follows what.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Work")]
pub struct FollowArgs {
    /// Followers, each with a connection of its own, dealt out evenly to the sessions
    #[arg(long, short = 'f', default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub followers: u32,
    /// Sessions, each with one writer
    #[arg(long, short = 's', default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub sessions: u32,
    /// Appends a second of all writers together; 0 leaves the followers idle
    #[arg(long, value_name = "PER_SECOND", default_value_t = 200.0)]
    pub rate: f64,
    /// Size of each entry (1024, 2KiB, …), or `real` for the sizes of real transcripts
    #[arg(long, short = 'b', default_value = "1KiB")]
    pub size: Sizes,
    /// Length of the measured window
    #[arg(long, short = 'd', default_value = "10s")]
    pub duration: Span,
    /// Time before it, not measured
    #[arg(long, default_value = "2s")]
    pub warm_up: Span,
    /// Threads of the generator
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: u16,
}

/// `verbatim-load follow`.
pub async fn follow(target: &TargetArgs, args: &FollowArgs, output: &Output) -> Result<(), LoadError> {
    let session = Session::open(target).await?;
    let target = session.target();
    let sessions = seed(&target, args.sessions, args.size, output.quiet).await?;
    let before = target.pid.and_then(Usage::of_tree);

    let mut groups = vec![super::group(&target, &sessions, args.followers as usize)];
    if args.rate > 0.0 {
        groups.push(writers("append", &target, &sessions, args.size, args.rate));
    }
    let plan =
        Plan { groups, threads: args.threads.into(), warm_up: args.warm_up.into(), duration: args.duration.into() };
    let mut round = measure(plan, (&*target).into(), output.quiet).await?;
    if let (Some(before), Some(after)) = (before, round.server) {
        let grown = after.resident_bytes.saturating_sub(before.resident_bytes) as f64;
        let figure = "server memory grown for each follower, KiB".to_owned();
        round.figures.insert(figure, grown / f64::from(args.followers) / 1024.0);
    }
    let work = format!("{} followers of {} sessions, {} appends/s", args.followers, args.sessions, args.rate);
    let mut report = Report::new(work, settings(args));
    report.rounds.push(round);
    report.notes.extend(session.notes());
    session.close().await?;
    output.give(&report)
}

/// Sessions of one entry each.
pub async fn seed(target: &Arc<Target>, sessions: u32, size: Sizes, quiet: bool) -> Result<Arc<[Stored]>, LoadError> {
    let args = FillArgs { sessions, entries: 1, size, fill_batch: NonZeroUsize::MIN, prefix: None };
    Ok(fill(target, &args, 64, quiet).await?.into())
}

/// One writer for each session; its entries are stamped with when they were sent. The head of a session that was
/// written before is learnt by a first conflict.
pub fn writers(class: &str, target: &Arc<Target>, sessions: &Arc<[Stored]>, size: Sizes, rate: f64) -> Group {
    let (target, sessions, pool) = (Arc::clone(target), Arc::clone(sessions), Arc::new(TextPool::new(1)));
    let seed = fastrand::u64(..);
    Group::new(class, sessions.len(), Some(rate), move |number| {
        let entries = Entries::new(Source::Made(size), Arc::clone(&pool), seed, number as u64).stamped();
        let chain = Chain { number, session: sessions[number].session.clone(), head: None };
        Writer::new(WireAppender::new(Arc::clone(&target), false), entries, vec![chain], NonZeroUsize::MIN)
    })
}

fn settings(args: &FollowArgs) -> BTreeMap<String, String> {
    [
        ("followers", args.followers.to_string()),
        ("sessions", args.sessions.to_string()),
        ("appends a second", args.rate.to_string()),
        ("entry size", format!("{:?}", args.size)),
        ("duration", format!("{:?}", args.duration.0)),
        ("warm-up", format!("{:?}", args.warm_up.0)),
        ("generator threads", args.threads.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
