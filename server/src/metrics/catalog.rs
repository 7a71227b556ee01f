//! Every metric: its name, kind, unit and words. What is not here cannot be counted, and what is here is in
//! `docs/OPERATING.md`.

use metrics::{Counter, Gauge, Histogram, Unit};

/// A label: name and value.
pub(super) type Label = (&'static str, &'static str);

/// Times, in seconds.
const SECONDS: &[f64] = &[
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
    0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// Appends, up to the bound of a group.
const APPENDS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];
/// Bytes, up to the largest batch.
const BYTES: &[f64] =
    &[256.0, 1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 16_777_216.0, 67_108_864.0];

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// It only grows, from 0 at the start of the process.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It tells how many values were at most as large as each of these.
    Histogram(&'static [f64]),
}

/// One metric.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    unit: Unit,
    pub(super) help: &'static str,
}

impl Metric {
    /// A handle that stays good; without a recorder it counts nothing.
    pub(super) fn counter(&self, labels: &[Label]) -> Counter {
        metrics::counter!(self.name, labels)
    }

    /// As [`Self::counter`].
    pub(super) fn gauge(&self, labels: &[Label]) -> Gauge {
        metrics::gauge!(self.name, labels)
    }

    /// As [`Self::counter`].
    pub(super) fn histogram(&self, labels: &[Label]) -> Histogram {
        metrics::histogram!(self.name, labels)
    }

    /// Tells the recorder what the metric is.
    pub(super) fn describe(&self) {
        match self.kind {
            Kind::Counter => metrics::describe_counter!(self.name, self.unit, self.help),
            Kind::Gauge => metrics::describe_gauge!(self.name, self.unit, self.help),
            Kind::Histogram(_) => metrics::describe_histogram!(self.name, self.unit, self.help),
        }
    }
}

macro_rules! catalog {
    ($($id:ident = $name:literal, $kind:expr, $unit:ident, $help:literal;)*) => {
        $(#[doc = $help] pub(super) static $id: Metric =
            Metric { name: $name, kind: $kind, unit: Unit::$unit, help: $help };)*
        /// All of them.
        pub(super) static ALL: &[&Metric] = &[$(&$id),*];
    };
}

use Kind::{Counter as COUNTER, Gauge as GAUGE, Histogram as HISTOGRAM};

catalog! {
    HTTP_REQUESTS = "verbatim_http_requests_total", COUNTER, Count,
        "Requests answered.";
    HTTP_SECONDS = "verbatim_http_request_duration_seconds", HISTOGRAM(SECONDS), Seconds,
        "From the headers of a request to those of its answer.";
    CONNECTIONS = "verbatim_connections", GAUGE, Count,
        "Connections open.";
    CONNECTIONS_ACCEPTED = "verbatim_connections_accepted_total", COUNTER, Count,
        "Connections accepted.";
    TOKEN_LOOKUPS = "verbatim_token_cache_lookups_total", COUNTER, Count,
        "Tokens looked for among those verified lately.";
    FOLLOWERS = "verbatim_followers", GAUGE, Count,
        "Streams and long polls that wait for more.";
    APPENDS_ANSWERED = "verbatim_appends_total", COUNTER, Count,
        "Appends answered, a batch as one.";
    ENTRIES_STORED = "verbatim_entries_stored_total", COUNTER, Count,
        "Entries stored.";
    PAYLOAD_STORED = "verbatim_entry_bytes_stored_total", COUNTER, Bytes,
        "Bytes of the entries stored, as they were sent.";
    BUDGET_USED = "verbatim_admission_budget_used_bytes", GAUGE, Bytes,
        "Bytes of requests under way that hold a share of --queue-bytes-max.";
    BUDGET_MAX = "verbatim_admission_budget_bytes", GAUGE, Bytes,
        "The whole of it.";
    BUDGET_REFUSED = "verbatim_admission_refused_total", COUNTER, Count,
        "Requests refused because the budget was spent, before their body was read.";
    GROUP_APPENDS = "verbatim_group_appends", HISTOGRAM(APPENDS), Count,
        "Appends decided together, to be synced once.";
    GROUP_BYTES = "verbatim_group_bytes", HISTOGRAM(BYTES), Bytes,
        "Bytes of their entries.";
    GROUP_WAIT = "verbatim_group_queue_wait_seconds", HISTOGRAM(SECONDS), Seconds,
        "How long the append that waited longest for its group waited.";
    GROUP_DECIDE = "verbatim_group_decide_seconds", HISTOGRAM(SECONDS), Seconds,
        "From a group's being taken to its batch of writes.";
    GROUP_SYNC = "verbatim_group_sync_seconds", HISTOGRAM(SECONDS), Seconds,
        "Writing a group's batch to the log, and its fdatasync.";
    HEAD_LOOKUPS = "verbatim_head_cache_lookups_total", COUNTER, Count,
        "Chains looked for among those appended to lately; a new session is a miss.";
    READY = "verbatim_ready", GAUGE, Count,
        "1 while appends are taken, else 0, as /readyz.";
    UPTIME = "verbatim_uptime_seconds", GAUGE, Seconds,
        "Since the process started to serve.";
    BUILD_INFO = "verbatim_build_info", GAUGE, Count,
        "1, with the version.";
    CPU = "verbatim_process_cpu_seconds_total", COUNTER, Seconds,
        "CPU time of the process, all threads, in user mode and in the kernel.";
    RESIDENT = "verbatim_process_resident_bytes", GAUGE, Bytes,
        "Resident memory of the process.";
    DESCRIPTORS = "verbatim_process_open_descriptors", GAUGE, Count,
        "File descriptors open.";
    WRITTEN = "verbatim_rocksdb_written_bytes_total", COUNTER, Bytes,
        "Bytes that RocksDB wrote to files.";
    BLOCK_LOOKUPS = "verbatim_rocksdb_block_cache_lookups_total", COUNTER, Count,
        "Blocks looked for in RocksDB's block cache.";
    MEMTABLES = "verbatim_rocksdb_memtable_bytes", GAUGE, Bytes,
        "Memory of RocksDB's memtables, those being written to tables among them.";
    BLOCK_CACHE = "verbatim_rocksdb_block_cache_bytes", GAUGE, Bytes,
        "Memory in use of RocksDB's block cache.";
    SST = "verbatim_rocksdb_sst_bytes", GAUGE, Bytes,
        "Bytes of RocksDB's tables on the disk.";
    WAL = "verbatim_rocksdb_wal_bytes", GAUGE, Bytes,
        "Bytes of RocksDB's logs on the disk: what a start after a crash reads again.";
    PENDING_COMPACTION = "verbatim_rocksdb_pending_compaction_bytes", GAUGE, Bytes,
        "Bytes that compaction is estimated to be behind by.";
    COMPACTIONS = "verbatim_rocksdb_running_compactions", GAUGE, Count,
        "Compactions under way.";
    FLUSHES = "verbatim_rocksdb_running_flushes", GAUGE, Count,
        "Memtables being written to tables.";
    STOPPED = "verbatim_rocksdb_writes_stopped", GAUGE, Count,
        "1 while RocksDB stops writes until compaction has caught up, else 0.";
    DELAYED = "verbatim_rocksdb_delayed_write_rate_bytes", GAUGE, Bytes,
        "Bytes a second to which RocksDB slows writes down; 0 where it does not.";
    SCRAPED = "verbatim_rocksdb_readable", GAUGE, Count,
        "1 where the RocksDB figures are of now, 0 where the database was being reopened and they are older.";
}
