//! Sessions in the database: one, an organisation's list of them, their kin, and what replaces one when it changes.

use std::ops::ControlFlow;

use rocksdb::WriteBatch;
use verbatim_proto::{OrganizationId, SessionId};

use super::{
    change::{self, Listed, Replacement},
    engine::Engine,
    format::{
        ACTIVITY, KIN, META, SESSIONS,
        activity::{self, List, minute},
        kin::{self, Kinship},
        meta, session,
    },
    options,
};
use crate::store::{Session, SessionKey, StoreError};

impl Engine {
    /// The session as it stands.
    pub(super) fn session(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        let Some(value) = self.get(SESSIONS, &session::key(key), "read a session")? else { return Ok(None) };
        let (head, said) = session::decode(&value)?;
        let mut snapshot = change::empty(&head);
        self.take_up(&mut snapshot)?;
        let session::Said { properties, history } = said;
        Ok(Some(Session { id: key.session.clone(), properties, history, snapshot }))
    }

    /// Shows the sessions of a list, from the one after `after` on.
    pub(super) fn list(
        &self,
        organization: &OrganizationId,
        list: List,
        after: Option<&(u64, SessionId)>,
        visit: &mut dyn FnMut(u64, Session) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let start = match after {
            None => activity::prefix(organization, list).to_vec(),
            Some((minute, id)) => {
                let session = SessionKey { organization: *organization, session: id.clone() };
                let mut past = activity::key(&session, list, *minute);
                past.push(0);
                past
            }
        };
        self.each_from(ACTIVITY, &activity::prefix(organization, list), &start, |key, _| {
            let (minute, session) = activity::decode_key(key)?;
            let session = SessionKey { organization: *organization, session };
            // One that is purged between the two reads is not shown.
            Ok(match self.session(&session)? {
                Some(session) => visit(minute, session),
                None => ControlFlow::Continue(()),
            })
        })
    }

    /// The sessions that come from a session.
    pub(super) fn kin(&self, kinship: Kinship, parent: &SessionKey) -> Result<Vec<SessionId>, StoreError> {
        let prefix = kin::prefix(kinship, parent);
        let mut found = Vec::new();
        self.each_from(KIN, &prefix, &prefix, |key, _| {
            found.push(kin::decode_key(key, &prefix)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Shows the keys that begin with `prefix`, from `start` on, until one breaks.
    fn each_from(
        &self,
        family: &'static str,
        prefix: &[u8],
        start: &[u8],
        mut show: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut rows = self.db.raw_iterator_cf(self.family(family)?);
        rows.seek(start);
        while let Some((key, value)) = rows.item() {
            if !key.starts_with(prefix) || show(key, value)?.is_break() {
                break;
            }
            rows.next();
        }
        rows.status().map_err(StoreError::engine("read a list"))
    }

    /// Writes what a change replaces, and returns once it would survive loss of power.
    pub(super) fn replace(&self, new: &Replacement, next_chain: u64) -> Result<(), StoreError> {
        let Replacement { session: key, head, said, before, after } = new;
        let (activity, kin) = (self.family(ACTIVITY)?, self.family(KIN)?);
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family(SESSIONS)?, session::key(key), session::encode(head, said));
        if let Some(before) = before {
            batch.delete_cf(activity, listed_key(key, *before));
        }
        batch.put_cf(activity, listed_key(key, *after), []);
        if before.is_none() {
            batch.put_cf(self.family(META)?, meta::NEXT_CHAIN, next_chain.to_be_bytes());
            let parent = said.properties.parent_session_id.as_ref().map(|parent| (Kinship::Child, parent));
            let origin = said.history.forked_from.as_ref().map(|from| (Kinship::Fork, &from.session_id));
            for (kinship, from) in parent.into_iter().chain(origin) {
                let from = SessionKey { organization: key.organization, session: from.clone() };
                batch.put_cf(kin, kin::key(kinship, &from, &key.session), []);
            }
            for shared in head.lineage.segments() {
                batch.put_cf(kin, kin::reader_key(shared.chain, head.chain), kin::encode_reader(shared.end));
            }
        }
        self.db.write_opt(batch, &options::synced()).map_err(StoreError::of_write("write a session"))
    }
}

fn listed_key(session: &SessionKey, listed: Listed) -> Vec<u8> {
    match listed {
        Listed::Live(at) => activity::key(session, List::Live, minute(at)),
        Listed::Bin(at) => activity::key(session, List::Bin, minute(at)),
    }
}
