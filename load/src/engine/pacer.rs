//! Wakes tasks at an instant, to the microsecond.
//!
//! Tokio's own timers count in milliseconds, which is more than an append takes: an open loop paced by them would
//! measure its own timer. One kernel timer a thread (`timerfd`) serves all tasks of that thread.

use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::BinaryHeap,
    future::poll_fn,
    io,
    os::fd::OwnedFd,
    rc::Rc,
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
use tokio::io::unix::AsyncFd;

/// The timer of one thread.
pub struct Pacer {
    timer: AsyncFd<OwnedFd>,
    waiting: RefCell<BinaryHeap<Reverse<Waiting>>>,
    armed: Cell<Option<Instant>>,
}

struct Waiting {
    at: Instant,
    waker: Waker,
}

impl Pacer {
    /// Makes the timer; [`tick`](Self::tick) must run for it to wake anyone.
    #[expect(deprecated, reason = "its successor is unsafe; an OwnedFd that is moved in keeps what it asks for")]
    pub fn new() -> io::Result<Rc<Self>> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Rc::new(Self { timer: AsyncFd::new(timer)?, waiting: RefCell::default(), armed: Cell::new(None) }))
    }

    /// Waits until `at`; not at all where that has passed.
    pub async fn until(&self, at: Instant) {
        let mut queued = false;
        poll_fn(|context| {
            if Instant::now() >= at {
                return Poll::Ready(());
            }
            if !queued {
                queued = true;
                self.waiting.borrow_mut().push(Reverse(Waiting { at, waker: context.waker().clone() }));
                self.arm(at);
            }
            Poll::Pending
        })
        .await;
    }

    /// Wakes those whose instant has come, for ever.
    pub async fn tick(self: Rc<Self>) -> io::Result<()> {
        loop {
            // The timer need not be read: to arm it again takes its readiness back, and each expiry is a new edge.
            self.timer.readable().await?.clear_ready();
            self.armed.set(None);
            self.wake_due();
        }
    }

    fn wake_due(&self) {
        let now = Instant::now();
        let mut waiting = self.waiting.borrow_mut();
        while let Some(Reverse(first)) = waiting.peek() {
            if first.at > now {
                let at = first.at;
                drop(waiting);
                return self.arm(at);
            }
            if let Some(Reverse(due)) = waiting.pop() {
                due.waker.wake();
            }
        }
    }

    fn arm(&self, at: Instant) {
        if self.armed.get().is_some_and(|armed| armed <= at) {
            return;
        }
        self.armed.set(Some(at));
        let wait = at.saturating_duration_since(Instant::now()).max(Duration::from_nanos(1));
        let value = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: i64::from(wait.subsec_nanos()) };
        let spec = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        // Fails only for a descriptor or a time out of form, and both are made here.
        let _ = rustix::time::timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &spec);
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn wakes_in_order_and_never_early() {
        let pacer = Pacer::new().expect("timer");
        let local = tokio::task::LocalSet::new();
        local.spawn_local(Rc::clone(&pacer).tick());
        local
            .run_until(async {
                let start = Instant::now();
                let woken = Rc::new(RefCell::new(Vec::new()));
                let tasks = [900, 300, 600, 0].map(|micros| {
                    let (pacer, woken) = (Rc::clone(&pacer), Rc::clone(&woken));
                    tokio::task::spawn_local(async move {
                        let at = start + Duration::from_micros(micros);
                        pacer.until(at).await;
                        assert!(Instant::now() >= at);
                        woken.borrow_mut().push(at);
                    })
                });
                for task in tasks {
                    task.await.expect("task");
                }
                assert!(woken.borrow().len() == 4);
            })
            .await;
    }
}
