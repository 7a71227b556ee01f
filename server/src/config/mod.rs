//! What an operator may set: one typed struct, from flags, then the environment, then a TOML file, then defaults.

mod layer;
mod units;

use std::{fs, io, net::SocketAddr, path::PathBuf, time::Duration};

use verbatim_proto::limits::{ENTRY_BYTES_MAX_DEFAULT, PAGE_PAYLOAD_BYTES_MAX};

use crate::{
    auth::{JwksUrl, KeyFile},
    transport::TlsFiles,
};

pub use layer::Layer;
pub use units::{Bytes, Seconds};

/// Where the data lies unless told otherwise.
pub const DATA_DIR_DEFAULT: &str = "verbatim-data";
/// Where the server listens unless told otherwise.
pub const LISTEN_DEFAULT: &str = "127.0.0.1:4280";

const BIN_RETENTION_DEFAULT: Duration = Duration::from_secs(7 * 24 * 3600);
const MIB: u64 = 1024 * 1024;

/// Everything that `verbatim serve` goes by.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data folder.
    pub data_dir: PathBuf,
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// What TLS is spoken with; none for plain HTTP.
    pub tls: Option<TlsFiles>,
    /// The largest entry taken, in bytes of body.
    pub entry_bytes_max: usize,
    /// Bytes of appends under way at once.
    pub queue_bytes_max: usize,
    /// RocksDB's cache, in bytes.
    pub cache_bytes: usize,
    /// RocksDB's memtables, in bytes.
    pub memtable_bytes: usize,
    /// Bytes of the disk that appends leave free.
    pub disk_reserve_bytes: u64,
    /// Connections at once.
    pub connections_max: usize,
    /// How long headers may take to arrive, and a connection stay idle.
    pub header_timeout: Duration,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// How long a client may take none of what is sent to it.
    pub write_timeout: Duration,
    /// How long requests under way may take to finish once the server is told to stop.
    pub drain_timeout: Duration,
    /// How long a deleted session can be restored.
    pub bin_retention: Duration,
    /// How often to look for what is to go by itself.
    pub sweep_interval: Duration,
    /// `iss` of every token.
    pub token_issuer: Option<String>,
    /// `aud` of every token.
    pub token_audience: Option<String>,
    /// How far clocks may disagree on a token's times.
    pub token_leeway: Duration,
    /// Public keys that tokens may be signed with.
    pub trusted_keys: Vec<KeyFile>,
    /// A JWKS file of such keys.
    pub trusted_jwks: Option<PathBuf>,
    /// Where an issuer publishes such keys.
    pub trusted_jwks_url: Option<JwksUrl>,
    /// How often they are fetched.
    pub trusted_jwks_interval: Duration,
    /// The revocation list.
    pub revoked: Option<PathBuf>,
    /// What is logged, as `tracing` filters say it.
    pub log: String,
    /// In which form.
    pub log_format: LogFormat,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Human on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For a person.
    Human,
    /// One JSON object a line.
    Json,
}

/// Which setting is wrong, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("--config {}: cannot read the file: {cause}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file is not the TOML it should be.
    #[error("--config {}: {cause}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Which setting of it, and why.
        cause: String,
    },
    /// A value is out of its bounds.
    #[error("{setting} (VERBATIM_{}): {cause}", setting.trim_start_matches('-').replace('-', "_").to_uppercase())]
    Setting {
        /// The flag's name.
        setting: &'static str,
        /// What would be right.
        cause: String,
    },
}

impl Config {
    /// Settles every setting. `given` holds flags and environment; it may name a file for what it leaves open.
    pub fn resolve(given: Layer) -> Result<Self, ConfigError> {
        let file = match &given.config {
            None => Layer::default(),
            Some(path) => {
                let text = fs::read_to_string(path).map_err(|cause| ConfigError::Read { path: path.clone(), cause })?;
                toml::from_str(&text)
                    .map_err(|cause| ConfigError::File { path: path.clone(), cause: cause.to_string() })?
            }
        };
        Self::settle(given.over(file))
    }

