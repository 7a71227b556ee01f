//! How long whoever follows may do so: until its token holds no longer, which the service is told and does not ask.

use futures_util::{FutureExt, future::BoxFuture};

/// Lasts until whoever follows may do so no longer.
pub struct Leave {
    ends: BoxFuture<'static, ()>,
    has_ended: bool,
}

impl Leave {
    /// Leave until `ends` resolves.
    pub fn until(ends: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { ends: Box::pin(ends), has_ended: false }
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        self.has_ended = self.has_ended || (&mut self.ends).now_or_never().is_some();
        self.has_ended
    }

    /// Waits until it ends. Dropping the future loses nothing.
    pub(super) async fn ended(&mut self) {
        if !self.has_ended {
            (&mut self.ends).await;
            self.has_ended = true;
        }
    }
}
