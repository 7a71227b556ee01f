//! What a run is aimed at: where it listens, who may speak to it, and which process it is.

pub mod launch;
pub mod process;
pub mod session;
pub mod tokens;

use std::{
    net::{SocketAddr, ToSocketAddrs},
    path::PathBuf,
};

pub use launch::{Launched, Recipe};
pub use process::Usage;
pub use tokens::Tokens;

use crate::error::{LoadError, While};

/// A server that speaks Verbatim's protocol.
#[derive(Debug, Clone)]
pub struct Target {
    /// As reports name it.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    /// What the `host` header says.
    pub host: String,
    /// What requests are signed with.
    pub tokens: Tokens,
    /// Its process, where it runs on this machine and is known.
    pub pid: Option<u32>,
    /// Its data folder, where it is known.
    pub data_dir: Option<PathBuf>,
}

/// The address of an `http://HOST:PORT` URL.
pub fn address_of(url: &str) -> Result<(SocketAddr, String), LoadError> {
    let usage = |why: &str| LoadError::Usage(format!("{url} {why}; give a URL such as http://127.0.0.1:4280"));
    let rest = url.strip_prefix("http://").ok_or_else(|| usage("does not begin with http:// (TLS is not measured)"))?;
    let host = rest.trim_end_matches('/');
    let with_port = if host.rsplit(']').next().is_some_and(|end| end.contains(':')) {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let mut addresses = with_port.to_socket_addrs().while_doing(format!("resolve {host}"))?;
    let address = addresses.next().ok_or_else(|| usage("names no address"))?;
    Ok((address, host.to_owned()))
}
