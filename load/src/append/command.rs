//! `append`: what is asked for on the command line, as a plan for the engine, and its report.

use std::{collections::BTreeMap, num::NonZeroUsize, path::PathBuf, sync::Arc, time::Duration};

use clap::Args;

use super::{
    Appender, Deal, Writer,
    through::{AnyAppender, Through},
};
use crate::{
    cli::{PaceArgs, Span, TargetArgs, share},
    engine::{Group, Plan},
    error::LoadError,
    limit::{self, command::measure_limits},
    measure::measure,
    report::{Output, Report},
    target::{Target, session::Session},
    workload::{Entries, Source, sizes::Sizes, text::TextPool},
};

/// What is appended, by whom.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Work")]
pub struct AppendArgs {
    /// How hard and how long.
    #[command(flatten)]
    pub pace: PaceArgs,
    /// Sessions, dealt out to the agents; by default one each
    #[arg(long, short = 's', value_parser = clap::value_parser!(u32).range(1..))]
    pub sessions: Option<u32>,
    /// Size of each entry (1024, 2KiB, …), or `real` for the sizes of real transcripts
    #[arg(long, short = 'b', default_value = "1KiB")]
    pub size: Sizes,
    /// Send the lines of this folder's .jsonl transcripts, each with a new uuid, instead of made-up entries
    #[arg(long, value_name = "DIR")]
    pub corpus: Option<PathBuf>,
    /// Share of agents that write to another agent's sessions, so that two race for each head
    #[arg(long, default_value = "0", value_parser = share)]
    pub conflict_share: f64,
    /// Entries an append; more than one go as atomic batches
    #[arg(long, default_value = "1", value_parser = batch)]
    pub batch: NonZeroUsize,
    /// Which way in to the server
    #[arg(long, value_enum, default_value_t = Through::Wire)]
    pub through: Through,
    /// Seed of all that is random
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How long to measure each of the machine's limits; 0 leaves them out
    #[arg(long, default_value = "4s")]
    pub limits: Span,
}

/// Entries an append, as the protocol bounds them.
pub fn batch(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= 1_000);
    number.ok_or_else(|| "a batch is 1 to 1000 entries".to_owned())
}

impl AppendArgs {
    /// Made-up entries of 1 KiB in a closed loop, one session an agent, no limits: what comparisons are made of.
    pub fn plain(agents: u32, duration: Duration) -> Self {
        Self {
            pace: PaceArgs { agents, rate: None, duration: Span(duration), warm_up: Span(duration / 4), threads: 2 },
            sessions: None,
            size: Sizes::Fixed(1024),
            corpus: None,
            conflict_share: 0.0,
            batch: NonZeroUsize::MIN,
            through: Through::Wire,
            seed: 1,
            limits: Span(Duration::ZERO),
        }
    }
}

/// Appends as asked for, ready to be run against any server.
pub struct AppendWork {
    args: AppendArgs,
    source: Source,
    pool: Arc<TextPool>,
}

impl AppendWork {
    /// Reads the corpus where one is asked for.
    pub fn new(args: &AppendArgs) -> Result<Self, LoadError> {
        let source = Source::new(args.size, args.corpus.as_ref())?;
        Ok(Self { args: args.clone(), source, pool: Arc::new(TextPool::new(args.seed)) })
    }

    /// Agents.
    pub fn agents(&self) -> usize {
        self.args.pace.agents as usize
    }

    /// Operations a second that were asked for.
    pub fn rate(&self) -> Option<f64> {
        self.args.pace.rate
    }

    /// Length of the window.
    pub fn duration(&self) -> Duration {
        self.args.pace.duration.into()
    }

    /// Time before it.
    pub fn warm_up(&self) -> Duration {
        self.args.pace.warm_up.into()
    }

    /// Bytes of an entry, on average.
    pub fn entry_bytes(&self) -> u64 {
        let mut entries = self.entries(0);
        let mut entry = Default::default();
        let count = 2_000;
        let bytes: usize = (0..count)
            .map(|_| {
                entries.next(None, &mut entry);
                entry.body.len()
            })
            .sum();
        (bytes / count) as u64
    }

    /// In words.
    pub fn describe(&self) -> String {
        let PaceArgs { agents, rate, .. } = self.args.pace;
        let pace = rate.map_or("closed loop".to_owned(), |rate| format!("open loop at {rate}/s"));
        let batch = self.args.batch.get();
        let batches = if batch > 1 { format!(" in batches of {batch}") } else { String::new() };
        format!("appends of {}{batches}, {agents} agents, {pace}", self.source.describe())
    }

