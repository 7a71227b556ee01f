//! What the writer does once a write has failed, until it may write again.

use std::{collections::HashSet, time::Instant};

use super::{
    commit::{Candidate, Decision},
    engine::Engine,
    format::identity::Identity,
    writer::Writer,
};
use crate::{
    limits::HEAL_INTERVAL,
    store::{Appended, SessionKey, StoreError},
};

/// What a failed write may have left in the log. It shows once the database is opened again; until then neither whether
/// these entries are stored can be known, nor where their chains stand.
#[derive(Default)]
pub(super) struct Doubts {
    chains: HashSet<SessionKey>,
    entries: HashSet<(SessionKey, Identity)>,
}

impl Doubts {
    /// Remembers what a group that failed was to store.
    pub(super) fn remember(&mut self, candidates: &[Candidate], decisions: &[Result<Decision, StoreError>]) {
        for (candidate, decision) in candidates.iter().zip(decisions) {
            if let Ok(Decision { answer: Appended::Stored { .. }, .. }) = decision {
                let session = &candidate.append.session;
                self.chains.insert(session.clone());
                self.entries.extend(candidate.identities.iter().flatten().map(|id| (session.clone(), *id)));
            }
        }
    }

    /// Whether it cannot be known where the chain stands.
    pub(super) fn chain(&self, session: &SessionKey) -> bool {
        self.chains.contains(session)
    }

    /// Whether an entry of the append may be stored already.
    pub(super) fn entry(&self, candidate: &Candidate) -> bool {
        let session = &candidate.append.session;
        let mut identities = candidate.identities.iter().flatten();
        self.chain(session) && identities.any(|identity| self.entries.contains(&(session.clone(), *identity)))
    }
}

impl Writer {
    /// A write failed: no append is taken until the database was opened again, and every head is read anew.
    pub(super) fn fail(&mut self, reason: StoreError) {
        tracing::error!(%reason, "appends are refused until the store has healed");
        self.latch.close(reason);
        self.heads.clear();
        self.usages.clear();
        self.known.clear();
        self.must_reopen = true;
    }

    /// Takes appends again if the disk has room, a probe syncs and, after a failed write, the database opens again.
    pub(super) fn heal(&mut self) {
        self.heal_at = Instant::now() + HEAL_INTERVAL;
        match self.try_heal() {
            Ok(()) => {
                self.latch.open();
                tracing::info!("the store has healed: appends are taken again");
            }
            Err(reason) => tracing::debug!(%reason, "the store cannot heal yet"),
        }
    }

    fn try_heal(&mut self) -> Result<(), StoreError> {
        self.reserve.probe(self.slot.folder())?;
        if self.must_reopen {
            self.slot.reopen()?;
            self.heads.clear();
            self.next = self.slot.with(Engine::next)?;
            self.must_reopen = false;
            self.doubts = Doubts::default();
        }
        Ok(())
    }
}
