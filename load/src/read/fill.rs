//! Writes whole transcripts before a run, so that there is something to read, or a store of a stated size.

use std::{
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Stored;
use crate::{
    append::{Deal, Writer, command::batch, wire::WireAppender},
    cli::TargetArgs,
    engine::Agent,
    error::LoadError,
    target::{Target, session::Session},
    workload::{Entries, Source, sizes::Sizes, text::TextPool},
};

/// An attempt that fails is made again for this long.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// What is written.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Work")]
pub struct FillArgs {
    /// Sessions to write
    #[arg(long, short = 's', default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    pub sessions: u32,
    /// Entries of each
    #[arg(long, short = 'n', default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub entries: u32,
    /// Size of each entry (1024, 2KiB, …), or `real` for the sizes of real transcripts
    #[arg(long, short = 'b', default_value = "2KiB")]
    pub size: Sizes,
    /// Entries an append while filling; more than one go as atomic batches
    #[arg(long, default_value = "1", value_parser = batch)]
    pub fill_batch: NonZeroUsize,
    /// What the sessions' ids begin with, new for each run by default; the ids go on with -0, -1 and so on
    #[arg(long, value_name = "TEXT")]
    pub prefix: Option<String>,
}

/// `verbatim-load fill`.
pub async fn command(target: &TargetArgs, args: &FillArgs, agents: usize, quiet: bool) -> Result<(), LoadError> {
    let session = Session::open(target).await?;
    let began = Instant::now();
    let stored = fill(&session.target(), args, agents, quiet).await?;
    let entries = u64::from(args.entries) * u64::from(args.sessions);
    let seconds = began.elapsed().as_secs_f64();
    let first = stored.first().map_or("", |stored| stored.session.as_str());
    println!(
        "{entries} entries in {} sessions from {first} on: {:.0} entries/s",
        stored.len(),
        entries as f64 / seconds
    );
    session.close().await
}

/// Writes the sessions, `agents` at a time, and tells which they are.
pub async fn fill(target: &Arc<Target>, args: &FillArgs, agents: usize, quiet: bool) -> Result<Vec<Stored>, LoadError> {
    let sessions = args.sessions as usize;
    let prefix = args.prefix.clone().unwrap_or_else(|| format!("read-{:012x}", fastrand::u64(..1 << 48)));
    let deal = Deal { prefix: prefix.into(), agents: sessions, sessions, conflict_share: 0.0 };
    let pool = Arc::new(TextPool::new(1));
    let bar = bar(u64::from(args.entries) * sessions as u64, quiet);
    let seed = fastrand::u64(..);
    let written = stream::iter(0..sessions).map(|number| {
        let entries = Entries::new(Source::Made(args.size), Arc::clone(&pool), seed, number as u64);
        one(target, args, deal.chain(number), entries, &bar)
    });
    let stored = written.buffer_unordered(agents.max(1)).try_collect().await;
    bar.finish_and_clear();
    stored
}

async fn one(
    target: &Arc<Target>,
    args: &FillArgs,
    chain: Option<crate::append::Chain>,
    entries: Entries,
    bar: &ProgressBar,
) -> Result<Stored, LoadError> {
    let chain = chain.ok_or_else(|| LoadError::Usage("--prefix is of A-Z a-z 0-9 _ -, 100 at most".to_owned()))?;
    let session = chain.session.clone();
    let mut left = args.entries as usize;
    let appender = WireAppender::new(Arc::clone(target), args.fill_batch.get() > 1);
    let mut writer = Writer::new(appender, entries, vec![chain], args.fill_batch);
    writer.prepare().await.map_err(|failure| LoadError::Target(failure.kind.into_owned()))?;
    let mut progress = Instant::now();
    while let Some(batch) = NonZeroUsize::new(left.min(args.fill_batch.get())) {
        writer.set_batch(batch);
        match writer.operate().await {
            Ok(_) => {
                left -= batch.get();
                bar.inc(batch.get() as u64);
                progress = Instant::now();
            }
            Err(failure) if failure.fatal || progress.elapsed() > RETRY_MAX => {
                return Err(LoadError::Target(failure.kind.into_owned()));
            }
            Err(failure) => tokio::time::sleep(failure.pause).await,
        }
    }
    Ok(Stored { session, entries: Some(u64::from(args.entries)) })
}

fn bar(entries: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new(entries);
    if let Ok(style) = ProgressStyle::with_template("fill       {bar:24} {human_pos} of {human_len} entries, {per_sec}")
    {
        bar.set_style(style);
    }
    bar
}
