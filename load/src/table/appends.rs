//! Rows about appends: rounds of everyone in turn, then half of the peak in an open loop, then one connection.

use std::{path::Path, time::Duration};

use super::{at_least, at_most};
use crate::{
    append::command::{AppendArgs, AppendWork},
    cli::Span,
    contest::{
        contestant::Contestant,
        ratios::{compare, median},
    },
    error::{LoadError, While},
    limit::disk,
    peers::Peer,
    report::{Measured, Report, Round},
};

/// Ratios of rates that are to be reached, by whom they are taken.
const RATE_GOALS: [(Contestant, f64); 5] = [
    (Contestant::Null, 0.6),
    (Contestant::Peer(Peer::Redis), 1.7),
    (Contestant::Peer(Peer::S2), 4.0),
    (Contestant::Peer(Peer::Postgres), 5.0),
    (Contestant::Peer(Peer::DurableStreams), 15.0),
];
const CPU_US_MAX: f64 = 28.0;
const P50_SYNCS_MAX: f64 = 3.0;
const P99_SYNCS_MAX: f64 = 10.0;
const SINGLE_BEYOND_SYNC_US_MAX: f64 = 150.0;
const BATCH: usize = 100;
const BATCH_GAIN_MIN: f64 = 6.0;
/// How long the disk is measured beside each round that is compared with it.
const DISK: Duration = Duration::from_secs(1);

/// How the rows are measured.
pub struct Setting<'a> {
    /// Verbatim's server.
    pub server: Contestant,
    /// Rounds of each.
    pub rounds: u32,
    /// Length of each window.
    pub duration: Duration,
    /// Where data go.
    pub dir: &'a Path,
    /// Show no progress.
    pub quiet: bool,
}

impl Setting<'_> {
    /// One round of a contestant, its target renamed where the same server does several kinds of work.
    async fn round(&self, who: &Contestant, args: &AppendArgs, name: &str) -> Result<Round, LoadError> {
        let work = AppendWork::new(args)?;
        let mut round = who.round(&work, self.dir, self.quiet).await?;
        round.target = name.to_owned();
        Ok(round)
    }

    async fn sync_us(&self) -> Result<f64, LoadError> {
        let dir = self.dir.to_owned();
        let disk = tokio::task::spawn_blocking(move || disk::groups(&dir, 1, 1024, DISK));
        Ok(disk.await.while_doing("measure the disk")??.latency.p50_us)
    }
}

/// Adds the rows of appends, and the rounds they rest on.
pub async fn rows(setting: &Setting<'_>, report: &mut Report) -> Result<(), LoadError> {
    let mut rivals = Vec::new();
    for (rival, goal) in RATE_GOALS {
        match rival.available() {
            Ok(()) => rivals.push((rival, goal)),
            Err(missing) => report.notes.push(format!("left out: {missing}")),
        }
    }
    let plain = AppendArgs::plain(64, setting.duration);
    let wide = AppendArgs::plain(256, setting.duration);
    let batch = AppendArgs { batch: plain.batch.saturating_add(BATCH - 1), ..plain.clone() };
    let mut batches = true;
    for _ in 0..setting.rounds {
        report.rounds.push(setting.round(&setting.server, &plain, "verbatim").await?);
        for (rival, _) in &rivals {
            report.rounds.push(setting.round(rival, &plain, rival.name()).await?);
        }
        report.rounds.push(setting.round(&setting.server, &wide, "verbatim, 256 connections").await?);
        if batches {
            match setting.round(&setting.server, &batch, "verbatim, batches").await {
                Ok(round) => report.rounds.push(round),
                Err(LoadError::Target(why)) => {
                    batches = false;
                    report.notes.push(format!("no batches: {why}"));
                }
                Err(error) => return Err(error),
            }
        }
    }
    for (rival, goal) in &rivals {
        let ratio = rate_ratio(report, "verbatim", rival.name());
        let detail = format!("{} against {} appends/s", rate(report, "verbatim"), rate(report, rival.name()));
        report.rows.push(at_least(
            format!("appends, 64 connections: rate by {}'s", rival.name()),
            *goal,
            ratio,
            detail,
        ));
        report.comparisons.extend(compare(&report.rounds, "verbatim", rival.name()));
    }
    let cpu = medians(report, "verbatim", |round, _| round.server.map(|cost| cost.cpu_us_per_op));
    report.rows.push(at_most("appends, 64 connections: µs of server CPU an append", CPU_US_MAX, cpu, ""));
    let wide = rate_ratio(report, "verbatim, 256 connections", "verbatim");
    report.rows.push(at_least("appends, 256 connections: rate by that at 64", 1.0, wide, ""));
    let gain = rate_ratio(report, "verbatim, batches", "verbatim").map(|ratio| ratio * BATCH as f64);
    report.rows.push(at_least(
        "batches of 100, 64 connections: entries a second by single appends'",
        BATCH_GAIN_MIN,
        gain,
        "",
    ));
    half_of_peak(setting, report).await?;
    single(setting, report).await
}

