//! One layer of settings: what flags and environment give, or what the file gives. Anything may be left open.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

use super::{Bytes, LogFormat, Seconds};
use crate::auth::KeyFile;

/// Settings of the server. Each flag `--a-b` is also the variable `VERBATIM_A_B` and the key `a_b` of the file.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layer {
    /// TOML file with settings for what flags and environment leave open
    #[arg(long, env = "VERBATIM_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Data folder, made where there is none [default: verbatim-data]
    #[arg(long, env = "VERBATIM_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where to listen; port 0 picks a free one [default: 127.0.0.1:4280]
    #[arg(long, env = "VERBATIM_LISTEN", value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Certificate to speak TLS with, and those between it and its authority, in PEM; needs --tls-key
    #[arg(long, env = "VERBATIM_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM
    #[arg(long, env = "VERBATIM_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Authorities, in PEM, of which every client must have a certificate [default: clients need none]
    #[arg(long, env = "VERBATIM_TLS_CLIENT_CA", value_name = "FILE")]
    pub tls_client_ca: Option<PathBuf>,
    /// Largest entry taken [default: 16MiB]
    #[arg(long, env = "VERBATIM_ENTRY_BYTES_MAX", value_name = "BYTES", allow_hyphen_values = true)]
    pub entry_bytes_max: Option<Bytes>,
    /// Appends under way at once; past it callers get 503 [default: 128MiB]
    #[arg(long, env = "VERBATIM_QUEUE_BYTES_MAX", value_name = "BYTES", allow_hyphen_values = true)]
    pub queue_bytes_max: Option<Bytes>,
    /// Memory for what was read lately [default: 128MiB]
    #[arg(long, env = "VERBATIM_CACHE_BYTES", value_name = "BYTES", allow_hyphen_values = true)]
    pub cache_bytes: Option<Bytes>,
    /// Memory for what was written lately; also bounds the replay after a crash [default: 128MiB]
    #[arg(long, env = "VERBATIM_MEMTABLE_BYTES", value_name = "BYTES", allow_hyphen_values = true)]
    pub memtable_bytes: Option<Bytes>,
    /// Free disk below which appends get 503; at most a 32nd of the disk [default: 256MiB]
    #[arg(long, env = "VERBATIM_DISK_RESERVE_BYTES", value_name = "BYTES", allow_hyphen_values = true)]
    pub disk_reserve_bytes: Option<Bytes>,
    /// Connections at once; more wait to be accepted [default: 16384]
    #[arg(long, env = "VERBATIM_CONNECTIONS_MAX", value_name = "N", allow_hyphen_values = true)]
    pub connections_max: Option<usize>,
    /// How long headers may take to arrive, and a connection stay idle [default: 75s]
    #[arg(long, env = "VERBATIM_HEADER_TIMEOUT", value_name = "TIME", allow_hyphen_values = true)]
    pub header_timeout: Option<Seconds>,
    /// How long a body may take to arrive [default: 30s]
    #[arg(long, env = "VERBATIM_BODY_TIMEOUT", value_name = "TIME", allow_hyphen_values = true)]
    pub body_timeout: Option<Seconds>,
    /// How long a client may take none of what is sent to it before its connection is cut [default: 30s]
    #[arg(long, env = "VERBATIM_WRITE_TIMEOUT", value_name = "TIME", allow_hyphen_values = true)]
    pub write_timeout: Option<Seconds>,
    /// How long requests under way may take to finish at shutdown [default: 8s]
    #[arg(long, env = "VERBATIM_DRAIN_TIMEOUT", value_name = "TIME", allow_hyphen_values = true)]
    pub drain_timeout: Option<Seconds>,
    /// How long a deleted session can be restored [default: 7d]
    #[arg(long, env = "VERBATIM_BIN_RETENTION", value_name = "TIME", allow_hyphen_values = true)]
    pub bin_retention: Option<Seconds>,
    /// How often to look for what is to go by itself [default: 30s]
    #[arg(long, env = "VERBATIM_SWEEP_INTERVAL", value_name = "TIME", allow_hyphen_values = true)]
    pub sweep_interval: Option<Seconds>,
    /// Required `iss` of tokens
    #[arg(long, env = "VERBATIM_TOKEN_ISSUER", value_name = "TEXT")]
    pub token_issuer: Option<String>,
    /// Required `aud` of tokens
    #[arg(long, env = "VERBATIM_TOKEN_AUDIENCE", value_name = "TEXT")]
    pub token_audience: Option<String>,
    /// How far clocks may disagree on a token's times [default: 0s]
    #[arg(long, env = "VERBATIM_TOKEN_LEEWAY", value_name = "TIME", allow_hyphen_values = true)]
    pub token_leeway: Option<Seconds>,
    /// Public key that tokens may be signed with: EdDSA, ES256 or RS256, and its PEM file; may be repeated
    #[arg(
        long = "trusted-key",
        env = "VERBATIM_TRUSTED_KEYS",
        value_name = "ALGORITHM[:KID]=FILE",
        value_delimiter = ','
    )]
    pub trusted_keys: Vec<KeyFile>,
    /// JWKS file of such keys
    #[arg(long, env = "VERBATIM_TRUSTED_JWKS", value_name = "FILE")]
    pub trusted_jwks: Option<PathBuf>,
    /// URL at which an issuer publishes such keys; https, or http on this machine
    #[arg(long, env = "VERBATIM_TRUSTED_JWKS_URL", value_name = "URL")]
    pub trusted_jwks_url: Option<String>,
    /// How often they are fetched [default: 5m]
    #[arg(long, env = "VERBATIM_TRUSTED_JWKS_INTERVAL", value_name = "TIME", allow_hyphen_values = true)]
    pub trusted_jwks_interval: Option<Seconds>,
    /// Tokens and subjects that are revoked, one a line: `jti ID` or `sub SUBJECT`
    #[arg(long, env = "VERBATIM_REVOKED", value_name = "FILE")]
    pub revoked: Option<PathBuf>,
    /// What to log: a level, or a filter such as verbatim_server=debug [default: info]
    #[arg(long, env = "VERBATIM_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// Form of the log [default: auto]
    #[arg(long, env = "VERBATIM_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

