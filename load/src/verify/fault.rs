//! Faults under load: the server is killed and comes back, and the gap that writers see is measured.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use tokio::process::Command;

use crate::{
    engine::record::nanoseconds,
    error::{LoadError, While},
    target::session::Session,
};

/// How long a server may take to acknowledge again.
const BACK_MAX: Duration = Duration::from_secs(120);

/// When the newest acknowledgement came, and the longest time without any.
#[derive(Debug)]
pub struct Acknowledgements {
    epoch: Instant,
    last_ns: AtomicU64,
    longest_gap_ns: AtomicU64,
}

impl Default for Acknowledgements {
    fn default() -> Self {
        Self { epoch: Instant::now(), last_ns: AtomicU64::new(0), longest_gap_ns: AtomicU64::new(0) }
    }
}

impl Acknowledgements {
    /// One acknowledgement, to any writer.
    pub fn one(&self, at: Instant) {
        let now = nanoseconds(at - self.epoch);
        let before = self.last_ns.fetch_max(now, Relaxed);
        self.longest_gap_ns.fetch_max(now.saturating_sub(before), Relaxed);
    }

    fn last(&self) -> Instant {
        self.epoch + Duration::from_nanos(self.last_ns.load(Relaxed))
    }

    fn forget_gaps(&self) {
        self.longest_gap_ns.store(0, Relaxed);
    }

    fn longest_gap(&self) -> Duration {
        Duration::from_nanos(self.longest_gap_ns.load(Relaxed))
    }
}

/// Kills the server `times` times, `every` so often, and tells the gap that each kill made.
///
/// `command` (run by `sh`) must end the server and start it again; without one, the server that this harness started is
/// killed (SIGKILL) and started again on its data.
pub async fn kills(
    session: &mut Session,
    command: Option<&str>,
    times: u32,
    every: Duration,
    acknowledgements: &Acknowledgements,
) -> Result<Vec<Duration>, LoadError> {
    let mut gaps = Vec::new();
    for _ in 0..times {
        tokio::time::sleep(every).await;
        acknowledgements.forget_gaps();
        match command {
            Some(command) => run(command).await?,
            None => session.kill_and_restart().await?,
        }
        let restarted = Instant::now();
        while acknowledgements.last() <= restarted {
            if restarted.elapsed() > BACK_MAX {
                return Err(LoadError::Target(format!("no append was acknowledged within {BACK_MAX:?} of a restart")));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        gaps.push(acknowledgements.longest_gap());
    }
    Ok(gaps)
}

async fn run(command: &str) -> Result<(), LoadError> {
    let status = Command::new("sh").args(["-c", command]).status().await.while_doing(format!("run {command}"))?;
    if status.success() { Ok(()) } else { Err(LoadError::Target(format!("{command}: {status}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_gap_is_kept_until_forgotten() {
        let acknowledgements = Acknowledgements::default();
        let at = |millis| acknowledgements.epoch + Duration::from_millis(millis);
        [10, 500, 510].into_iter().for_each(|millis| acknowledgements.one(at(millis)));
        assert_eq!(acknowledgements.longest_gap(), Duration::from_millis(490));
        acknowledgements.forget_gaps();
        acknowledgements.one(at(530));
        assert_eq!((acknowledgements.longest_gap(), acknowledgements.last()), (Duration::from_millis(20), at(530)));
    }
}
