//! `limit` and `null-server`, and the limits that every other report measures for its share of them.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{disk, null};
use crate::{
    append::command::{AppendArgs, AppendWork},
    cli::{NullServerArgs, TargetArgs},
    error::{LoadError, While},
    measure::{Subject, measure},
    report::{Limits, Output, Report, Round},
    target::{Launched, Recipe, Target, Tokens},
};

/// The group sizes whose speed is measured, besides one as large as there are agents.
const GROUPS: [u64; 3] = [1, 8, 32];

/// `verbatim-load limit`.
pub async fn limit(target: &TargetArgs, append: &AppendArgs, output: &Output) -> Result<(), LoadError> {
    let work = AppendWork::new(append)?;
    let mut report = Report::new(format!("the machine's limits for {}", work.describe()), work.settings());
    let folder = target.data_dir.clone().unwrap_or_else(|| PathBuf::from("."));
    let length = append.pace.duration.into();
    let limits =
        measure_limits(&work, &tokens_like(None), &folder, length, append.pace.warm_up.into(), output.quiet).await?;
    report.limits = Some(limits);
    output.give(&report)
}

/// Measures both limits, each for `length`.
pub async fn measure_limits(
    work: &AppendWork,
    tokens: &Tokens,
    folder: &Path,
    length: Duration,
    warm_up: Duration,
    quiet: bool,
) -> Result<Limits, LoadError> {
    let null = null_round(work, tokens, length, warm_up, quiet).await?;
    let folder = folder.to_owned();
    let (agents, entry_bytes) = (work.agents() as u64, work.entry_bytes());
    let each = length / (GROUPS.len() as u32 + 1);
    let disk = tokio::task::spawn_blocking(move || {
        let mut sizes: Vec<u64> = GROUPS.into_iter().chain([agents]).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let disk = sizes.into_iter().map(|size| disk::groups(&folder, size, entry_bytes, each));
        disk.collect::<Result<Vec<_>, _>>().map(|disk| (disk, disk::filesystem(&folder)))
    });
    let (disk, filesystem) = disk.await.while_doing("measure the disk")??;
    Ok(Limits { null: Some(null), disk, filesystem })
}

/// The same appends against the null server, in a process of its own.
pub async fn null_round(
    work: &AppendWork,
    tokens: &Tokens,
    length: Duration,
    warm_up: Duration,
    quiet: bool,
) -> Result<Round, LoadError> {
    let launched = null_recipe()?.launch().await?;
    let target = Target { tokens: tokens_like(Some(tokens)), ..launched.target.clone() };
    let plan = work.closed_plan(&Arc::new(target), length, warm_up);
    let round = measure(plan, null_subject(&launched), quiet).await;
    launched.kill().await?;
    round
}

/// What is watched of the null server.
pub fn null_subject(launched: &Launched) -> Subject<'_> {
    Subject { name: "null", pid: launched.target.pid, target: None }
}

/// How to start the null server.
pub fn null_recipe() -> Result<Recipe, LoadError> {
    let program = std::env::current_exe().while_doing("find this program")?;
    let command = vec![program.to_string_lossy().into_owned(), "null-server".to_owned()];
    Ok(Recipe { name: "null".to_owned(), listen: None, command, data_dir: None })
}

/// The server's own tokens, or something as long, so that the null server reads as many bytes.
pub fn tokens_like(tokens: Option<&Tokens>) -> Tokens {
    match tokens {
        Some(Tokens::None) | None => Tokens::Given("x".repeat(320).into()),
        Some(tokens) => tokens.clone(),
    }
}

/// `verbatim-load null-server`.
pub async fn null_server(args: &NullServerArgs) -> Result<(), LoadError> {
    let page = match &args.page {
        Some(path) => std::fs::read(path).while_doing(format!("read {}", path.display()))?,
        None => br#"{"data":[]}"#.to_vec(),
    };
    null::serve(args.listen, page.into()).await
}
