//! Rows that take long and fill a disk: write amplification, a start after a kill, and a million sessions.

use std::{
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use super::{appends::Setting, at_least, at_most};
use crate::{
    append::command::{AppendArgs, AppendWork},
    contest::contestant::Contestant,
    error::LoadError,
    measure::measure,
    read::fill::{FillArgs, fill},
    report::Report,
    target::{Usage, session::Session},
    workload::sizes::Sizes,
};

/// Bytes appended before amplification is told and the server killed.
const APPENDED_BYTES: u64 = 20 << 30;
const WRITTEN_PER_BYTE_MAX: f64 = 3.0;
const START_S_MAX: f64 = 3.0;
const SESSIONS: u32 = 1_000_000;
const ENTRIES_A_SESSION: u32 = 100;
/// Small, so that a hundred million of them fit a disk.
const ENTRY_BYTES: usize = 256;
const RATE_SHARE_MIN: f64 = 0.8;
/// Entries an append while filling.
const BATCH: NonZeroUsize = NonZeroUsize::MIN.saturating_add(99);

/// Adds the rows, scaled down by `scale` where not all of it is to be run.
pub async fn rows(setting: &Setting<'_>, scale: f64, report: &mut Report) -> Result<(), LoadError> {
    let Contestant::Server { command, .. } = &setting.server else { return Ok(()) };
    let before = report.rows.len();
    amplification_and_start(setting, command, scale, report).await?;
    million(setting, command, scale, report).await?;
    if scale < 1.0 {
        // A smaller store says nothing about the goals of a full one.
        for row in &mut report.rows[before..] {
            row.reached = None;
            row.detail.push_str("; at a part of its size, so that the goal is not judged");
        }
    }
    Ok(())
}

async fn amplification_and_start(
    setting: &Setting<'_>,
    command: &[String],
    scale: f64,
    report: &mut Report,
) -> Result<(), LoadError> {
    let mut session = Session::start_in(command, setting.dir).await?;
    let target = session.target();
    let entries = (APPENDED_BYTES as f64 * scale / 1024.0 / 64.0) as u32;
    let args =
        FillArgs { sessions: 64, entries, size: Sizes::Fixed(1024), fill_batch: NonZeroUsize::MIN, prefix: None };
    let before = target.pid.and_then(Usage::of);
    fill(&target, &args, 64, setting.quiet).await?;
    let after = target.pid.and_then(Usage::of);
    let payload = f64::from(entries) * 64.0 * 1024.0;
    let written =
        before.zip(after).map(|(before, after)| (after.written_bytes - before.written_bytes) as f64 / payload);
    let detail = format!("{:.1} GiB appended", payload / f64::from(1 << 30));
    report.rows.push(at_most(
        "bytes written to disk for each payload byte",
        WRITTEN_PER_BYTE_MAX,
        written,
        detail.clone(),
    ));

    let killed = Instant::now();
    session.kill_and_restart().await?;
    report.rows.push(at_most(
        "seconds from a kill to serving again",
        START_S_MAX,
        Some(killed.elapsed().as_secs_f64()),
        detail,
    ));
    session.close().await
}

async fn million(setting: &Setting<'_>, command: &[String], scale: f64, report: &mut Report) -> Result<(), LoadError> {
    let session = Session::start_in(command, setting.dir).await?;
    let target = session.target();
    let work = AppendWork::new(&AppendArgs::plain(64, setting.duration))?;
    let empty = measure(work.plan(&target), (&*target).into(), setting.quiet).await?;
    let sessions = ((f64::from(SESSIONS) * scale) as u32).max(64);
    let args = FillArgs {
        sessions,
        entries: ENTRIES_A_SESSION,
        size: Sizes::Fixed(ENTRY_BYTES),
        fill_batch: BATCH,
        prefix: None,
    };
    let detail = format!("{sessions} sessions of {ENTRIES_A_SESSION} entries");
    if let Err(LoadError::Target(why)) = fill(&target, &args, 64, setting.quiet).await {
        report.notes.push(format!("{detail}: left out, {why}"));
        return session.close().await;
    }
    let full = measure(work.plan(&target), (&*target).into(), setting.quiet).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let idle = target.pid.and_then(Usage::of).map(|usage| usage.resident_bytes as f64 / f64::from(1 << 20));
    let rate = |round: &crate::report::Round| round.class("append").map(|class| class.ops_per_s);
    let share = rate(&full).zip(rate(&empty)).map(|(full, empty)| full / empty);
    let detail = format!("{detail}; {:.0} MiB resident when idle", idle.unwrap_or_default());
    report.rows.push(at_least(
        "1 million sessions: append rate by that of an empty store",
        RATE_SHARE_MIN,
        share,
        detail,
    ));
    report.rounds.extend([empty, full]);
    session.close().await
}
