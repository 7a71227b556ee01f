//! What goes by itself: at `expires_at`, by an organisation's retention, and out of the bin.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use tokio::task::spawn_blocking;
use verbatim_proto::{OrganizationId, SessionId, Timestamp, organization::Cause};

use super::{By, Service, SessionRefused, follow::drained, organization::idle_limit};
use crate::{
    limits::SWEEP_BATCH,
    store::{Due, OnlyIf, SessionKey, Store, StoreError, Whereto},
};

impl Service {
    /// Takes away what is due, again and again, until the server drains.
    pub async fn sweep(&self, interval: Duration) {
        let mut draining = self.draining.subscribe();
        loop {
            if let Err(error) = self.sweep_once().await {
                tracing::warn!(%error, "what is due could not be taken away yet; it is tried again");
            }
            tokio::select! {
                () = tokio::time::sleep(interval) => {}
                () = drained(&mut draining) => return,
            }
        }
    }

    async fn sweep_once(&self) -> Result<(), SessionRefused> {
        let store = Arc::clone(&self.store);
        let organizations = spawn_blocking(move || store.organizations()).await;
        for organization in organizations.map_err(StoreError::engine("read the organisations"))?? {
            self.sweep_due(organization).await?;
            self.sweep_idle(organization).await?;
        }
        Ok(())
    }

    async fn sweep_due(&self, organization: OrganizationId) -> Result<(), SessionRefused> {
        let now = self.clock.now();
        let mut after = None;
        loop {
            let (store, from) = (Arc::clone(&self.store), after.take());
            let batch = spawn_blocking(move || due(store.as_ref(), &organization, from.as_ref(), now)).await;
            let batch = batch.map_err(StoreError::engine("read what is due"))??;
            after = batch.last().cloned();
            let more = batch.len() == SWEEP_BATCH;
            for Due { session, whereto, .. } in batch {
                if *self.draining.borrow() {
                    return Ok(());
                }
                let session = SessionKey { organization, session };
                let by = |cause, only_if| By { subject: None, cause, only_if };
                let done = match whereto {
                    Whereto::Bin => self.delete_if(session, by(Cause::ExpiresAt, OnlyIf::Expired)).await,
                    Whereto::Purged => {
                        let by = by(Cause::Bin, OnlyIf::BinIsOver);
                        self.purge_session(session, false, by).await.map(drop)
                    }
                    Whereto::Forgotten => self.forget_session(session, by(Cause::Bin, OnlyIf::IdIsFree)).await,
                };
                gone(done)?;
            }
            if !more {
                return Ok(());
            }
        }
    }

    async fn sweep_idle(&self, organization: OrganizationId) -> Result<(), SessionRefused> {
        let Some(days) = self.settings(organization).await?.retention_days else { return Ok(()) };
        let since = idle_limit(self.clock.now(), days);
        let mut after: (u64, Option<SessionId>) = (0, None);
        loop {
            let (store, from) = (Arc::clone(&self.store), after.clone());
            let batch = spawn_blocking(move || idle(store.as_ref(), &organization, &from, since)).await;
            let (batch, last) = batch.map_err(StoreError::engine("read what is idle"))??;
            let by = By { subject: None, cause: Cause::Retention, only_if: OnlyIf::IdleSince(since) };
            for session in batch {
                if *self.draining.borrow() {
                    return Ok(());
                }
                gone(self.delete_if(SessionKey { organization, session }, by.clone()).await)?;
            }
            match last {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }

    /// Puts a session into the bin with its sub-agents', if what that rests on holds: before any of them is touched.
    async fn delete_if(&self, session: SessionKey, by: By) -> Result<(), SessionRefused> {
        let (store, key, now) = (Arc::clone(&self.store), session.clone(), self.clock.now());
        let found =
            spawn_blocking(move || store.session(&key)).await.map_err(StoreError::engine("read a session"))??;
        if found.is_some_and(|found| by.only_if.holds(&found, now)) {
            self.delete_session(session, true, by).await?;
        }
        Ok(())
    }
}

/// What has gone meanwhile is as it should be.
fn gone(done: Result<(), SessionRefused>) -> Result<(), SessionRefused> {
    match done {
        Err(SessionRefused::NotFound) => Ok(()),
        done => done,
    }
}

fn due(
    store: &dyn Store,
    organization: &OrganizationId,
    after: Option<&Due>,
    now: Timestamp,
) -> Result<Vec<Due>, StoreError> {
    let mut found = Vec::new();
    store.due(organization, after, &mut |due| {
        if due.at > now || found.len() == SWEEP_BATCH {
            return ControlFlow::Break(());
        }
        found.push(due);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Sessions that have been idle since a time, and where to go on, if there may be more.
type Idle = (Vec<SessionId>, Option<(u64, Option<SessionId>)>);

fn idle(
    store: &dyn Store,
    organization: &OrganizationId,
    (minute, id): &(u64, Option<SessionId>),
    since: Timestamp,
) -> Result<Idle, StoreError> {
    let (mut found, mut last, mut looked_at) = (Vec::new(), None, 0);
    store.list_oldest_first(organization, (*minute, id.as_ref()), &mut |minute, session| {
        if session.snapshot.last_at > since {
            last = None;
            return ControlFlow::Break(());
        }
        looked_at += 1;
        last = Some((minute, Some(session.id.clone())));
        if OnlyIf::IdleSince(since).holds(&session, since) {
            found.push(session.id);
        }
        if looked_at == SWEEP_BATCH { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok((found, last.filter(|_| looked_at == SWEEP_BATCH)))
}
