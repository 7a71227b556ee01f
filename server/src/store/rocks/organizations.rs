//! Organisations in the database: what happened, what is set, what goes by itself.

use std::ops::ControlFlow;

use rocksdb::{IteratorMode, WriteBatch};
use verbatim_proto::{
    OrganizationId,
    organization::{Change, Settings},
};

use super::{
    engine::Engine,
    format::{AUDIT, DUE, ORGANIZATIONS, audit, due, organization},
};
use crate::store::{Due, Order, SessionKey, StoreError};

impl Engine {
    /// Shows what happened, from this number on.
    pub(super) fn changes(
        &self,
        organization: &OrganizationId,
        from: u64,
        visit: &mut dyn FnMut(u64, Change) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let start = audit::key(organization, from);
        self.each_from(AUDIT, organization.as_bytes(), &start, Order::Ascending, |key, value| {
            Ok(visit(audit::decode_key(key)?, audit::decode(value)?))
        })
    }

    /// What is set for an organisation.
    pub(super) fn settings(&self, organization: &OrganizationId) -> Result<Settings, StoreError> {
        let found = self.get(ORGANIZATIONS, &organization::settings_key(organization), "read settings")?;
        found.map_or(Ok(Settings::default()), |value| organization::decode_settings(&value))
    }

    /// Sets it.
    pub(super) fn set_settings(&self, id: &OrganizationId, settings: &Settings) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        let value = organization::encode_settings(settings);
        batch.put_cf(self.family(ORGANIZATIONS)?, organization::settings_key(id), value);
        self.commit(batch, "write settings")
    }

    /// Shows what goes by itself, the next first, from behind `after` on.
    pub(super) fn due(
        &self,
        organization: &OrganizationId,
        after: Option<&Due>,
        visit: &mut dyn FnMut(Due) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let start = match after {
            None => organization.as_bytes().to_vec(),
            Some(Due { session, at, whereto }) => {
                let session = SessionKey { organization: *organization, session: session.clone() };
                let mut past = due::key(&session, *at, *whereto);
                past.push(0);
                past
            }
        };
        self.each_from(DUE, organization.as_bytes(), &start, Order::Ascending, |key, _| {
            due::decode_key(key).map(|(_, due)| visit(due))
        })
    }

    /// Every organisation that ever stored anything.
    pub(super) fn organizations(&self) -> Result<Vec<OrganizationId>, StoreError> {
        let mut found = Vec::new();
        for row in self.db.iterator_cf(self.family(ORGANIZATIONS)?, IteratorMode::Start) {
            let (key, _) = row.map_err(StoreError::engine("read the organisations"))?;
            found.extend(organization::decode_usage_key(&key));
        }
        Ok(found)
    }
}
