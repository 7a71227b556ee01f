//! When to send again: the one file that knows the `backoff` crate, and the one place where the client waits.

use std::time::Duration;

use backoff::{SystemClock, backoff::Backoff, exponential::ExponentialBackoff};
use futures_util::future::BoxFuture;

/// How often and after which delays a request is sent again on network errors, 408, 429 and 5xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The delay after the first failure; it doubles from there on. Each delay is drawn from half to one and a half of it.
    pub delay_base: Duration,
    /// No delay is longer, unless the server asks for more with `Retry-After`.
    pub delay_max: Duration,
    /// How many requests are sent before giving up; at least 1.
    pub attempts_max: u32,
    /// A `Retry-After` beyond this is not waited for: the append or read fails at once, to be sent again later.
    pub retry_after_max: Duration,
    /// How many conflicts (409) in a row one append answers by adopting the head that another writer moved. They count apart
    /// from `attempts_max` and are answered without delay.
    pub conflicts_max: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            delay_base: Duration::from_millis(500),
            delay_max: Duration::from_secs(8),
            attempts_max: 10,
            retry_after_max: Duration::from_secs(300),
            conflicts_max: 100,
        }
    }
}

/// Waits. Tests give one that does not.
pub trait Sleeper: Send + Sync + 'static {
    /// Returns once `delay` has passed.
    fn sleep(&self, delay: Duration) -> BoxFuture<'static, ()>;
}

/// Waits by tokio's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokioSleeper;

impl Sleeper for TokioSleeper {
    fn sleep(&self, delay: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(delay))
    }
}

/// The attempts of one append or one read.
pub(crate) struct Retries {
    policy: RetryPolicy,
    failed: u32,
    delays: ExponentialBackoff<SystemClock>,
}

impl Retries {
    pub(crate) fn new(policy: &RetryPolicy) -> Self {
        let delays = ExponentialBackoff {
            initial_interval: policy.delay_base,
            current_interval: policy.delay_base,
            multiplier: 2.0,
            randomization_factor: 0.5,
            max_interval: policy.delay_max,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        Self { policy: policy.clone(), failed: 0, delays }
    }

    /// Counts a failed attempt and gives the delay before the next; none when it was the last.
    pub(crate) fn after_failure(&mut self, retry_after: Option<Duration>) -> Option<Duration> {
        self.failed += 1;
        let asked = retry_after.unwrap_or_default();
        if self.failed >= self.policy.attempts_max || asked > self.policy.retry_after_max {
            return None;
        }
        let own = self.delays.next_backoff().unwrap_or(self.policy.delay_max).min(self.policy.delay_max);
        Some(own.max(asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_from_half_a_second_to_eight_and_end_after_ten_attempts() {
        let mut retries = Retries::new(&RetryPolicy::default());
        for doubled in [500, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000] {
            let delay = retries.after_failure(None).expect("another attempt").as_millis();
            assert!(delay >= doubled / 2 && delay <= (doubled * 3 / 2).min(8000), "{delay} around {doubled}");
        }
        assert_eq!(retries.after_failure(None), None);
    }

    #[test]
    fn the_server_may_ask_for_more_but_not_for_less() {
        let mut retries = Retries::new(&RetryPolicy::default());
        assert_eq!(retries.after_failure(Some(Duration::from_secs(42))), Some(Duration::from_secs(42)));
        assert!(retries.after_failure(Some(Duration::ZERO)) >= Some(Duration::from_millis(500)));
        assert_eq!(retries.after_failure(Some(Duration::from_secs(301))), None);
    }
}
