//! Peers: other servers that can keep an ordered log, made to do the same work, so that anyone can rerun the comparison.
//!
//! One file a peer: how to install it, how it is started for a run with everything synced before it answers, and an
//! appender that checks the head and appends in one step, as far as the peer can. Their protocols are spoken as barely
//! as Verbatim's own, so that no peer is slowed by its client.

pub mod durable_streams;
mod http;
pub mod postgres;
pub mod process;
pub mod redis;
pub mod s2;

use std::{path::Path, sync::Arc};

pub use process::Running;

use crate::{
    append::{Appender, Chain, Reply},
    engine::Failure,
    error::LoadError,
    workload::Entry,
};

/// Which peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Peer {
    /// Redis, `appendfsync always`, one Lua script an append
    Redis,
    /// PostgreSQL, one conditional INSERT an append
    Postgres,
    /// s2 lite on the local disk, `match_seq_num`
    S2,
    /// A Durable Streams server, file-durable, `Stream-Seq`
    DurableStreams,
}

impl Peer {
    /// Every peer.
    pub const ALL: [Self; 4] = [Self::Redis, Self::Postgres, Self::S2, Self::DurableStreams];

    /// As reports name it, and as `--against` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Postgres => "postgres",
            Self::S2 => "s2",
            Self::DurableStreams => "durable-streams",
        }
    }

    /// The peer of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|peer| peer.name() == name)
    }

    /// Where its program is; the error says how to get it.
    pub fn program(self) -> Result<std::path::PathBuf, LoadError> {
        let (program, recipe) = match self {
            Self::Redis => redis::INSTALL,
            Self::Postgres => postgres::INSTALL,
            Self::S2 => s2::INSTALL,
            Self::DurableStreams => durable_streams::INSTALL,
        };
        let found = process::find(program);
        found.ok_or_else(|| LoadError::Target(format!("{} is not here ({program}); to get it: {recipe}", self.name())))
    }

    /// Starts it on an empty folder, for this many connections, and waits until it answers.
    pub async fn start(self, folder: &Path, agents: usize) -> Result<Running, LoadError> {
        let program = self.program()?;
        match self {
            Self::Redis => redis::start(&program, folder).await,
            Self::Postgres => postgres::start(&program, folder, agents).await,
            Self::S2 => s2::start(&program, folder).await,
            Self::DurableStreams => durable_streams::start(&program, folder).await,
        }
    }

    /// An appender, not yet connected.
    pub fn appender(self, running: &Arc<process::Place>) -> PeerAppender {
        let place = Arc::clone(running);
        match self {
            Self::Redis => PeerAppender::Redis(redis::RedisAppender::new(place)),
            Self::Postgres => PeerAppender::Postgres(postgres::PostgresAppender::new(place)),
            Self::S2 => PeerAppender::S2(s2::S2Appender::new(place)),
            Self::DurableStreams => PeerAppender::DurableStreams(durable_streams::DurableStreamsAppender::new(place)),
        }
    }
}

/// The appender of any peer.
pub enum PeerAppender {
    /// [`Peer::Redis`].
    Redis(redis::RedisAppender),
    /// [`Peer::Postgres`].
    Postgres(postgres::PostgresAppender),
    /// [`Peer::S2`].
    S2(s2::S2Appender),
    /// [`Peer::DurableStreams`].
    DurableStreams(durable_streams::DurableStreamsAppender),
}

impl Appender for PeerAppender {
    async fn prepare(&mut self, chains: &[Chain]) -> Result<(), Failure> {
        match self {
            Self::Redis(appender) => appender.prepare(chains).await,
            Self::Postgres(appender) => appender.prepare(chains).await,
            Self::S2(appender) => appender.prepare(chains).await,
            Self::DurableStreams(appender) => appender.prepare(chains).await,
        }
    }

    async fn append(&mut self, chain: &Chain, entries: &[Entry]) -> Result<Reply, Failure> {
        match self {
            Self::Redis(appender) => appender.append(chain, entries).await,
            Self::Postgres(appender) => appender.append(chain, entries).await,
            Self::S2(appender) => appender.append(chain, entries).await,
            Self::DurableStreams(appender) => appender.append(chain, entries).await,
        }
    }
}

/// The one entry of an append; peers are compared on single appends.
pub(crate) fn single(entries: &[Entry]) -> Result<&Entry, Failure> {
    match entries {
        [entry] => Ok(entry),
        _ => Err(Failure::fatal("peers are compared on single appends; leave --batch out")),
    }
}
