//! A Durable Streams server in its `file-durable` mode, which syncs each append. The nearest that the protocol has to a
//! check of the head is `Stream-Seq`: an append whose number is not above the last one's is refused.

use std::{path::Path, sync::Arc};

use rustix::process::Signal;
use tokio::process::Command;

use super::{
    http::{HttpPeer, PAUSE},
    process::{Place, Running, free_address},
    single,
};
use crate::{
    append::{Appender, Chain, Reply},
    engine::Failure,
    error::LoadError,
    workload::Entry,
};

/// Its program, and how to get it.
pub const INSTALL: (&str, &str) = ("durable-streams-server", "cargo install --locked durable-streams-server");

/// More than any run writes; its own defaults are 10 MiB a stream and 100 MiB in all.
const BYTES_MAX: &str = "1099511627776";

/// Starts it.
pub async fn start(program: &Path, folder: &Path) -> Result<Running, LoadError> {
    let address = free_address()?;
    let mut command = Command::new(program);
    command.current_dir(folder).env("DS_SERVER__BIND_ADDRESS", address.to_string());
    command.env("DS_STORAGE__MODE", "file-durable").env("DS_STORAGE__DATA_DIR", folder.join("streams"));
    command.env("DS_LIMITS__MAX_MEMORY_BYTES", BYTES_MAX).env("DS_LIMITS__MAX_STREAM_BYTES", BYTES_MAX);
    command.env("DS_OBSERVABILITY__RUST_LOG", "warn").env("RUST_LOG", "warn");
    Running::start(Place { name: "durable-streams", address }, command, folder, Signal::TERM).await
}

/// One connection.
pub struct DurableStreamsAppender {
    peer: HttpPeer,
    request: Vec<u8>,
}

impl DurableStreamsAppender {
    /// Not yet connected.
    pub fn new(place: Arc<Place>) -> Self {
        Self { peer: HttpPeer::new(place), request: Vec::new() }
    }
}

impl Appender for DurableStreamsAppender {
    async fn prepare(&mut self, chains: &[Chain]) -> Result<(), Failure> {
        for chain in chains {
            let request = format!(
                "PUT /v1/stream/{} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n",
                chain.session,
                self.peer.host()
            );
            let answer = self.peer.call(request.as_bytes()).await?;
            if !matches!(answer.status, 200 | 201) {
                return Err(Failure::fatal(self.peer.said(answer.status)));
            }
        }
        Ok(())
    }

    async fn append(&mut self, chain: &Chain, entries: &[Entry]) -> Result<Reply, Failure> {
        let entry = single(entries)?;
        let seq = self.peer.lengths.get(&chain.number).copied().unwrap_or(0) + 1;
        self.request.clear();
        let head = format!(
            "POST /v1/stream/{} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nstream-seq: {seq:020}\r\n\
             content-length: {}\r\n\r\n",
            chain.session,
            self.peer.host(),
            entry.body.len()
        );
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(&entry.body);
        let answer = self.peer.call(&self.request).await?;
        match answer.status {
            200 | 204 => {
                self.peer.lengths.insert(chain.number, seq);
                Ok(Reply::Stored)
            }
            429 | 500..=599 => Err(Failure::passing(format!("status {}", answer.status), PAUSE)),
            status => Err(Failure::fatal(self.peer.said(status))),
        }
    }
}
