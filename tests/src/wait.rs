//! Waiting for things to happen. A limit here is a guard against a hang, never an expectation of speed.

use std::{fmt::Debug, future::Future, time::Duration};

use tokio::time;

/// How long anything may take before it counts as hung.
pub const HANG: Duration = Duration::from_secs(60);
/// Between two looks at a condition that announces itself in no other way.
const POLL: Duration = Duration::from_millis(10);

/// The value of `future`. Panics, naming `what`, if it hangs.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    within_limit(HANG, what, future).await
}

/// The value of `future`. Panics, naming `what`, after `limit`.
pub async fn within_limit<T>(limit: Duration, what: &str, future: impl Future<Output = T>) -> T {
    match time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {} s in vain: {what}", limit.as_secs()),
    }
}

/// Looks again and again until `look` gives `Ok`. Panics with the last `Err`, naming `what`, if that never happens.
pub async fn until<T, E: Debug>(what: &str, mut look: impl AsyncFnMut() -> Result<T, E>) -> T {
    let started = time::Instant::now();
    loop {
        match look().await {
            Ok(value) => return value,
            Err(last) if started.elapsed() > HANG => panic!("waited {} s in vain: {what}: {last:?}", HANG.as_secs()),
            Err(_) => time::sleep(POLL).await,
        }
    }
}
