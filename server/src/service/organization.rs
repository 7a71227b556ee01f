//! An organisation as a whole: how much it keeps, what is set for it, what will go.

use std::{ops::ControlFlow, sync::Arc};

use tokio::task::spawn_blocking;
use verbatim_proto::{
    OrganizationId, SessionId, Timestamp,
    cursor::ExpiringCursor,
    limits::RETENTION_DAYS_MAX,
    organization::{Amounts, Cause, Expiring, ExpiringPage, Expiry, PatchSettings, Settings, Today, Usage},
};

use super::{Service, SessionRefused};
use crate::{
    limits::LIST_SCAN_MAX,
    store::{Due, Store, StoreError, Whereto, day_of},
};

const DAY_MICROS: i64 = 86_400_000_000;

impl Service {
    /// How much the organisation keeps.
    pub async fn usage(&self, organization: OrganizationId) -> Result<Usage, StoreError> {
        let (store, now) = (Arc::clone(&self.store), self.clock.now());
        let usage = spawn_blocking(move || store.usage(&organization)).await;
        let usage = usage.map_err(StoreError::engine("read an organisation's usage"))??;
        let amounts = if usage.day == day_of(now) { usage.on_day } else { Amounts::default() };
        let date = now.to_string().chars().take(10).collect();
        Ok(Usage { total: usage.total, today: Today { date, amounts } })
    }

    /// What is set for the organisation.
    pub async fn settings(&self, organization: OrganizationId) -> Result<Settings, StoreError> {
        let store = Arc::clone(&self.store);
        spawn_blocking(move || store.settings(&organization)).await.map_err(StoreError::engine("read settings"))?
    }

    /// Sets what the patch names.
    pub async fn patch_settings(
        &self,
        organization: OrganizationId,
        patch: PatchSettings,
    ) -> Result<Settings, SessionRefused> {
        if patch.retention_days.flatten().is_some_and(|days| !(1..=RETENTION_DAYS_MAX).contains(&days)) {
            let mend = format!("retention_days is a number from 1 to {RETENTION_DAYS_MAX}, or null for ever");
            return Err(SessionRefused::Invalid(mend));
        }
        let store = Arc::clone(&self.store);
        let patched = spawn_blocking(move || {
            let mut settings = store.settings(&organization)?;
            settings.retention_days = patch.retention_days.unwrap_or(settings.retention_days);
            store.set_settings(&organization, &settings)?;
            Ok::<_, StoreError>(settings)
        });
        Ok(patched.await.map_err(StoreError::engine("write settings"))??)
    }

    /// One page of what will go, before a time where it is given.
    pub async fn expiring(
        &self,
        organization: OrganizationId,
        before: Option<Timestamp>,
        limit: usize,
        cursor: Option<String>,
    ) -> Result<ExpiringPage, SessionRefused> {
        let after = cursor.map(|text| ExpiringCursor::decode(&text, &organization)).transpose();
        let after = after.map_err(|error| SessionRefused::Invalid(error.to_string()))?;
        let store = Arc::clone(&self.store);
        let page = spawn_blocking(move || {
            let mut page = Page { data: Vec::new(), last: None, full: false, limit, before };
            page.at_their_time(store.as_ref(), &organization, after.as_ref())?;
            page.by_retention(store.as_ref(), &organization, after.as_ref())?;
            let next_cursor = page.last.filter(|_| page.full).map(|last| last.encode(&organization));
            Ok::<_, StoreError>(ExpiringPage { data: page.data, next_cursor })
        });
        Ok(page.await.map_err(StoreError::engine("list what will go"))??)
    }
}

/// The time at which what has been idle since then goes.
pub(super) fn idle_limit(now: Timestamp, retention_days: u32) -> Timestamp {
    Timestamp::from_micros(now.as_micros().saturating_sub(i64::from(retention_days) * DAY_MICROS))
}

/// A page in the making.
struct Page {
    data: Vec<Expiring>,
    last: Option<ExpiringCursor>,
    full: bool,
    limit: usize,
    before: Option<Timestamp>,
}

impl Page {
    fn leaves_out(&self, at: Timestamp) -> bool {
        self.before.is_some_and(|before| at >= before)
    }

    fn at_their_time(
        &mut self,
        store: &dyn Store,
        organization: &OrganizationId,
        after: Option<&ExpiringCursor>,
    ) -> Result<(), StoreError> {
        let after = match after {
            None => None,
            Some(ExpiringCursor::At(at, to_bin, session)) => {
                let whereto = if *to_bin { Whereto::Bin } else { Whereto::Purged };
                Some(Due { session: session.clone(), at: *at, whereto })
            }
            Some(ExpiringCursor::Idle(..)) => return Ok(()),
        };
        store.due(organization, after.as_ref(), &mut |Due { session, at, whereto }| {
            if self.leaves_out(at) {
                return ControlFlow::Break(());
            }
            let (what, cause) = match whereto {
                Whereto::Bin => (Expiry::Delete, Cause::ExpiresAt),
                Whereto::Purged => (Expiry::Purge, Cause::Bin),
                // It is gone already.
                Whereto::Forgotten => return ControlFlow::Continue(()),
            };
            self.full = self.data.len() == self.limit;
            if self.full {
                return ControlFlow::Break(());
            }
            self.last = Some(ExpiringCursor::At(at, whereto == Whereto::Bin, session.clone()));
            self.data.push(Expiring { session_id: session, at, what, cause });
            ControlFlow::Continue(())
        })
    }

    fn by_retention(
        &mut self,
        store: &dyn Store,
        organization: &OrganizationId,
        after: Option<&ExpiringCursor>,
    ) -> Result<(), StoreError> {
        let Some(days) = store.settings(organization)?.retention_days.filter(|_| !self.full) else { return Ok(()) };
        let after: (u64, Option<&SessionId>) = match after {
            Some(ExpiringCursor::Idle(minute, session)) => (*minute, Some(session)),
            _ => (0, None),
        };
        let mut looked_at = 0;
        store.list_oldest_first(organization, after, &mut |minute, session| {
            let idle_since = session.snapshot.last_at.max(session.history.updated_at);
            let at = Timestamp::from_micros(idle_since.as_micros().saturating_add(i64::from(days) * DAY_MICROS));
            let grown_at = Timestamp::from_micros(
                session.snapshot.last_at.as_micros().saturating_add(i64::from(days) * DAY_MICROS),
            );
            // The list goes by last entries, so that none further on can go earlier.
            if self.leaves_out(grown_at) {
                return ControlFlow::Break(());
            }
            self.full = self.data.len() == self.limit || looked_at == LIST_SCAN_MAX;
            if self.full {
                return ControlFlow::Break(());
            }
            looked_at += 1;
            self.last = Some(ExpiringCursor::Idle(minute, session.id.clone()));
            if !self.leaves_out(at) {
                let (what, cause) = (Expiry::Delete, Cause::Retention);
                self.data.push(Expiring { session_id: session.id, at, what, cause });
            }
            ControlFlow::Continue(())
        })
    }
}
