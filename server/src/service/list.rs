//! An organisation's sessions, page by page.

use std::{ops::ControlFlow, sync::Arc};

use tokio::task::spawn_blocking;
use verbatim_proto::{
    OrganizationId, SessionId, Timestamp,
    cursor::SessionsCursor,
    sessions::{self, SessionsPage, Status},
};

use super::{Service, SessionRefused, portrait};
use crate::{
    limits::LIST_SCAN_MAX,
    store::{List, Properties, Session, Store, StoreError},
};

/// Which sessions of an organisation are asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SessionFilter {
    /// Of this project.
    pub project: Option<String>,
    /// Sub-agents of this session.
    pub parent: Option<SessionId>,
    /// Of this status; without it all but those in the bin.
    pub status: Option<Status>,
    /// Grown after this time.
    pub updated_after: Option<Timestamp>,
    /// With all of these values in their metadata, as text.
    pub metadata: Vec<(String, String)>,
    /// With a title that begins so.
    pub title: Option<String>,
}

impl Service {
    /// One page of the organisation's sessions, those that grew last first. A page may hold fewer than `limit` and still
    /// have a next one: so much is looked at for a page, and no more.
    pub async fn list_sessions(
        &self,
        organization: OrganizationId,
        filter: SessionFilter,
        limit: usize,
        cursor: Option<String>,
    ) -> Result<SessionsPage, SessionRefused> {
        let bound = format!("{filter:?}");
        let after = cursor.map(|text| SessionsCursor::decode(&text, &organization, &bound)).transpose();
        let after = after.map_err(|error| SessionRefused::Invalid(error.to_string()))?;
        let store = Arc::clone(&self.store);
        let page = spawn_blocking(move || {
            let (data, last) = page(store.as_ref(), &organization, &filter, limit, after)?;
            let next_cursor = last.map(|last| last.encode(&organization, &bound));
            Ok::<_, StoreError>(SessionsPage { data, next_cursor })
        });
        Ok(page.await.map_err(StoreError::engine("list sessions"))??)
    }
}

/// Collects a page; and the place of the last session that was looked at, if there are more.
fn page(
    store: &dyn Store,
    organization: &OrganizationId,
    filter: &SessionFilter,
    limit: usize,
    after: Option<SessionsCursor>,
) -> Result<(Vec<sessions::Session>, Option<SessionsCursor>), StoreError> {
    let list = if filter.status == Some(Status::Deleted) { List::Bin } else { List::Live };
    let after = after.map(|cursor| (cursor.minute, cursor.session));
    let (mut data, mut looked_at, mut last, mut more, mut failed) = (Vec::new(), 0, None, false, None);
    store.list(organization, list, after.as_ref(), &mut |minute, session| {
        if data.len() == limit || looked_at == LIST_SCAN_MAX {
            more = true;
            return ControlFlow::Break(());
        }
        // The list goes by last entries, so that none further on can be later.
        if list == List::Live && filter.updated_after.is_some_and(|after| minute < minute_of(after)) {
            return ControlFlow::Break(());
        }
        looked_at += 1;
        last = Some(SessionsCursor { minute, session: session.id.clone() });
        match portrait_if(store, filter, &session) {
            Ok(Some(portrait)) => data.push(portrait),
            Ok(None) => {}
            Err(error) => {
                failed = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    Ok((data, last.filter(|_| more)))
}

fn portrait_if(
    store: &dyn Store,
    filter: &SessionFilter,
    session: &Session,
) -> Result<Option<sessions::Session>, StoreError> {
    let Properties { project, parent_session_id, metadata, .. } = &session.properties;
    let holds = (filter.project.is_none() || filter.project == *project)
        && (filter.parent.is_none() || filter.parent == *parent_session_id)
        && filter.status.is_none_or(|status| status == session.snapshot.status)
        && filter.updated_after.is_none_or(|after| session.snapshot.last_at > after)
        && filter.metadata.iter().all(|(key, value)| metadata.get(key).is_some_and(|own| text_of(own) == *value));
    if !holds {
        return Ok(None);
    }
    let portrait = portrait::of(store, session)?;
    let title = portrait.title.as_deref().unwrap_or_default();
    let titled = filter.title.as_ref().is_none_or(|prefix| title.starts_with(prefix.as_str()));
    Ok(titled.then_some(portrait))
}

fn text_of(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn minute_of(time: Timestamp) -> u64 {
    u64::try_from(time.as_micros() / 60_000_000).unwrap_or(0)
}
