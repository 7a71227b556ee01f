//! What the writer does once a write has failed, until it may write again.

use std::time::Instant;

use super::{engine::Engine, writer::Writer};
use crate::{limits::HEAL_INTERVAL, store::StoreError};

impl Writer {
    /// A write failed: no append is taken until the database was opened again, and every head is read anew.
    pub(super) fn fail(&mut self, reason: StoreError) {
        tracing::error!(%reason, "appends are refused until the store has healed");
        self.latch.close(reason);
        self.heads.clear();
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
            self.next_chain = self.slot.with(Engine::next_chain)?;
            self.must_reopen = false;
        }
        Ok(())
    }
}
