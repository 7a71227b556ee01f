//! s2 lite on the local disk: `POST /v1/streams/{stream}/records` with `match_seq_num`, in protobuf, which it takes most
//! cheaply. Its local store renames files into place and does not sync them, so that it promises less than the others.

use std::{path::Path, sync::Arc};

use memchr::memmem;
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
    error::{LoadError, While},
    workload::Entry,
};

/// Its program, and how to get it.
pub const INSTALL: (&str, &str) = ("s2", "cargo install --locked s2-cli");

const BASIN: &str = "verbatim-load";
const BASINS: &str = r#"{"basins":[{"name":"verbatim-load","config":{"create_stream_on_append":true}}]}"#;

/// Starts it with one basin that makes streams as they are written.
pub async fn start(program: &Path, folder: &Path) -> Result<Running, LoadError> {
    let address = free_address()?;
    let (store, basins) = (folder.join("store"), folder.join("basins.json"));
    std::fs::create_dir_all(&store).while_doing(format!("make {}", store.display()))?;
    std::fs::write(&basins, BASINS).while_doing("write the basins of s2")?;
    let mut command = Command::new(program);
    command.arg("lite").arg("--local-root").arg(store).arg("--init-file").arg(basins);
    command.args(["--port", &address.port().to_string(), "--no-dashboard"]).env("RUST_LOG", "warn");
    Running::start(Place { name: "s2", address }, command, folder, Signal::TERM).await
}

/// One connection.
pub struct S2Appender {
    peer: HttpPeer,
    request: Vec<u8>,
}

impl S2Appender {
    /// Not yet connected.
    pub fn new(place: Arc<Place>) -> Self {
        Self { peer: HttpPeer::new(place), request: Vec::new() }
    }
}

impl Appender for S2Appender {
    async fn prepare(&mut self, _chains: &[Chain]) -> Result<(), Failure> {
        Ok(())
    }

    async fn append(&mut self, chain: &Chain, entries: &[Entry]) -> Result<Reply, Failure> {
        let entry = single(entries)?;
        let length = self.peer.lengths.get(&chain.number).copied().unwrap_or(0);
        let input = append_input(&entry.body, length);
        self.request.clear();
        let head = format!(
            "POST /v1/streams/{}/records HTTP/1.1\r\nhost: {}\r\ns2-basin: {BASIN}\r\ncontent-type: application/protobuf\r\n\
             accept: application/protobuf\r\ncontent-length: {}\r\n\r\n",
            chain.session,
            self.peer.host(),
            input.len()
        );
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(&input);
        let answer = self.peer.call(&self.request).await?;
        match answer.status {
            200 => {
                self.peer.lengths.insert(chain.number, length + 1);
                Ok(Reply::Stored)
            }
            412 => {
                let length = expected(&self.peer.body).ok_or_else(|| Failure::fatal(self.peer.said(412)))?;
                self.peer.lengths.insert(chain.number, length);
                Ok(Reply::Conflict(None))
            }
            429 | 500..=599 => Err(Failure::passing(format!("status {}", answer.status), PAUSE)),
            status => Err(Failure::fatal(self.peer.said(status))),
        }
    }
}

/// `AppendInput { records: [AppendRecord { body }], match_seq_num }` as protobuf.
fn append_input(body: &[u8], match_seq_num: u64) -> Vec<u8> {
    let mut record = vec![3 << 3 | 2];
    varint(body.len() as u64, &mut record);
    record.extend_from_slice(body);
    let mut input = vec![1 << 3 | 2];
    varint(record.len() as u64, &mut input);
    input.extend_from_slice(&record);
    input.push(2 << 3);
    varint(match_seq_num, &mut input);
    input
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The place that the next record must name, of a refusal `{"seq_num_mismatch":N}`.
fn expected(body: &[u8]) -> Option<u64> {
    let key = br#""seq_num_mismatch":"#;
    let digits = &body[memmem::find(body, key)? + key.len()..];
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&digits[..length]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_append_is_protobuf() {
        assert_eq!(append_input(b"ab", 300), [0x0a, 4, 0x1a, 2, b'a', b'b', 0x10, 0xac, 0x02]);
    }

    #[test]
    fn a_refusal_names_the_place() {
        assert_eq!(expected(br#"{"seq_num_mismatch":42}"#), Some(42));
        assert_eq!(expected(b"{}"), None);
    }
}