async fn half_of_peak(setting: &Setting<'_>, report: &mut Report) -> Result<(), LoadError> {
    let Some(peak) = medians(report, "verbatim", |_, class| Some(class.ops_per_s)) else { return Ok(()) };
    let mut args = AppendArgs::plain(64, setting.duration);
    args.pace.rate = Some((peak / 2.0).round());
    let (mut p50, mut p99) = (Vec::new(), Vec::new());
    for _ in 0..setting.rounds {
        let sync_us = setting.sync_us().await?;
        let round = setting.round(&setting.server, &args, "verbatim, half of the peak").await?;
        let latency = round.classes.first().map(|class| class.latency).unwrap_or_default();
        p50.push(latency.p50_us / sync_us);
        p99.push(latency.p99_us / sync_us);
        report.rounds.push(round);
    }
    let detail = format!("open loop at {:.0}/s", peak / 2.0);
    report.rows.push(at_most("half of the peak: p50 in fdatasyncs", P50_SYNCS_MAX, median(&p50), detail.clone()));
    report.rows.push(at_most("half of the peak: p99 in fdatasyncs", P99_SYNCS_MAX, median(&p99), detail));
    Ok(())
}

async fn single(setting: &Setting<'_>, report: &mut Report) -> Result<(), LoadError> {
    let args = AppendArgs { limits: Span(Duration::ZERO), ..AppendArgs::plain(1, setting.duration) };
    let (mut beyond, mut syncs) = (Vec::new(), Vec::new());
    for _ in 0..setting.rounds {
        let sync_us = setting.sync_us().await?;
        let round = setting.round(&setting.server, &args, "verbatim, one connection").await?;
        let latency = round.classes.first().map(|class| class.latency).unwrap_or_default();
        beyond.push(latency.p50_us - sync_us);
        syncs.push(sync_us);
        report.rounds.push(round);
    }
    let detail = format!("an fdatasync takes {:.0} µs", median(&syncs).unwrap_or_default());
    let work = "one connection: µs that the median append takes beyond one fdatasync";
    report.rows.push(at_most(work, SINGLE_BEYOND_SYNC_US_MAX, median(&beyond), detail));
    Ok(())
}

/// The median over the rounds of one target.
fn medians(report: &Report, target: &str, value: fn(&Round, &Measured) -> Option<f64>) -> Option<f64> {
    let rounds = report.rounds.iter().filter(|round| round.target == target);
    let values: Vec<f64> = rounds.filter_map(|round| value(round, round.classes.first()?)).collect();
    median(&values)
}

fn rate(report: &Report, target: &str) -> String {
    medians(report, target, |_, class| Some(class.ops_per_s)).map_or("–".to_owned(), |rate| format!("{rate:.0}"))
}

/// The median ratio of rates, pair by pair.
fn rate_ratio(report: &Report, first: &str, other: &str) -> Option<f64> {
    let comparisons = compare(&report.rounds, first, other);
    comparisons.iter().find(|comparison| comparison.figure == "operations a second").map(|comparison| comparison.median)
}
