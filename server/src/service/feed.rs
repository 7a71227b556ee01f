//! Following an organisation: what happens to its sessions, read from the store at the follower's own pace.
//!
//! What is no append stands in the audit trail under a number, and is told in that order. Appends are told by their
//! session's latest length: live as the writer tells it, and after a pause by a walk through the sessions that grew since.

use std::{ops::ControlFlow, sync::Arc};

use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{Instant, sleep_until},
};
use verbatim_proto::{
    OrganizationId, SessionId, Timestamp,
    cursor::{ChangesCursor, Scan},
    organization::{Cause, Change, ChangeKind},
};

use super::{Leave, Service, follow::drained};
use crate::{
    limits::HEARTBEAT_INTERVAL,
    store::{Feed, Store, StoreError},
};

/// One follower of an organisation. Dropping it leaves.
pub struct ChangesFeed {
    store: Arc<dyn Store>,
    organization: OrganizationId,
    feed: Feed,
    place: ChangesCursor,
    /// Whether there may be more to read at once.
    behind: bool,
    /// Whether sessions may have grown that only a walk through the list finds.
    walks: bool,
    leave: Leave,
    draining: watch::Receiver<bool>,
}

/// What a follower hears next.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// Changes, each with where to go on after it.
    Changes(Vec<(Change, ChangesCursor)>),
    /// Nothing for a while.
    Silence,
    /// It must go away for now; it can go on where it stands.
    Interrupted,
}

impl Service {
    /// Follows the organisation from `place` on, for as long as there is `leave`.
    pub fn follow_changes(&self, organization: OrganizationId, place: ChangesCursor, leave: Leave) -> ChangesFeed {
        ChangesFeed {
            feed: self.store.feeds().follow(&organization),
            store: Arc::clone(&self.store),
            organization,
            place,
            behind: true,
            walks: true,
            leave,
            draining: self.draining.subscribe(),
        }
    }

    /// Where a follower stands that has been told everything up to now.
    pub fn changes_from_now(&self) -> ChangesCursor {
        let (next, told) = self.store.now();
        ChangesCursor { next, told, scan: None }
    }
}

impl ChangesFeed {
    /// Where it stands.
    pub fn place(&self) -> &ChangesCursor {
        &self.place
    }

    /// At most `limit` changes that come next. Dropping the future loses nothing but what this follower was to be told.
    pub async fn next(&mut self, limit: usize) -> Result<Told, StoreError> {
        let silent_at = Instant::now() + HEARTBEAT_INTERVAL;
        self.next_until(limit, silent_at).await
    }

    /// As [`next`](Self::next), with silence after a time of the caller's.
    pub async fn next_until(&mut self, limit: usize, silent_at: Instant) -> Result<Told, StoreError> {
        loop {
            if *self.draining.borrow() || self.leave.has_ended() {
                return Ok(Told::Interrupted);
            }
            if !self.behind {
                tokio::select! {
                    () = self.feed.changed() => {}
                    () = drained(&mut self.draining) => return Ok(Told::Interrupted),
                    () = self.leave.ended() => return Ok(Told::Interrupted),
                    () = sleep_until(silent_at) => return Ok(Told::Silence),
                }
            }
            let changes = self.look(limit).await?;
            if !changes.is_empty() {
                return Ok(Told::Changes(changes));
            }
        }
    }

    async fn look(&mut self, limit: usize) -> Result<Vec<(Change, ChangesCursor)>, StoreError> {
        // In this order: whatever was stamped up to `now` has been told to the feed.
        let (_, now) = self.store.now();
        let news = self.feed.take();
        self.walks |= news.more;
        let mut look = Look {
            store: Arc::clone(&self.store),
            organization: self.organization,
            place: self.place.clone(),
            now,
            limit,
            found: Vec::new(),
        };
        let walks = self.walks;
        let look = spawn_blocking(move || {
            let mut done = look.trail()?;
            if done && walks {
                done = look.walk()?;
            }
            Ok::<_, StoreError>((look, done))
        });
        let (mut look, done) = look.await.map_err(StoreError::engine("read an organisation's changes"))??;
        let fits = look.found.len() + news.grown.len() <= limit;
        // What the feed told is found by a walk as well, a piece at a time.
        self.walks = !done || !walks && !fits;
        if done && !walks && fits {
            look.grown(news.grown);
        }
        self.behind = self.walks;
        self.place = look.place;
        Ok(look.found)
    }
}

/// One look at what there is.
struct Look {
    store: Arc<dyn Store>,
    organization: OrganizationId,
    place: ChangesCursor,
    now: Timestamp,
    limit: usize,
    found: Vec<(Change, ChangesCursor)>,
}

impl Look {
    /// What the audit trail has. Gives whether that is all.
    fn trail(&mut self) -> Result<bool, StoreError> {
        let mut all = true;
        let (store, from) = (Arc::clone(&self.store), self.place.next);
        store.changes(&self.organization.clone(), from, &mut |number, change| {
            all = self.found.len() < self.limit;
            if !all {
                return ControlFlow::Break(());
            }
            self.place.next = number + 1;
            self.found.push((change, self.place.clone()));
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    /// The sessions that grew since, those that grew last last. Gives whether those are all.
    fn walk(&mut self) -> Result<bool, StoreError> {
        let (mut all, told) = (true, self.place.told);
        let until = self.place.scan.as_ref().map_or(self.now, |scan| scan.until);
        let after = self.place.scan.clone();
        let after = match &after {
            Some(scan) => (scan.minute, Some(&scan.session)),
            None => (minute_of(told), None),
        };
        let store = Arc::clone(&self.store);
        store.list_oldest_first(&self.organization.clone(), after, &mut |minute, session| {
            all = self.found.len() < self.limit;
            if !all {
                return ControlFlow::Break(());
            }
            let snapshot = &session.snapshot;
            let scan = Scan { until, minute, session: session.id.clone() };
            self.place.scan = Some(scan);
            if snapshot.last_at > told && snapshot.length > snapshot.lineage.shared() {
                self.found.push((appended(session.id, snapshot.length, snapshot.last_at), self.place.clone()));
            }
            ControlFlow::Continue(())
        })?;
        if all {
            self.place.scan = None;
            self.told_up_to(until);
        }
        Ok(all)
    }

    /// The sessions that the writer said have grown.
    fn grown(&mut self, grown: impl IntoIterator<Item = (SessionId, (u64, Timestamp))>) {
        let mut grown: Vec<_> = grown.into_iter().collect();
        grown.sort_unstable_by_key(|(_, (_, at))| *at);
        for (session, (length, at)) in grown {
            self.found.push((appended(session, length, at), self.place.clone()));
        }
        self.told_up_to(self.now);
    }

    /// The last of what was found is where everything up to this time is told.
    fn told_up_to(&mut self, time: Timestamp) {
        self.place.told = self.place.told.max(time);
        if let Some((_, place)) = self.found.last_mut() {
            place.clone_from(&self.place);
        }
    }
}

fn appended(session_id: SessionId, length: u64, at: Timestamp) -> Change {
    Change { what: ChangeKind::Appended { length }, session_id, at, subject: None, cause: Cause::Request }
}

fn minute_of(time: Timestamp) -> u64 {
    u64::try_from(time.as_micros() / 60_000_000).unwrap_or(0)
}
