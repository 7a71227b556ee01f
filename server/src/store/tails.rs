//! Who waits for a session to grow. A follower holds no entries here, only a place to be woken at: it reads what came
//! from the store, at its own pace.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::watch;

use super::SessionKey;

/// The followers of every session.
#[derive(Debug, Default)]
pub struct Tails {
    followed: Mutex<HashMap<SessionKey, watch::Sender<()>>>,
    /// How many sessions are followed, so that the writer passes by where none is.
    count: AtomicUsize,
}

/// One follower's place. Dropping it leaves.
#[derive(Debug)]
pub struct Tail {
    woken: watch::Receiver<()>,
    session: SessionKey,
    tails: Arc<Tails>,
}

impl Tails {
    /// A place among the session's followers, whether there is such a session yet or not. Whatever changes from now on
    /// wakes it: so take a place first, and look at the session then.
    pub fn follow(self: &Arc<Self>, session: &SessionKey) -> Tail {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let woken = followed.entry(session.clone()).or_insert_with(|| watch::channel(()).0).subscribe();
        self.count.store(followed.len(), Ordering::SeqCst);
        Tail { woken, session: session.clone(), tails: Arc::clone(self) }
    }

    /// How many followers there are.
    pub fn followers(&self) -> usize {
        let followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        followed.values().map(watch::Sender::receiver_count).sum()
    }

    /// Wakes those who follow any of these sessions. Called once the change is safe and readable.
    pub fn wake<'a>(&self, sessions: impl IntoIterator<Item = &'a SessionKey>) {
        if self.count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        for session in sessions {
            if let Some(followers) = followed.get(session) {
                followers.send_replace(());
            }
        }
    }
}

impl Tail {
    /// Waits until the session may have changed since the last call, or since the place was taken.
    pub async fn changed(&mut self) {
        // The sender lives as long as anyone follows, this one among them.
        let _ = self.woken.changed().await;
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        let mut followed = self.tails.followed.lock().unwrap_or_else(PoisonError::into_inner);
        // This receiver is still counted.
        if followed.get(&self.session).is_some_and(|followers| followers.receiver_count() <= 1) {
            followed.remove(&self.session);
        }
        self.tails.count.store(followed.len(), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use verbatim_proto::{OrganizationId, SessionId};

    use super::*;

    fn session(name: &str) -> SessionKey {
        SessionKey { organization: OrganizationId::from_bytes([1; 16]), session: SessionId::new(name).expect("id") }
    }

    #[tokio::test]
    async fn a_follower_is_woken_by_its_own_session_and_leaves_nothing_behind() {
        let tails = Arc::new(Tails::default());
        let (a, b) = (session("a"), session("b"));
        let mut first = tails.follow(&a);
        let second = tails.follow(&a);
        let other = tails.follow(&b);
        assert_eq!(tails.followers(), 3);
        tails.wake([&a]);
        first.changed().await;
        assert!(!first.woken.has_changed().expect("followed"), "one change wakes once");
        assert!(second.woken.has_changed().expect("followed"));
        assert!(!other.woken.has_changed().expect("followed"));
        drop((first, second));
        assert_eq!(tails.count.load(Ordering::SeqCst), 1);
        drop(other);
        assert!(tails.followed.lock().expect("lock").is_empty());
    }
}
