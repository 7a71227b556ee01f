//! What RocksDB tells of itself, read at a scrape.

use metrics::{Counter, Gauge};

use super::{
    LookupMetrics, Lookups,
    catalog::{
        BLOCK_CACHE, COMPACTIONS, DELAYED, FLUSHES, MEMTABLES, PENDING_COMPACTION, SCRAPED, SST, STOPPED, WAL, WRITTEN,
    },
};

/// Shows what RocksDB tells of itself.
pub struct StoreMetrics {
    written_to_log: Counter,
    written_by_flushes: Counter,
    written_by_compactions: Counter,
    blocks: LookupMetrics,
    memtables: Gauge,
    block_cache: Gauge,
    tables: Gauge,
    logs: Gauge,
    pending_compaction: Gauge,
    compactions: Gauge,
    flushes: Gauge,
    stopped: Gauge,
    delayed: Gauge,
    readable: Gauge,
}

/// What it tells now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreFigures {
    /// Bytes written to the log since the process started.
    pub log_written_bytes: u64,
    /// Bytes written to tables from memtables.
    pub flush_written_bytes: u64,
    /// Bytes written to tables by compactions.
    pub compaction_written_bytes: u64,
    /// Lookups in the block cache.
    pub blocks: Lookups,
    /// Bytes of memtables.
    pub memtable_bytes: u64,
    /// Bytes of the block cache in use.
    pub block_cache_bytes: u64,
    /// Bytes of tables.
    pub sst_bytes: u64,
    /// Bytes of logs.
    pub wal_bytes: u64,
    /// Bytes that compaction is behind by.
    pub pending_compaction_bytes: u64,
    /// Compactions under way.
    pub running_compactions: u64,
    /// Flushes under way.
    pub running_flushes: u64,
    /// Whether writes are stopped.
    pub writes_stopped: bool,
    /// Bytes a second to which writes are slowed down, or 0.
    pub delayed_write_rate_bytes: u64,
}

impl Default for StoreMetrics {
    fn default() -> Self {
        let written = |by| WRITTEN.counter(&[("by", by)]);
        Self {
            written_to_log: written("wal"),
            written_by_flushes: written("flush"),
            written_by_compactions: written("compaction"),
            blocks: LookupMetrics::blocks(),
            memtables: MEMTABLES.gauge(&[]),
            block_cache: BLOCK_CACHE.gauge(&[]),
            tables: SST.gauge(&[]),
            logs: WAL.gauge(&[]),
            pending_compaction: PENDING_COMPACTION.gauge(&[]),
            compactions: COMPACTIONS.gauge(&[]),
            flushes: FLUSHES.gauge(&[]),
            stopped: STOPPED.gauge(&[]),
            delayed: DELAYED.gauge(&[]),
            readable: SCRAPED.gauge(&[]),
        }
    }
}

impl StoreMetrics {
    /// Shows these; where there are none, that the last ones are old.
    pub fn show(&self, figures: Option<&StoreFigures>) {
        self.readable.set(if figures.is_some() { 1.0 } else { 0.0 });
        let Some(figures) = figures else { return };
        self.written_to_log.absolute(figures.log_written_bytes);
        self.written_by_flushes.absolute(figures.flush_written_bytes);
        self.written_by_compactions.absolute(figures.compaction_written_bytes);
        self.blocks.set(figures.blocks);
        self.memtables.set(figures.memtable_bytes as f64);
        self.block_cache.set(figures.block_cache_bytes as f64);
        self.tables.set(figures.sst_bytes as f64);
        self.logs.set(figures.wal_bytes as f64);
        self.pending_compaction.set(figures.pending_compaction_bytes as f64);
        self.compactions.set(figures.running_compactions as f64);
        self.flushes.set(figures.running_flushes as f64);
        self.stopped.set(if figures.writes_stopped { 1.0 } else { 0.0 });
        self.delayed.set(figures.delayed_write_rate_bytes as f64);
    }
}
