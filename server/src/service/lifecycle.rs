//! How sessions go, come back and begin anew; and how an entry loses its content.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use tokio::task::spawn_blocking;
use verbatim_proto::{
    EntryView, EventId, Timestamp,
    digest::PayloadHash,
    sessions::{PurgedSession, ResetSession},
};

use super::{
    By, ReadRefused, Service, SessionRefused, Shown,
    place::{entry_at, seq_of},
    sessions::new_id,
};
use crate::store::{EntryRef, Expected, SessionKey, StoreError, What};

impl Service {
    /// Puts a session into the bin, and before it its sub-agents' if `cascade`: so that what was broken off is done again
    /// whole.
    pub async fn delete_session(&self, session: SessionKey, cascade: bool, by: By) -> Result<Shown, SessionRefused> {
        let delete = |with| What::Delete { keep_micros: self.bin_retention_micros(), with };
        if cascade {
            self.must_be_there(&session).await?;
            for child in self.descendants(&session).await? {
                self.take_along(child, delete(Some(session.session.clone())), &by).await?;
            }
        }
        self.change(session, delete(None), by).await
    }

    /// Takes a session out of the bin, and with it those that went there with it.
    pub async fn restore_session(&self, session: SessionKey, by: By) -> Result<Shown, SessionRefused> {
        let restored = self.change(session.clone(), What::Restore { with: None }, by.clone()).await?;
        for child in self.descendants(&session).await? {
            self.take_along(child, What::Restore { with: Some(session.session.clone()) }, &by).await?;
        }
        Ok(restored)
    }

    /// Takes a session away for good, and before it its sub-agents' if `cascade`. None where what `by` rests on does not
    /// hold.
    pub async fn purge_session(
        &self,
        session: SessionKey,
        cascade: bool,
        by: By,
    ) -> Result<Option<PurgedSession>, SessionRefused> {
        if cascade {
            self.must_be_there(&session).await?;
            for child in self.descendants(&session).await? {
                self.take_along(child, What::Purge, &by).await?;
            }
        }
        let (gone, _) = self.changed(session, What::Purge, by).await?;
        let purged = gone.history.purged;
        Ok(purged.map(|purged| PurgedSession { id: gone.id, purged_at: purged.at, id_free_at: purged.forget_at }))
    }

    /// Whether there is such a session, be it in the bin.
    async fn must_be_there(&self, session: &SessionKey) -> Result<(), SessionRefused> {
        let (store, session) = (Arc::clone(&self.store), session.clone());
        let found =
            spawn_blocking(move || store.session(&session)).await.map_err(StoreError::engine("read a session"))??;
        found.filter(|found| found.history.purged.is_none()).map(drop).ok_or(SessionRefused::NotFound)
    }

    /// Frees the id of a purged session, once that is due.
    pub(super) async fn forget_session(&self, session: SessionKey, by: By) -> Result<(), SessionRefused> {
        match self.changed(session, What::Forget, by).await {
            Ok(_) | Err(SessionRefused::NotFound) => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    /// Does to a sub-agent's session what is done to its parent. One that is gone, or so already, is as it should be.
    async fn take_along(&self, child: SessionKey, what: What, by: &By) -> Result<(), SessionRefused> {
        let by = By { only_if: Default::default(), ..by.clone() };
        match self.changed(child, what, by).await {
            Ok(_) | Err(SessionRefused::NotFound) => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    /// Begins a new chain under the same id; the old one goes to a session of its own. The same reset again changes
    /// nothing.
    pub async fn reset_session(
        &self,
        session: SessionKey,
        expected: Expected,
        by: By,
    ) -> Result<(Shown, ResetSession), SessionRefused> {
        let (stored, changed) = self.changed(session, What::Reset { expected, archive: new_id()? }, by).await?;
        let archived_session_id = stored.history.reset.as_ref().map(|reset| reset.archive.clone());
        let shown = self.show(stored, changed).await?;
        let reset = ResetSession { session: shown.session.clone(), archived_session_id };
        Ok((shown, reset))
    }

    /// Takes an entry's content away for good. The same again changes nothing.
    pub async fn redact_entry(&self, session: &SessionKey, id: EventId, by: By) -> Result<(), ReadRefused> {
        let snapshot = self.snapshot(session).await?;
        let (store, at) = (Arc::clone(&self.store), self.clock.now());
        let found = spawn_blocking(move || {
            let seq = seq_of(&*store, &snapshot, id)?.ok_or(ReadRefused::NoSuchEntry)?;
            let stub = entry_at(&*store, &snapshot, seq, |entry| stub(entry, at))?;
            Ok::<_, ReadRefused>(What::Redact { chain: snapshot.chain, seq, stub })
        });
        let what = found.await.map_err(StoreError::engine("redact an entry"))??;
        match self.changed(session.clone(), what, by).await {
            Ok(_) => Ok(()),
            Err(SessionRefused::Store(error)) => Err(ReadRefused::Change(error)),
            Err(_) => Err(ReadRefused::NotFound),
        }
    }

    fn bin_retention_micros(&self) -> i64 {
        i64::try_from(self.bin_retention.as_micros()).unwrap_or(i64::MAX)
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

/// What takes the place of an entry's payload (PROTOCOL.md, redact an entry).
fn stub(entry: &EntryRef<'_>, at: Timestamp) -> Bytes {
    #[derive(Serialize)]
    struct Stub<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        r#type: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        subtype: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        uuid: Option<&'a str>,
        redacted: Redacted,
    }
    #[derive(Serialize)]
    struct Redacted {
        at: Timestamp,
        blake3: String,
    }
    let own_type = EntryView::parse(entry.payload).ok().and_then(|view| view.event_type);
    let stub = Stub {
        r#type: own_type.as_deref(),
        subtype: entry.is_boundary.then_some("compact_boundary"),
        uuid: entry.uuid,
        redacted: Redacted { at, blake3: hex(entry.payload_hash) },
    };
    serde_json::to_vec(&stub).unwrap_or_default().into()
}

fn hex(hash: &PayloadHash) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}
