//! How RocksDB is set up, and why. What an operator may size is in [`Sizes`].

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, LogLevel, Options,
    WriteBufferManager, WriteOptions, statistics::StatsLevel,
};

use super::format::{ENTRIES, FAMILIES, IDENTITIES};

/// What RocksDB may take of memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Blocks of data read lately, with indexes and filters.
    pub cache_bytes: usize,
    /// Entries synced to the log and not yet written to tables. Also bounds what is replayed after a crash.
    pub memtable_bytes: usize,
}

const BLOCK_BYTES: usize = 16 * 1024;
/// Of entries, which are read in runs: the larger a block, the smaller it gets.
const ENTRIES_BLOCK_BYTES: usize = 64 * 1024;
/// Tables on the first level before they are merged into the next. A lookup of a new uuid asks a filter of each.
const LEVEL_ZERO_TABLES: i32 = 8;
/// 10 bits a key make one lookup in a hundred of a missing key read a block.
const FILTER_BITS_PER_KEY: f64 = 10.0;
/// At this block size a higher level, or a dictionary, takes a few percent more off the disk and twice the time.
const ZSTD_LEVEL: i32 = 1;
const NO_DICTIONARY: i32 = 0;
/// RocksDB's own "use the default" values.
const WINDOW_BITS_DEFAULT: i32 = -14;
const STRATEGY_DEFAULT: i32 = 0;
const INFO_LOG_BYTES_MAX: usize = 8 * 1024 * 1024;
const INFO_LOGS_KEPT: usize = 4;
const MANIFEST_PREALLOCATION_BYTES: usize = 64 * 1024;

/// Options of the whole database.
pub(super) fn database(sizes: &Sizes) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    // A torn last record is what a crash leaves, and was never acknowledged. Damage anywhere else must stop the start
    // rather than silently cut what follows it.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_paranoid_checks(true);
    options.set_max_total_wal_size(2 * sizes.memtable_bytes as u64);
    options.set_write_buffer_manager(&WriteBufferManager::new_write_buffer_manager(sizes.memtable_bytes, false));
    options.set_max_background_jobs(2);
    options.set_bytes_per_sync(1024 * 1024);
    options.set_manifest_preallocation_size(MANIFEST_PREALLOCATION_BYTES);
    options.set_max_open_files(-1);
    options.set_log_level(LogLevel::Warn);
    options.set_max_log_file_size(INFO_LOG_BYTES_MAX);
    options.set_keep_log_file_num(INFO_LOGS_KEPT);
    // Counts alone, for metrics: no times and no histograms, which cost more than they tell here.
    options.enable_statistics();
    options.set_statistics_level(StatsLevel::ExceptHistogramOrTimers);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options
}

/// Every column family with its options.
pub(super) fn families(sizes: &Sizes) -> Vec<ColumnFamilyDescriptor> {
    let cache = Cache::new_hyper_clock_cache(sizes.cache_bytes, 0);
    FAMILIES.iter().map(|name| ColumnFamilyDescriptor::new(*name, family(name, sizes, &cache))).collect()
}

fn family(name: &str, sizes: &Sizes, cache: &Cache) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_block_size(if name == ENTRIES { ENTRIES_BLOCK_BYTES } else { BLOCK_BYTES });
    table.set_format_version(6);
    table.set_bloom_filter(FILTER_BITS_PER_KEY, false);
    table.set_cache_index_and_filter_blocks(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_optimize_filters_for_memory(true);

    let mut options = Options::default();
    options.set_block_based_table_factory(&table);
    options.set_level_compaction_dynamic_level_bytes(true);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(sizes.memtable_bytes / 2);
    options.set_level_zero_file_num_compaction_trigger(LEVEL_ZERO_TABLES);
    match name {
        ENTRIES => {
            options.set_bottommost_compression_type(DBCompressionType::Zstd);
            options.set_bottommost_compression_options(
                WINDOW_BITS_DEFAULT,
                ZSTD_LEVEL,
                STRATEGY_DEFAULT,
                NO_DICTIONARY,
                true,
            );
        }
        // Most lookups are for uuids that are new: a filter in the memtable answers them without a search.
        IDENTITIES => {
            options.set_compression_type(DBCompressionType::None);
            options.set_memtable_whole_key_filtering(true);
            options.set_memtable_prefix_bloom_ratio(0.05);
        }
        _ => {}
    }
    options
}

/// How every group is written. There is no other: what is answered with success is synced.
pub(super) fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    // Batches are in the order of their keys.
    options.set_memtable_insert_hint_per_batch(true);
    options
}