    fn settle(set: Layer) -> Result<Self, ConfigError> {
        let entry_bytes_max = bounded(
            "--entry-bytes-max",
            set.entry_bytes_max,
            ENTRY_BYTES_MAX_DEFAULT as u64,
            1,
            PAGE_PAYLOAD_BYTES_MAX,
        )?;
        let queue_bytes_max =
            bounded("--queue-bytes-max", set.queue_bytes_max, 128 * MIB, entry_bytes_max + 1024, 64 * 1024 * MIB)?;
        Ok(Self {
            data_dir: set.data_dir.unwrap_or_else(|| DATA_DIR_DEFAULT.into()),
            listen: listen(set.listen.as_deref().unwrap_or(LISTEN_DEFAULT))?,
            tls: tls(set.tls_cert, set.tls_key, set.tls_client_ca)?,
            entry_bytes_max: entry_bytes_max as usize,
            queue_bytes_max: queue_bytes_max as usize,
            cache_bytes: bounded("--cache-bytes", set.cache_bytes, 128 * MIB, MIB, 1024 * 1024 * MIB)? as usize,
            memtable_bytes: bounded("--memtable-bytes", set.memtable_bytes, 128 * MIB, MIB, 64 * 1024 * MIB)? as usize,
            disk_reserve_bytes: bounded("--disk-reserve-bytes", set.disk_reserve_bytes, 256 * MIB, 0, u64::MAX)?,
            connections_max: count("--connections-max", set.connections_max, 16 * 1024)?,
            header_timeout: time("--header-timeout", set.header_timeout, 75)?,
            body_timeout: time("--body-timeout", set.body_timeout, 30)?,
            write_timeout: time("--write-timeout", set.write_timeout, 30)?,
            drain_timeout: time("--drain-timeout", set.drain_timeout, 8)?,
            bin_retention: set.bin_retention.map_or(BIN_RETENTION_DEFAULT, |time| time.0),
            sweep_interval: time("--sweep-interval", set.sweep_interval, 30)?,
            token_issuer: set.token_issuer,
            token_audience: set.token_audience,
            token_leeway: set.token_leeway.map_or(Duration::ZERO, |leeway| leeway.0),
            trusted_keys: set.trusted_keys,
            trusted_jwks: set.trusted_jwks,
            trusted_jwks_url: set.trusted_jwks_url.map(|url| jwks_url(&url)).transpose()?,
            trusted_jwks_interval: time("--trusted-jwks-interval", set.trusted_jwks_interval, 300)?,
            revoked: set.revoked,
            log: log_filter(set.log.unwrap_or_else(|| "info".to_owned()))?,
            log_format: set.log_format.unwrap_or_default(),
        })
    }
}

fn wrong<T>(setting: &'static str, cause: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError::Setting { setting, cause: cause.into() })
}

fn bounded(setting: &'static str, value: Option<Bytes>, default: u64, min: u64, max: u64) -> Result<u64, ConfigError> {
    let value = value.map_or(default.max(min), |bytes| bytes.0);
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    wrong(setting, format!("{value} bytes is out of bounds; give {min} to {max}"))
}

fn count(setting: &'static str, value: Option<usize>, default: usize) -> Result<usize, ConfigError> {
    const MAX: usize = 1_000_000;
    match value.unwrap_or(default) {
        value if (1..=MAX).contains(&value) => Ok(value),
        value => wrong(setting, format!("{value} is out of bounds; give 1 to {MAX}")),
    }
}

fn time(setting: &'static str, value: Option<Seconds>, default_seconds: u64) -> Result<Duration, ConfigError> {
    const MAX: Duration = Duration::from_secs(3600);
    match value.map_or(Duration::from_secs(default_seconds), |seconds| seconds.0) {
        value if value > Duration::ZERO && value <= MAX => Ok(value),
        _ => wrong(setting, "out of bounds; give more than 0 and at most 1h"),
    }
}

fn listen(text: &str) -> Result<SocketAddr, ConfigError> {
    use std::net::ToSocketAddrs;
    match text.to_socket_addrs().map(|mut addresses| addresses.next()) {
        Ok(Some(address)) => Ok(address),
        _ => wrong(
            "--listen",
            format!(
                "{text:?} is not HOST:PORT, or the host has no address; give one such as {LISTEN_DEFAULT}, where port 0 picks a free one"
            ),
        ),
    }
}

fn tls(
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    client_ca: Option<PathBuf>,
) -> Result<Option<TlsFiles>, ConfigError> {
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some(TlsFiles { certificate, key, client_ca })),
        (Some(_), None) => wrong("--tls-key", "--tls-cert needs it; give the certificate's private key"),
        (None, Some(_)) => wrong("--tls-cert", "--tls-key needs it; give the key's certificate"),
        (None, None) if client_ca.is_some() => {
            wrong("--tls-client-ca", "clients show certificates over TLS alone; give --tls-cert and --tls-key too")
        }
        (None, None) => Ok(None),
    }
}

fn jwks_url(text: &str) -> Result<JwksUrl, ConfigError> {
    text.parse().or_else(|cause: String| wrong("--trusted-jwks-url", cause))
}

fn log_filter(filter: String) -> Result<String, ConfigError> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    // A lone word that is no level would be taken for the name of a module and silence everything else.
    let is_word = !filter.contains(['=', ',', '[']);
    if is_word && !LEVELS.contains(&filter.to_lowercase().as_str()) {
        return wrong(
            "--log",
            format!(
                "{filter:?} is no level; give one of {}, or a filter such as verbatim_server=debug",
                LEVELS.join(", ")
            ),
        );
    }
    match filter.parse::<tracing_subscriber::EnvFilter>() {
        Ok(_) => Ok(filter),
        Err(error) => wrong(
            "--log",
            format!("{error}; give a level such as info or debug, or a filter such as verbatim_server=debug"),
        ),
    }
}

#[cfg(test)]
mod tests;