impl Layer {
    /// This layer, and `below` for what it leaves open.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            config: self.config.or(below.config),
            data_dir: self.data_dir.or(below.data_dir),
            listen: self.listen.or(below.listen),
            tls_cert: self.tls_cert.or(below.tls_cert),
            tls_key: self.tls_key.or(below.tls_key),
            tls_client_ca: self.tls_client_ca.or(below.tls_client_ca),
            entry_bytes_max: self.entry_bytes_max.or(below.entry_bytes_max),
            queue_bytes_max: self.queue_bytes_max.or(below.queue_bytes_max),
            cache_bytes: self.cache_bytes.or(below.cache_bytes),
            memtable_bytes: self.memtable_bytes.or(below.memtable_bytes),
            disk_reserve_bytes: self.disk_reserve_bytes.or(below.disk_reserve_bytes),
            connections_max: self.connections_max.or(below.connections_max),
            header_timeout: self.header_timeout.or(below.header_timeout),
            body_timeout: self.body_timeout.or(below.body_timeout),
            write_timeout: self.write_timeout.or(below.write_timeout),
            drain_timeout: self.drain_timeout.or(below.drain_timeout),
            bin_retention: self.bin_retention.or(below.bin_retention),
            sweep_interval: self.sweep_interval.or(below.sweep_interval),
            token_issuer: self.token_issuer.or(below.token_issuer),
            token_audience: self.token_audience.or(below.token_audience),
            token_leeway: self.token_leeway.or(below.token_leeway),
            trusted_keys: if self.trusted_keys.is_empty() { below.trusted_keys } else { self.trusted_keys },
            trusted_jwks: self.trusted_jwks.or(below.trusted_jwks),
            trusted_jwks_url: self.trusted_jwks_url.or(below.trusted_jwks_url),
            trusted_jwks_interval: self.trusted_jwks_interval.or(below.trusted_jwks_interval),
            revoked: self.revoked.or(below.revoked),
            log: self.log.or(below.log),
            log_format: self.log_format.or(below.log_format),
        }
    }
}
