//! Sessions in the database: one, an organisation's list of them, their kin, and what a change writes.

use std::ops::ControlFlow;

use rocksdb::WriteBatch;
use verbatim_proto::{OrganizationId, SessionId, organization::Change};

use super::{
    change::{Plan, Record},
    commit::Next,
    engine::Engine,
    format::{
        ACTIVITY, AUDIT, ENTRIES, GARBAGE, KIN, ORGANIZATIONS, SESSIONS,
        activity::{self, List},
        audit, entry, garbage,
        kin::{self, Kinship},
        organization, session,
    },
    options, rows,
};
use crate::store::{Lineage, Order, Session, SessionKey, StoreError, Usage};

impl Engine {
    /// The session as it stands.
    pub(super) fn session(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        let Some(value) = self.get(SESSIONS, &session::key(key), "read a session")? else { return Ok(None) };
        let (head, session::Said { properties, history }) = session::decode(&value)?;
        let snapshot = self.snapshot(&head)?;
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
        let prefix = activity::prefix(organization, list);
        self.each_from(ACTIVITY, &prefix, &start, Order::Ascending, |key, _| self.show(organization, key, visit))
    }

    /// Shows the sessions that can be read, those that grew last last, from behind this minute and id on.
    pub(super) fn list_oldest_first(
        &self,
        organization: &OrganizationId,
        after: (u64, Option<&SessionId>),
        visit: &mut dyn FnMut(u64, Session) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let prefix = activity::prefix(organization, List::Live);
        let (minute, id) = after;
        let start = match id {
            Some(id) => {
                let session = SessionKey { organization: *organization, session: id.clone() };
                activity::key(&session, List::Live, minute)
            }
            // Past every id of that minute.
            None => [&prefix[..], &(!minute).to_be_bytes(), &[u8::MAX]].concat(),
        };
        self.each_from(ACTIVITY, &prefix, &start, Order::Descending, |key, _| {
            if id.is_some() && key == start {
                Ok(ControlFlow::Continue(()))
            } else {
                self.show(organization, key, visit)
            }
        })
    }

    fn show(
        &self,
        organization: &OrganizationId,
        key: &[u8],
        visit: &mut dyn FnMut(u64, Session) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let (minute, session) = activity::decode_key(key)?;
        let session = SessionKey { organization: *organization, session };
        // One that is purged between the two reads is not shown.
        Ok(match self.session(&session)?.filter(|session| session.history.purged.is_none()) {
            Some(session) => visit(minute, session),
            None => ControlFlow::Continue(()),
        })
    }

