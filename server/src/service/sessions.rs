//! Sessions as resources: what may be said of them, how they change, how an organisation's are listed. How they are
//! shown is in `portrait`.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use tokio::task::spawn_blocking;
use uuid::Uuid;
use verbatim_proto::{
    OrganizationId, SessionId, Timestamp,
    cursor::SessionsCursor,
    ids::EventId,
    limits::{LABEL_CHARS_MAX, METADATA_BYTES_MAX},
    sessions::{self, CreateSession, ForkSession, Metadata, PatchSession, SessionsPage, Status},
};

use super::{Service, SessionRefused, portrait};
use crate::{
    limits::LIST_SCAN_MAX,
    store::{Change, Changed, List, Patch, Properties, Session, SessionKey, Store, StoreError, What},
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

/// A session as it is shown, and whether the request changed anything.
#[derive(Debug)]
pub struct Shown {
    /// The session.
    pub session: sessions::Session,
    /// Its revision, for the `ETag`.
    pub revision: u64,
    /// Whether the request changed anything.
    pub changed: bool,
}

impl Service {
    /// Creates a session. The same creation again changes nothing.
    pub async fn create_session(
        &self,
        organization: OrganizationId,
        body: CreateSession,
    ) -> Result<Shown, SessionRefused> {
        let id = body.id.map_or_else(new_id, Ok)?;
        let properties = Properties {
            project: label("project", body.project)?,
            subpath: label("subpath", body.subpath)?,
            title: label("title", body.title)?,
            parent_session_id: body.parent_session_id,
            metadata: flat(body.metadata.unwrap_or_default())?,
            expires_at: body.expires_at,
        };
        if properties.subpath.is_some() && properties.parent_session_id.is_none() {
            return Err(SessionRefused::Invalid(
                "subpath names a sub-agent of a session; send parent_session_id too".into(),
            ));
        }
        self.change(SessionKey { organization, session: id }, What::Create(properties)).await
    }

    /// The session, with its forks.
    pub async fn describe(&self, session: &SessionKey) -> Result<Shown, SessionRefused> {
        let (store, session) = (Arc::clone(&self.store), session.clone());
        let found = spawn_blocking(move || {
            let Some(found) = store.session(&session)?.filter(|found| found.snapshot.status != Status::Deleted) else {
                return Ok(None);
            };
            let forks = forks_of(store.as_ref(), &session)?;
            let shown = portrait::of(store.as_ref(), &found)?;
            let session = sessions::Session { forks: Some(forks), ..shown };
            Ok::<_, StoreError>(Some(Shown { session, revision: found.history.revision, changed: false }))
        });
        found.await.map_err(StoreError::engine("read a session"))??.ok_or(SessionRefused::NotFound)
    }

    /// Changes what is said of a session, if its revision is still `if_revision`.
    pub async fn patch_session(
        &self,
        session: SessionKey,
        if_revision: Option<u64>,
        body: PatchSession,
    ) -> Result<Shown, SessionRefused> {
        if body.status == Some(Status::Deleted) {
            let mend = "status is active, paused or ended; to delete the session send DELETE";
            return Err(SessionRefused::Invalid(mend.into()));
        }
        let patch = Patch {
            title: body.title.map(|title| label("title", title)).transpose()?,
            metadata: body.metadata.map(|metadata| metadata.map(flat_patch).transpose()).transpose()?,
            status: body.status,
            expires_at: body.expires_at,
        };
        self.change(session, What::Patch { if_revision, patch }).await
    }

    /// Forks a session. The same fork again changes nothing.
    pub async fn fork_session(&self, session: SessionKey, body: ForkSession) -> Result<Shown, SessionRefused> {
        let into = body.id.map_or_else(new_id, Ok)?;
        let at = match body.at {
            None => None,
            Some(event_id) => Some((self.length_at(&session, &event_id).await?, event_id)),
        };
        self.change(session, What::Fork { into, at }).await
    }

    /// Puts a session into the bin, and its sub-agents' with it if `cascade`.
    pub async fn delete_session(&self, session: SessionKey, cascade: bool) -> Result<Shown, SessionRefused> {
        let purge_at = later(self.clock.now(), self.bin_retention);
        if cascade {
            for child in self.descendants(&session).await? {
                let what = What::Delete { purge_at, with: Some(session.session.clone()) };
                // A child that is gone or in the bin already is as it should be.
                match self.change(child, what).await {
                    Ok(_) | Err(SessionRefused::NotFound) => {}
                    Err(refused) => return Err(refused),
                }
            }
        }
        self.change(session, What::Delete { purge_at, with: None }).await
    }

    /// Takes a session out of the bin, and with it those that went there with it.
    pub async fn restore_session(&self, session: SessionKey) -> Result<Shown, SessionRefused> {
        let restored = self.change(session.clone(), What::Restore { with: None }).await?;
        for child in self.descendants(&session).await? {
            match self.change(child, What::Restore { with: Some(session.session.clone()) }).await {
                Ok(_) | Err(SessionRefused::NotFound) => {}
                Err(refused) => return Err(refused),
            }
        }
        Ok(restored)
    }

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

    async fn change(&self, session: SessionKey, what: What) -> Result<Shown, SessionRefused> {
        let (session, changed) = match self.store.change(Change { session, what }).await? {
            Changed::Done(session) => (session, true),
            Changed::Already(session) => (session, false),
            Changed::NotFound => return Err(SessionRefused::NotFound),
            Changed::Exists => return Err(SessionRefused::Exists),
            Changed::TooLarge => return Err(metadata_too_large()),
            Changed::RevisionPassed(session) => return Err(SessionRefused::RevisionPassed(session.history.revision)),
            Changed::Forbidden(status, standing) => return Err(SessionRefused::Forbidden(status, standing)),
        };
        let (store, revision) = (Arc::clone(&self.store), session.history.revision);
        let shown = spawn_blocking(move || portrait::of(store.as_ref(), &session)).await;
        let session = shown.map_err(StoreError::engine("show a session"))??;
        Ok(Shown { session, revision, changed })
    }

    /// How many entries a chain has up to and with the one of this event id.
    async fn length_at(&self, session: &SessionKey, event_id: &str) -> Result<u64, SessionRefused> {
        let event_id = event_id.parse().map_err(|error| SessionRefused::Invalid(format!("at: {error}")))?;
        let (store, session) = (Arc::clone(&self.store), session.clone());
        let found = spawn_blocking(move || {
            let Some(chain) = store.snapshot(&session)?.filter(|chain| chain.status != Status::Deleted) else {
                return Ok(None);
            };
            let seq = match event_id {
                EventId::Uuid(uuid) => store.seq_of(&chain, &uuid)?,
                EventId::Seq(seq) => Some(seq).filter(|seq| *seq < chain.length),
            };
            Ok::<_, StoreError>(Some(seq))
        });
        match found.await.map_err(StoreError::engine("find an entry"))?? {
            None => Err(SessionRefused::NotFound),
            Some(None) => {
                Err(SessionRefused::Invalid("at names no entry of the session; send the event_id of one".into()))
            }
            Some(Some(seq)) => Ok(seq + 1),
        }
    }

    /// The sessions of a session's sub-agents, and of theirs. One that is not there has none, whoever names it.
    async fn descendants(&self, session: &SessionKey) -> Result<Vec<SessionKey>, SessionRefused> {
        let (store, session) = (Arc::clone(&self.store), session.clone());
        let found = spawn_blocking(move || {
            if store.snapshot(&session)?.is_none() {
                return Ok(Vec::new());
            }
            let mut found: Vec<SessionKey> = Vec::new();
            let mut open = vec![session.clone()];
            while let Some(next) = open.pop() {
                for child in store.children(&next)? {
                    let child = SessionKey { organization: next.organization, session: child };
                    // A session may name any other as its parent, itself among them.
                    if child != session && !found.contains(&child) {
                        found.push(child.clone());
                        open.push(child);
                    }
                }
            }
            Ok::<_, StoreError>(found)
        });
        Ok(found.await.map_err(StoreError::engine("find sub-agents"))??)
    }
}

/// The sessions that were forked from this one and can be read.
fn forks_of(store: &dyn Store, parent: &SessionKey) -> Result<Vec<SessionId>, StoreError> {
    let mut forks = Vec::new();
    for id in store.forks(parent)? {
        let fork = SessionKey { organization: parent.organization, session: id };
        if store.snapshot(&fork)?.is_some_and(|fork| fork.status != Status::Deleted) {
            forks.push(fork.session);
        }
    }
    Ok(forks)
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

fn later(now: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_add(micros))
}

/// An id that no other session has, the later made the greater (RFC 9562, version 7).
fn new_id() -> Result<SessionId, SessionRefused> {
    SessionId::new(&Uuid::now_v7().to_string()).map_err(|error| SessionRefused::Invalid(error.to_string()))
}

fn label(name: &str, text: Option<String>) -> Result<Option<String>, SessionRefused> {
    match text {
        Some(text) if text.chars().count() > LABEL_CHARS_MAX => {
            Err(SessionRefused::Invalid(format!("{name} is longer than {LABEL_CHARS_MAX} characters")))
        }
        text => Ok(text),
    }
}

/// Metadata is flat: values are texts, numbers and booleans.
fn flat(metadata: Metadata) -> Result<Metadata, SessionRefused> {
    if metadata.values().any(serde_json::Value::is_null) {
        return Err(SessionRefused::Invalid("a value of metadata is null; leave it out".into()));
    }
    if serde_json::to_vec(&metadata).map_or(usize::MAX, |json| json.len()) > METADATA_BYTES_MAX {
        return Err(metadata_too_large());
    }
    flat_patch(metadata)
}

/// As [`flat`], but null is there to take a value away, and the bound is on what comes of it.
fn flat_patch(metadata: Metadata) -> Result<Metadata, SessionRefused> {
    if metadata.values().any(|value| value.is_array() || value.is_object()) {
        let mend = "metadata is flat: each value is a text, a number or a boolean";
        return Err(SessionRefused::Invalid(mend.into()));
    }
    Ok(metadata)
}

fn metadata_too_large() -> SessionRefused {
    SessionRefused::Invalid(format!("metadata is larger than {METADATA_BYTES_MAX} bytes of JSON"))
}
