//! Who waits for changes of an organisation's sessions. What is kept for one that waits is bounded: for each session that
//! grew its latest length, and past so many sessions only that there were more, to be looked up in the store.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;
use verbatim_proto::{OrganizationId, SessionId, Timestamp};

use crate::limits::FEED_SESSIONS_MAX;

/// The followers of every organisation.
#[derive(Debug, Default)]
pub struct Feeds {
    followers: Mutex<HashMap<OrganizationId, Vec<Weak<Waiting>>>>,
    /// How many there are, so that the writer passes by where there is none.
    count: AtomicUsize,
}

/// One follower. Dropping it leaves.
#[derive(Debug)]
pub struct Feed {
    waiting: Arc<Waiting>,
    organization: OrganizationId,
    feeds: Arc<Feeds>,
}

#[derive(Debug, Default)]
struct Waiting {
    news: Mutex<News>,
    woken: Notify,
}

/// What happened since a follower last looked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Sessions that have grown: to which length, and when.
    pub grown: HashMap<SessionId, (u64, Timestamp)>,
    /// Whether more sessions have grown than are kept here.
    pub more: bool,
}

impl Feeds {
    /// A place among the organisation's followers. Whatever happens from now on is told: so take a place first, and look
    /// at what there is then.
    pub fn follow(self: &Arc<Self>, organization: &OrganizationId) -> Feed {
        let waiting = Arc::new(Waiting::default());
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        followers.entry(*organization).or_default().push(Arc::downgrade(&waiting));
        self.count.fetch_add(1, Ordering::SeqCst);
        Feed { waiting, organization: *organization, feeds: Arc::clone(self) }
    }

    /// How many followers there are.
    pub fn followers(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Whether anyone follows.
    pub fn any(&self) -> bool {
        self.count.load(Ordering::SeqCst) > 0
    }

    /// Tells that a session has grown, once that is safe and readable.
    pub fn grown(&self, organization: &OrganizationId, session: &SessionId, length: u64, at: Timestamp) {
        self.each(organization, |waiting| {
            let mut news = waiting.news.lock().unwrap_or_else(PoisonError::into_inner);
            if news.grown.len() < FEED_SESSIONS_MAX || news.grown.contains_key(session) {
                news.grown.insert(session.clone(), (length, at));
            } else {
                news.more = true;
            }
        });
    }

    /// Tells that something is new in the audit trail, once it is safe and readable.
    pub fn changed(&self, organization: &OrganizationId) {
        self.each(organization, |_| {});
    }

    fn each(&self, organization: &OrganizationId, tell: impl Fn(&Waiting)) {
        if !self.any() {
            return;
        }
        let followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        for waiting in followers.get(organization).into_iter().flatten().filter_map(Weak::upgrade) {
            tell(&waiting);
            waiting.woken.notify_one();
        }
    }
}

impl Feed {
    /// Waits until something has happened since the last call, or since the place was taken.
    pub async fn changed(&self) {
        self.waiting.woken.notified().await;
    }

    /// Takes what has happened.
    pub fn take(&self) -> News {
        std::mem::take(&mut *self.waiting.news.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let mut followers = self.feeds.followers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = followers.get_mut(&self.organization) {
            let gone = Arc::downgrade(&self.waiting);
            own.retain(|waiting| !waiting.ptr_eq(&gone));
            if own.is_empty() {
                followers.remove(&self.organization);
            }
        }
        self.feeds.count.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_feed_keeps_the_latest_length_of_so_many_sessions_and_no_more() {
        let feeds = Arc::new(Feeds::default());
        let (ours, theirs) = (OrganizationId::from_bytes([1; 16]), OrganizationId::from_bytes([2; 16]));
        let id = |n: usize| SessionId::new(&format!("s{n}")).expect("id");
        let at = Timestamp::from_micros(5);
        let (feed, other) = (feeds.follow(&ours), feeds.follow(&theirs));
        for n in 0..FEED_SESSIONS_MAX {
            feeds.grown(&ours, &id(n), 1, at);
        }
        feeds.grown(&ours, &id(0), 2, at);
        feed.changed().await;
        let news = feed.take();
        assert_eq!((news.grown.len(), news.grown[&id(0)], news.more), (FEED_SESSIONS_MAX, (2, at), false));
        for n in 0..=FEED_SESSIONS_MAX {
            feeds.grown(&ours, &id(n), 3, at);
        }
        assert!(feed.take().more);
        assert_eq!(other.take(), News::default());
        drop((feed, other));
        assert!(!feeds.any() && feeds.followers.lock().expect("lock").is_empty());
    }
}