    /// The sessions that come from a session.
    pub(super) fn kin(&self, kinship: Kinship, parent: &SessionKey) -> Result<Vec<SessionId>, StoreError> {
        let prefix = kin::prefix(kinship, parent);
        let mut found = Vec::new();
        self.each_from(KIN, &prefix, &prefix, Order::Ascending, |key, _| {
            found.push(kin::decode_key(key, &prefix)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Shows the rows whose keys begin with `prefix`, from `start` on, until one breaks.
    pub(super) fn each_from(
        &self,
        family: &'static str,
        prefix: &[u8],
        start: &[u8],
        order: Order,
        mut show: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut rows = self.db.raw_iterator_cf(self.family(family)?);
        match order {
            Order::Ascending => rows.seek(start),
            Order::Descending => rows.seek_for_prev(start),
        }
        while let Some((key, value)) = rows.item() {
            if !key.starts_with(prefix) || show(key, value)?.is_break() {
                break;
            }
            match order {
                Order::Ascending => rows.next(),
                Order::Descending => rows.prev(),
            }
        }
        rows.status().map_err(StoreError::engine("read a list"))
    }

    /// Whether the entry of a chain was redacted.
    pub(super) fn is_redacted(&self, lineage: &Lineage, chain: u64, seq: u64) -> Result<bool, StoreError> {
        let owner = lineage.locate(chain, seq..seq + 1).first().map_or(chain, |(owner, _)| *owner);
        let found = self.get(ENTRIES, &entry::key(owner, seq), "read an entry")?;
        found.map_or(Ok(false), |value| Ok(entry::decode(&value)?.is_redacted))
    }

    /// What a change comes to, as one batch. `told` is its part of the audit trail, by number.
    pub(super) fn batch_of(
        &self,
        plan: &Plan,
        told: &[(OrganizationId, u64, Change)],
        usage: Option<(&OrganizationId, &Usage)>,
        next: Next,
    ) -> Result<WriteBatch, StoreError> {
        let mut batch = WriteBatch::default();
        self.put_records(&mut batch, plan)?;
        for (organization, number, change) in told {
            batch.put_cf(self.family(AUDIT)?, audit::key(organization, *number), audit::encode(change));
        }
        if let Some((id, usage)) = usage {
            let key = organization::usage_key(id);
            batch.put_cf(self.family(ORGANIZATIONS)?, key, organization::encode_usage(usage));
        }
        self.put_next(&mut batch, next)?;
        let garbage = self.family(GARBAGE)?;
        if let Some((chain, left, lineage)) = &plan.unreached {
            batch.put_cf(garbage, garbage::unreached_key(*chain), garbage::encode_left(left));
            // What was kept for this one may be kept for nobody now.
            for shared in lineage.segments() {
                if let Some(left) = self.get(GARBAGE, &garbage::kept_key(shared.chain), "read what is kept")? {
                    batch.put_cf(garbage, garbage::unreached_key(shared.chain), &left);
                    batch.delete_cf(garbage, garbage::kept_key(shared.chain));
                }
            }
            for replaced in &plan.records {
                batch.put_cf(garbage, garbage::session_key(&session::key(&replaced.session)), []);
            }
        }
        if let Some(redacted) = &plan.redacted {
            let (chain, seq) = (redacted.chain, redacted.seq);
            let key = entry::key(chain, seq);
            let Some(value) = self.get(ENTRIES, &key, "read an entry")? else {
                return Err(StoreError::Damaged(format!("entry {seq} of chain {chain} is missing")));
            };
            batch.put_cf(self.family(ENTRIES)?, key, entry::redact(&value, &redacted.stub)?);
            batch.put_cf(garbage, garbage::entries_key(chain, &(seq..seq + 1)), []);
        }
        Ok(batch)
    }

    /// Writes a batch, and returns once it would survive loss of power.
    pub(super) fn commit(&self, batch: WriteBatch, during: &'static str) -> Result<(), StoreError> {
        self.db.write_opt(batch, &options::synced()).map_err(StoreError::of_write(during))
    }

    fn put_records(&self, batch: &mut WriteBatch, plan: &Plan) -> Result<(), StoreError> {
        // What goes before what comes: a row may go from one session to another.
        let rows = |record: &Option<Record>, session| record.as_ref().map_or(Vec::new(), |r| rows::of(session, r));
        for replaced in &plan.records {
            for (family, key, _) in rows(&replaced.before, &replaced.session) {
                batch.delete_cf(self.family(family)?, key);
            }
        }
        for replaced in &plan.records {
            let (sessions, key) = (self.family(SESSIONS)?, session::key(&replaced.session));
            match &replaced.after {
                Some(Record { head, said, .. }) => batch.put_cf(sessions, key, session::encode(head, said)),
                None => batch.delete_cf(sessions, key),
            }
            for (family, key, value) in rows(&replaced.after, &replaced.session) {
                batch.put_cf(self.family(family)?, key, value);
            }
        }
        Ok(())
    }

    /// How much the organisation keeps.
    pub(super) fn usage(&self, organization: &OrganizationId) -> Result<Usage, StoreError> {
        let found = self.get(ORGANIZATIONS, &organization::usage_key(organization), "read an organisation's usage")?;
        found.map_or(Ok(Usage::default()), |value| organization::decode_usage(&value))
    }
}
