//! The report's data: what `--json` writes, and what every other form is made from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::machine::Machine;

/// Version of the JSON; raised when a member changes its meaning or goes.
pub const FORMAT: u32 = 1;

/// One report.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of the harness.
    pub version: String,
    /// When the run began, RFC 3339.
    pub began_at: String,
    /// What it ran on.
    pub machine: Machine,
    /// What was asked for, in words.
    pub work: String,
    /// The settings that shaped it.
    pub settings: BTreeMap<String, String>,
    /// One for each measured run.
    pub rounds: Vec<Round>,
    /// What the machine allows for the same work.
    pub limits: Option<Limits>,
    /// What was reached of it.
    pub shares: Vec<Share>,
    /// Goals, and what was measured.
    #[serde(default)]
    pub rows: Vec<Row>,
    /// How servers compare, where several were measured.
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
    /// What a reader should know before trusting the figures.
    pub notes: Vec<String>,
}

/// One measured run of one server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Round {
    /// Which server.
    pub target: String,
    /// One for each kind of operation.
    pub classes: Vec<Measured>,
    /// What the server used, where its process is known.
    pub server: Option<Cost>,
    /// What the generator used.
    pub load: Option<Cost>,
    /// What the server counted of itself over the window, where it tells (`/metrics`).
    #[serde(default)]
    pub metrics: BTreeMap<String, f64>,
    /// Whatever else was measured; each name says its unit.
    #[serde(default)]
    pub figures: BTreeMap<String, f64>,
    /// The server's process and data over the window.
    #[serde(default)]
    pub samples: Vec<Sample>,
}

/// The server's process and data at one moment.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Sample {
    /// Seconds from the start of the window.
    pub at_s: f64,
    /// Cores kept busy since the sample before.
    pub cores: f64,
    /// Resident memory.
    pub resident_bytes: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
    /// Bytes of the files in the data folder; 0 where it is not known.
    pub data_bytes: u64,
}

/// One kind of operation, measured.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Measured {
    /// Its name.
    pub class: String,
    /// Length of the window, in seconds.
    pub seconds: f64,
    /// Operations.
    pub ops: u64,
    /// Operations a second.
    pub ops_per_s: f64,
    /// Entries a second.
    pub entries_per_s: f64,
    /// Bytes of entries or bodies a second.
    pub bytes_per_s: f64,
    /// Lost races.
    pub conflicts: u64,
    /// Failed attempts, by kind.
    pub errors: BTreeMap<String, u64>,
    /// From the (intended) start of an operation to its end.
    pub latency: Latency,
    /// From sending a request to the first byte of the answer's body.
    pub first_byte: Option<Latency>,
    /// How many operations took how long.
    pub histogram: Vec<Bar>,
    /// How it went over the window.
    pub series: Vec<Point>,
}

/// Quantiles in microseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Latency {
    /// Arithmetic mean.
    pub mean_us: f64,
    /// Least.
    pub min_us: f64,
    /// Median.
    pub p50_us: f64,
    /// 90th percentile.
    pub p90_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// 99.9th percentile.
    pub p999_us: f64,
    /// Most.
    pub max_us: f64,
}

/// A bar of a histogram.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Bar {
    /// Upper edge, in microseconds; the lower one is that of the bar before.
    pub to_us: f64,
    /// Operations.
    pub count: u64,
}

/// A part of the window.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Point {
    /// Its end, in seconds from the start of the window.
    pub at_s: f64,
    /// Operations a second.
    pub ops_per_s: f64,
    /// Bytes a second.
    pub bytes_per_s: f64,
    /// Median latency.
    pub p50_us: f64,
    /// 99th percentile.
    pub p99_us: f64,
    /// Longest.
    pub max_us: f64,
    /// Failed attempts.
    pub errors: u64,
}

/// What a process used over the window.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Cost {
    /// CPU time an operation, all threads, in microseconds.
    pub cpu_us_per_op: f64,
    /// Of it, in the kernel.
    pub kernel_us_per_op: f64,
    /// Cores kept busy.
    pub cores: f64,
    /// Resident memory at the end of the window, in bytes.
    pub resident_bytes: u64,
    /// How much it grew over the window, in bytes.
    pub resident_growth_bytes: i64,
    /// The most it has ever been.
    pub resident_peak_bytes: u64,
    /// Bytes written to disk for each byte of entries appended; 0 where nothing was.
    pub written_per_payload_byte: f64,
    /// Open descriptors at the end.
    pub descriptors: u64,
}

/// The machine's own limits for the same work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Limits {
    /// The same requests against a server that reads them and answers at once.
    pub null: Option<Round>,
    /// The same bytes written and synced in groups.
    pub disk: Vec<Disk>,
    /// What kind of file system they were written to.
    pub filesystem: String,
}

/// Sequential write + `fdatasync` in groups of one size.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Disk {
    /// Entries a group.
    pub group: u64,
    /// Bytes an entry.
    pub entry_bytes: u64,
    /// One write with its `fdatasync`.
    pub latency: Latency,
    /// Entries a second.
    pub entries_per_s: f64,
    /// Bytes a second.
    pub bytes_per_s: f64,
}

/// What a run reached of a limit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Share {
    /// Of what.
    pub of: String,
    /// Measured.
    pub measured: f64,
    /// The limit, in the same unit.
    pub limit: f64,
    /// One by the other.
    pub share: f64,
}

/// One row of the table of figures.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// Which figure of which work.
    pub work: String,
    /// What it should be.
    pub goal: String,
    /// What it is; None where it could not be measured.
    pub measured: Option<f64>,
    /// Whether the goal is reached.
    pub reached: Option<bool>,
    /// What helps to read it.
    pub detail: String,
}

/// One figure of one server by that of another.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comparison {
    /// Whose figure is divided.
    pub first: String,
    /// By whose.
    pub other: String,
    /// Which figure.
    pub figure: String,
    /// Pair by pair, in the order of the rounds.
    pub ratios: Vec<f64>,
    /// Their median.
    pub median: f64,
}

impl Share {
    /// `measured` as a share of `limit`.
    pub fn new(of: impl Into<String>, measured: f64, limit: f64) -> Self {
        Self { of: of.into(), measured, limit, share: if limit > 0.0 { measured / limit } else { 0.0 } }
    }
}

impl Report {
    /// A report with no rounds yet.
    pub fn new(work: String, settings: BTreeMap<String, String>) -> Self {
        let machine = Machine::here();
        let machine_busy = machine.busy().into_iter().collect();
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            began_at: jiff::Timestamp::now().to_string(),
            machine,
            work,
            settings,
            rounds: Vec::new(),
            limits: None,
            shares: Vec::new(),
            rows: Vec::new(),
            comparisons: Vec::new(),
            notes: machine_busy,
        }
    }

    /// As JSON, indented.
    pub fn to_json(&self) -> String {
        // Plain data with text keys always encodes.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl Round {
    /// The figures of one kind of operation.
    pub fn class(&self, name: &str) -> Option<&Measured> {
        self.classes.iter().find(|class| class.class == name)
    }
}
