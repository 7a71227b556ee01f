//! What RocksDB tells of itself, for metrics.

use std::{fs, path::Path};

use rocksdb::{
    properties::{
        ACTUAL_DELAYED_WRITE_RATE, BLOCK_CACHE_USAGE, ESTIMATE_PENDING_COMPACTION_BYTES, IS_WRITE_STOPPED,
        NUM_RUNNING_COMPACTIONS, NUM_RUNNING_FLUSHES, PropName, SIZE_ALL_MEM_TABLES, TOTAL_SST_FILES_SIZE,
    },
    statistics::Ticker,
};

use super::{
    engine::Engine,
    format::{ENTRIES, FAMILIES},
    slot::Slot,
};
use crate::{
    metrics::{Lookups, StoreFigures},
    store::StoreError,
};

/// Reads them. Error: the database is being reopened.
pub(super) fn read(slot: &Slot) -> Result<StoreFigures, StoreError> {
    let wal_bytes = log_bytes(slot.folder());
    let counted = |ticker| slot.counted().get_ticker_count(ticker);
    slot.with(|engine| {
        // Some are of one family and are added up; the others are of the whole database, whichever family is asked.
        let of_all = |name| FAMILIES.iter().map(|family| property(engine, family, name)).sum::<Result<u64, _>>();
        let of_database = |name| property(engine, ENTRIES, name);
        Ok(StoreFigures {
            log_written_bytes: counted(Ticker::WalFileBytes),
            flush_written_bytes: counted(Ticker::FlushWriteBytes),
            compaction_written_bytes: counted(Ticker::CompactWriteBytes),
            blocks: Lookups { hits: counted(Ticker::BlockCacheHit), misses: counted(Ticker::BlockCacheMiss) },
            memtable_bytes: of_all(SIZE_ALL_MEM_TABLES)?,
            block_cache_bytes: of_database(BLOCK_CACHE_USAGE)?,
            sst_bytes: of_all(TOTAL_SST_FILES_SIZE)?,
            wal_bytes,
            pending_compaction_bytes: of_all(ESTIMATE_PENDING_COMPACTION_BYTES)?,
            running_compactions: of_database(NUM_RUNNING_COMPACTIONS)?,
            running_flushes: of_database(NUM_RUNNING_FLUSHES)?,
            writes_stopped: of_database(IS_WRITE_STOPPED)? != 0,
            delayed_write_rate_bytes: of_database(ACTUAL_DELAYED_WRITE_RATE)?,
        })
    })
}

fn property(engine: &Engine, family: &'static str, name: &PropName) -> Result<u64, StoreError> {
    let found = engine.db.property_int_value_cf(engine.family(family)?, name);
    Ok(found.map_err(StoreError::engine("read what RocksDB tells of itself"))?.unwrap_or(0))
}

/// Bytes of the logs in the database's folder; what goes while it is looked at is not counted.
fn log_bytes(folder: &Path) -> u64 {
    let Ok(files) = fs::read_dir(folder) else { return 0 };
    let logs = files.flatten().filter(|file| file.path().extension().is_some_and(|extension| extension == "log"));
    logs.filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum()
}