    /// The settings that shape the figures.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let AppendArgs { pace, .. } = &self.args;
        [
            ("agents", pace.agents.to_string()),
            ("sessions", self.sessions().to_string()),
            ("rate", pace.rate.map_or("as fast as answers come".to_owned(), |rate| format!("{rate}/s"))),
            ("duration", format!("{:?}", pace.duration.0)),
            ("warm-up", format!("{:?}", pace.warm_up.0)),
            ("generator threads", pace.threads.to_string()),
            ("entries", self.source.describe()),
            ("entries an append", self.args.batch.to_string()),
            ("through", format!("{:?}", self.args.through).to_lowercase()),
            ("conflict share", self.args.conflict_share.to_string()),
            ("seed", self.args.seed.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// The asked-for run against a Verbatim server.
    pub fn plan(&self, target: &Arc<Target>) -> Plan {
        let PaceArgs { rate, duration, warm_up, .. } = self.args.pace;
        self.plan_of(&self.deal(), rate, duration.into(), warm_up.into(), self.appenders(target))
    }

    /// The same appends in a closed loop, for another length of time.
    pub fn closed_plan(&self, target: &Arc<Target>, duration: Duration, warm_up: Duration) -> Plan {
        self.plan_of(&self.deal(), None, duration, warm_up, self.appenders(target))
    }

    /// The same appends by any appender; `make` makes the one of a given agent.
    pub fn plan_of<A: Appender>(
        &self,
        deal: &Deal,
        rate: Option<f64>,
        duration: Duration,
        warm_up: Duration,
        make: impl Fn(usize) -> A + Send + Sync + 'static,
    ) -> Plan {
        Plan { groups: vec![self.group(deal, rate, make)], threads: self.args.pace.threads.into(), warm_up, duration }
    }

    /// The agents that append.
    pub fn group<A: Appender>(
        &self,
        deal: &Deal,
        rate: Option<f64>,
        make: impl Fn(usize) -> A + Send + Sync + 'static,
    ) -> Group {
        let (deal, source, pool) = (deal.clone(), self.source.clone(), Arc::clone(&self.pool));
        let (seed, batch) = (fastrand::u64(..), self.args.batch);
        Group::new("append", self.agents(), rate, move |agent| {
            let entries = Entries::new(source.clone(), Arc::clone(&pool), seed, agent as u64);
            Writer::new(make(agent), entries, deal.chains(agent), batch)
        })
    }

    /// Appenders to a Verbatim server, by the way in that was asked for.
    pub fn appenders(&self, target: &Arc<Target>) -> impl Fn(usize) -> AnyAppender + Send + Sync + 'static {
        let (target, through, batches) = (Arc::clone(target), self.args.through, self.args.batch.get() > 1);
        move |_| AnyAppender::new(through, Arc::clone(&target), batches)
    }

    /// Who writes which sessions; their ids are new each time.
    pub fn deal(&self) -> Deal {
        Deal {
            prefix: format!("load-{:012x}", fastrand::u64(..1 << 48)).into(),
            agents: self.agents(),
            sessions: self.sessions(),
            conflict_share: self.args.conflict_share,
        }
    }

    fn entries(&self, number: u64) -> Entries {
        Entries::new(self.source.clone(), Arc::clone(&self.pool), self.args.seed, number)
    }

    fn sessions(&self) -> usize {
        self.args.sessions.unwrap_or(self.args.pace.agents) as usize
    }
}

/// `verbatim-load append`.
pub async fn append(target: &TargetArgs, args: &AppendArgs, output: &Output) -> Result<(), LoadError> {
    let work = AppendWork::new(args)?;
    let session = Session::open(target).await?;
    let mut report = Report::new(work.describe(), work.settings());
    let target = session.target();
    report.rounds.push(measure(work.plan(&target), (&*target).into(), output.quiet).await?);
    if !args.limits.0.is_zero() {
        let (length, warm_up) = (args.limits.into(), Duration::from(args.limits) / 4);
        let limits = measure_limits(&work, &target.tokens, &session.disk(), length, warm_up, output.quiet).await?;
        let measured = report.rounds.first().and_then(|round| round.class("append"));
        report.shares = measured.map(|measured| limit::shares(measured, &limits)).unwrap_or_default();
        report.limits = Some(limits);
    }
    report.notes.extend(session.notes());
    session.close().await?;
    output.give(&report)
}
