//! The place where the open database stands, so that it can be closed and opened again while the process goes on.

use std::{
    path::PathBuf,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use rocksdb::Options;

use super::{
    engine::Engine,
    options::{self, Sizes},
};
use crate::store::StoreError;

/// Holds one [`Engine`], or none while it is being reopened.
pub(super) struct Slot {
    folder: PathBuf,
    sizes: Sizes,
    /// Kept, as what RocksDB counts is counted on in them when the database is opened again.
    database: Options,
    engine: RwLock<Option<Engine>>,
}

impl Slot {
    /// Opens the database in `folder`.
    pub(super) fn open(folder: PathBuf, sizes: Sizes) -> Result<Self, StoreError> {
        let database = options::database(&sizes);
        let engine = Engine::open(&folder, &sizes, &database)?;
        Ok(Self { folder, sizes, database, engine: RwLock::new(Some(engine)) })
    }

    /// Lends the engine out. It is not reopened or closed meanwhile, so a loan is for one short piece of work.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Engine) -> Result<T, StoreError>) -> Result<T, StoreError> {
        match self.read().as_ref() {
            Some(engine) => work(engine),
            None => Err(StoreError::Reopening),
        }
    }

    /// Closes and opens again, once whoever uses the engine is done. Where it cannot be opened for writes it is opened
    /// for reads, and the error says why.
    pub(super) fn reopen(&self) -> Result<(), StoreError> {
        self.stop_background_work();
        let mut slot = self.write();
        *slot = None;
        match Engine::open(&self.folder, &self.sizes, &self.database) {
            Ok(engine) => {
                *slot = Some(engine);
                Ok(())
            }
            Err(error) => {
                *slot = Engine::open_for_reads(&self.folder, &self.sizes).ok();
                Err(error)
            }
        }
    }

    /// Closes for good.
    pub(super) fn close(&self) {
        self.stop_background_work();
        *self.write() = None;
    }

    /// Whoever has the engine on loan for a compaction gives it back.
    fn stop_background_work(&self) {
        if let Some(engine) = self.read().as_ref() {
            engine.stop_background_work();
        }
    }

    /// What RocksDB counts.
    pub(super) fn counted(&self) -> &Options {
        &self.database
    }

    /// The folder that the database lies in.
    pub(super) fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    // A panic under the lock leaves an engine that RocksDB itself keeps consistent, so poison is passed over.
    fn read(&self) -> RwLockReadGuard<'_, Option<Engine>> {
        self.engine.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Option<Engine>> {
        self.engine.write().unwrap_or_else(PoisonError::into_inner)
    }
}
