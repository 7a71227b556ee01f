//! Sessions as resources: what may be said of them and how they change. How they are shown is in `portrait`, how they are
//! listed in `list`, how they go in `lifecycle`.

use std::sync::Arc;

use tokio::task::spawn_blocking;
use uuid::Uuid;
use verbatim_proto::{
    OrganizationId, SessionId,
    ids::EventId,
    limits::{LABEL_CHARS_MAX, METADATA_BYTES_MAX},
    organization::Cause,
    sessions::{self, CreateSession, ForkSession, Metadata, PatchSession, Status},
};

use super::{Service, SessionRefused, portrait};
use crate::store::{
    Change, Changed, ForkAt, OnlyIf, Patch, Properties, Session, SessionKey, Store, StoreError, Subject, What,
};

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

/// Who changes a session, and why.
#[derive(Debug, Clone, Default)]
pub struct By {
    /// The `sub` of the token that asks for it.
    pub subject: Subject,
    /// Why.
    pub cause: Cause,
    /// Whether it is still to be done.
    pub only_if: OnlyIf,
}

impl Service {
    /// Creates a session. The same creation again changes nothing.
    pub async fn create_session(
        &self,
        organization: OrganizationId,
        body: CreateSession,
        by: By,
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
        self.change(SessionKey { organization, session: id }, What::Create(properties), by).await
    }

    /// The session, with its forks.
    pub async fn describe(&self, session: &SessionKey) -> Result<Shown, SessionRefused> {
        let (store, session) = (Arc::clone(&self.store), session.clone());
        let found = spawn_blocking(move || {
            let Some(found) = store.session(&session)?.filter(|found| found.snapshot.status != Status::Deleted) else {
                return Ok(None);
            };
            let forks = forks_of(store.as_ref(), &session, &found)?;
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
        by: By,
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
        self.change(session, What::Patch { if_revision, patch }, by).await
    }

    /// Forks a session. The same fork again changes nothing.
    pub async fn fork_session(&self, session: SessionKey, body: ForkSession, by: By) -> Result<Shown, SessionRefused> {
        let into = body.id.map_or_else(new_id, Ok)?;
        let at = match body.at {
            None => None,
            Some(event_id) => match self.fork_at(&session, &event_id).await {
                Ok(at) => Some(at),
                // What the parent came to since makes no other fork of one that is there.
                Err(refused) => {
                    let fork = SessionKey { organization: session.organization, session: into };
                    return self.fork_of(fork, &session, event_id).await?.ok_or(refused);
                }
            },
        };
        let looked_up = at.as_ref().map(|at| at.event_id.clone());
        let forked = self.change(session.clone(), What::Fork { into, at }, by).await;
        if let (Err(SessionRefused::NotFound), Some(event_id)) = (&forked, looked_up) {
            // The session may have begun a new chain meanwhile: then the place is what is not there.
            self.fork_at(&session, &event_id).await?;
        }
        forked
    }

    /// The session `fork`, if it is the fork of `parent` at this event id.
    async fn fork_of(
        &self,
        fork: SessionKey,
        parent: &SessionKey,
        event_id: String,
    ) -> Result<Option<Shown>, SessionRefused> {
        let (store, parent) = (Arc::clone(&self.store), parent.clone());
        let found = spawn_blocking(move || {
            let parent_is_there = store.snapshot(&parent)?.is_some_and(|parent| parent.status != Status::Deleted);
            let found = store.session(&fork)?.filter(|found| {
                let from = found.history.forked_from.as_ref();
                found.snapshot.status != Status::Deleted
                    && from.is_some_and(|from| from.session_id == parent.session && from.at.as_ref() == Some(&event_id))
            });
            Ok::<_, StoreError>(found.filter(|_| parent_is_there))
        });
        match found.await.map_err(StoreError::engine("read a fork"))?? {
            Some(fork) => self.show(fork, false).await.map(Some),
            None => Ok(None),
        }
    }

    /// Makes a change, and shows the session as it is then.
    pub(super) async fn change(&self, session: SessionKey, what: What, by: By) -> Result<Shown, SessionRefused> {
        let (session, changed) = self.changed(session, what, by).await?;
        self.show(session, changed).await
    }

    /// Makes a change. Gives the session as it is then, and whether anything was changed.
    pub(super) async fn changed(
        &self,
        session: SessionKey,
        what: What,
        by: By,
    ) -> Result<(Session, bool), SessionRefused> {
        let By { subject, cause, only_if } = by;
        match self.store.change(Change { session, what, subject, cause, only_if }).await? {
            Changed::Done(session) => Ok((session, true)),
            Changed::Already(session) => Ok((session, false)),
            Changed::NotFound => Err(SessionRefused::NotFound),
            Changed::Exists => Err(SessionRefused::Exists),
            Changed::TooLarge => Err(metadata_too_large()),
            Changed::RevisionPassed(session) => Err(SessionRefused::RevisionPassed(session.history.revision)),
            Changed::Forbidden(status, standing) => Err(SessionRefused::Forbidden(status, standing)),
            Changed::Conflict(standing) => Err(SessionRefused::Conflict(standing)),
        }
    }

    pub(super) async fn show(&self, session: Session, changed: bool) -> Result<Shown, SessionRefused> {
        let (store, revision) = (Arc::clone(&self.store), session.history.revision);
        let shown = spawn_blocking(move || portrait::of(store.as_ref(), &session)).await;
        let session = shown.map_err(StoreError::engine("show a session"))??;
        Ok(Shown { session, revision, changed })
    }

    /// Where a fork leaves the session that is to share its entries up to and with the one of this event id.
    async fn fork_at(&self, session: &SessionKey, event_id: &str) -> Result<ForkAt, SessionRefused> {
        let requested = event_id.to_owned();
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
            Ok::<_, StoreError>(Some(seq.map(|seq| (chain.chain, seq + 1))))
        });
        match found.await.map_err(StoreError::engine("find an entry"))?? {
            None => Err(SessionRefused::NotFound),
            Some(None) => {
                Err(SessionRefused::Invalid("at names no entry of the session; send the event_id of one".into()))
            }
            Some(Some((chain, length))) => Ok(ForkAt { chain, length, event_id: requested }),
        }
    }
}

/// The sessions that were forked from this one and can be read. A session that had its id before it is another one.
fn forks_of(store: &dyn Store, key: &SessionKey, parent: &Session) -> Result<Vec<SessionId>, StoreError> {
    let created_at = parent.history.first_created_at.unwrap_or(parent.snapshot.created_at);
    let mut forks = Vec::new();
    for id in store.forks(key)? {
        let fork = SessionKey { organization: key.organization, session: id };
        let found = store.snapshot(&fork)?;
        if found.is_some_and(|found| found.status != Status::Deleted && found.created_at >= created_at) {
            forks.push(fork.session);
        }
    }
    Ok(forks)
}

/// An id that no other session has, the later made the greater (RFC 9562, version 7).
pub(super) fn new_id() -> Result<SessionId, SessionRefused> {
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
