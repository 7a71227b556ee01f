//! Rows about reads: pages and whole transcripts against the null server sending the same bytes, and a long transcript.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use super::{appends::Setting, at_least, at_most};
use crate::{
    cli::{PaceArgs, Span},
    contest::{contestant::Contestant, ratios::median},
    error::LoadError,
    read::{
        Stored, Way,
        command::{null_round, read_round},
        fill::{FillArgs, fill},
    },
    report::Report,
    target::{Usage, session::Session},
    workload::sizes::Sizes,
};

const SHARE_OF_NULL_MIN: f64 = 0.5;
const PAGE_ENTRIES: u64 = 1000;
const READERS: u32 = 8;
const LONG_ENTRIES: u32 = 50_000;
const FIRST_BYTE_MS_MAX: f64 = 10.0;
const MEMORY_GROWTH_MIB_MAX: f64 = 16.0;
const FIRST_READ: Duration = Duration::from_millis(500);
const SETTLE: Duration = Duration::from_secs(1);

/// Adds the rows of reads, and the rounds they rest on.
pub async fn rows(setting: &Setting<'_>, report: &mut Report) -> Result<(), LoadError> {
    let Contestant::Server { command, .. } = &setting.server else { return Ok(()) };
    let session = Session::start_in(command, setting.dir).await?;
    let target = session.target();
    let fill_args = |sessions, entries, size| FillArgs {
        sessions,
        entries,
        size: Sizes::Fixed(size),
        fill_batch: NonZeroUsize::MIN,
        prefix: None,
    };
    let pace = pace(READERS, setting);
    let hot: Arc<[Stored]> = fill(&target, &fill_args(READERS, 3_000, 2048), 64, setting.quiet).await?.into();
    for (way, work) in [
        (Way::Pages(PAGE_ENTRIES), "pages of 1,000 × 2 KiB, hot: bytes a second by the null server's"),
        (Way::Whole, "whole transcripts of 3,000 × 2 KiB, hot: bytes a second by the null server's"),
    ] {
        let mut shares = Vec::new();
        for _ in 0..setting.rounds {
            let round = read_round(&pace, &target, way, &hot, setting.quiet).await?;
            let null = null_round(&pace, &target, way, &hot, setting.quiet).await?;
            let rate = |round: &crate::report::Round| round.class(way.class()).map(|class| class.bytes_per_s);
            shares.extend(rate(&round).zip(rate(&null)).map(|(ours, limit)| ours / limit));
            report.rounds.extend([round, null]);
        }
        report.rows.push(at_least(work, SHARE_OF_NULL_MIN, median(&shares), ""));
    }

    let long: Arc<[Stored]> = fill(&target, &fill_args(1, LONG_ENTRIES, 1024), 1, setting.quiet).await?.into();
    // A first read fills the caches, whose size is set; what grows after it is what a read itself holds.
    read_round(&PaceArgs { duration: Span(FIRST_READ), ..self::pace(1, setting) }, &target, Way::Whole, &long, true)
        .await?;
    tokio::time::sleep(SETTLE).await;
    let before = target.pid.and_then(Usage::of);
    let round = read_round(&self::pace(1, setting), &target, Way::Whole, &long, setting.quiet).await?;
    let first_byte = round.classes.first().and_then(|class| class.first_byte).map(|latency| latency.p50_us / 1e3);
    let peak = round.samples.iter().map(|sample| sample.resident_bytes).max();
    let growth = before
        .zip(peak)
        .map(|(before, peak)| (peak as f64 - before.resident_bytes as f64).max(0.0) / f64::from(1 << 20));
    report.rounds.push(round);
    report.rows.push(at_most("50,000 entries: ms to the first byte", FIRST_BYTE_MS_MAX, first_byte, ""));
    report.rows.push(at_most("50,000 entries: MiB that memory grows while read", MEMORY_GROWTH_MIB_MAX, growth, ""));
    session.close().await
}

fn pace(agents: u32, setting: &Setting<'_>) -> PaceArgs {
    let duration = Span(setting.duration);
    PaceArgs { agents, rate: None, duration, warm_up: Span(setting.duration / 4), threads: 2 }
}
