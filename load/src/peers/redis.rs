//! Redis with `appendfsync always`: every write is on disk before it is answered. One Lua script checks the head and
//! appends, so that both are one step.

use std::{io::Write as _, path::Path, sync::Arc, time::Duration};

use rustix::process::Signal;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
};
use verbatim_proto::EntryUuid;

use super::{
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
pub const INSTALL: (&str, &str) = ("redis-server", "apt-get install redis-server");

const SCRIPT: &str = "local head = redis.call('GET', KEYS[1]) or '' \
    if head ~= ARGV[1] then return head end \
    redis.call('SET', KEYS[1], ARGV[2]) \
    redis.call('RPUSH', KEYS[2], ARGV[3]) \
    return 1";
const PAUSE: Duration = Duration::from_millis(20);

/// Starts it: no snapshots, no rewrites of the log, a sync before each answer.
pub async fn start(program: &Path, folder: &Path) -> Result<Running, LoadError> {
    let address = free_address()?;
    let mut command = Command::new(program);
    command.args(["--port", &address.port().to_string(), "--bind", "127.0.0.1", "--save", ""]);
    command.args(["--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"]);
    command.arg("--dir").arg(folder);
    Running::start(Place { name: "redis", address }, command, folder, Signal::TERM).await
}

/// One connection, speaking RESP.
pub struct RedisAppender {
    place: Arc<Place>,
    stream: Option<TcpStream>,
    script: String,
    request: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
enum Value {
    Number(i64),
    Text(String),
    Refused(String),
}

impl RedisAppender {
    /// Not yet connected.
    pub fn new(place: Arc<Place>) -> Self {
        Self { place, stream: None, script: String::new(), request: Vec::new() }
    }

    async fn call(&mut self, parts: &[&[u8]]) -> Result<Value, Failure> {
        let broken = |error: std::io::Error| Failure::passing(error.kind().to_string(), PAUSE);
        encode(parts, &mut self.request);
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.place.address).await.map_err(broken)?;
                stream.set_nodelay(true).map_err(broken)?;
                stream
            }
        };
        stream.write_all(&self.request).await.map_err(broken)?;
        let mut reply = Vec::with_capacity(128);
        loop {
            if stream.read_buf(&mut reply).await.map_err(broken)? == 0 {
                return Err(Failure::passing("connection closed", PAUSE));
            }
            if let Some(value) = decode(&reply) {
                self.stream = Some(stream);
                return Ok(value);
            }
        }
    }
}

impl Appender for RedisAppender {
    async fn prepare(&mut self, _chains: &[Chain]) -> Result<(), Failure> {
        match self.call(&[b"SCRIPT", b"LOAD", SCRIPT.as_bytes()]).await? {
            Value::Text(hash) => {
                self.script = hash;
                Ok(())
            }
            other => Err(Failure::fatal(format!("redis does not take the script: {other:?}"))),
        }
    }

    async fn append(&mut self, chain: &Chain, entries: &[Entry]) -> Result<Reply, Failure> {
        let entry = single(entries)?;
        let (head_key, list_key) = (format!("h:{}", chain.session), format!("l:{}", chain.session));
        let head = chain.head.as_ref().map_or("", EntryUuid::as_str);
        let script = std::mem::take(&mut self.script);
        let uuid = entry.uuid.as_str();
        let parts = [
            b"EVALSHA",
            script.as_bytes(),
            b"2",
            head_key.as_bytes(),
            list_key.as_bytes(),
            head.as_bytes(),
            uuid.as_bytes(),
            &entry.body,
        ];
        let called = self.call(&parts).await;
        self.script = script;
        match called? {
            Value::Number(1) => Ok(Reply::Stored),
            // An attempt whose answer was lost has been carried out.
            Value::Text(head) if head == uuid => Ok(Reply::Stored),
            Value::Text(head) => Ok(Reply::Conflict(EntryUuid::new(&head).ok())),
            other => Err(Failure::fatal(format!("redis answers {other:?}"))),
        }
    }
}

/// A command as an array of bulk strings (RESP2).
fn encode(parts: &[&[u8]], out: &mut Vec<u8>) {
    out.clear();
    // Writing to a vector cannot fail.
    let _ = write!(out, "*{}\r\n", parts.len());
    for part in parts {
        let _ = write!(out, "${}\r\n", part.len());
        out.extend_from_slice(part);
        out.extend_from_slice(b"\r\n");
    }
}

/// A reply, once it is all there.
fn decode(reply: &[u8]) -> Option<Value> {
    let line = reply.strip_suffix(b"\r\n")?;
    let end = line.iter().position(|byte| *byte == b'\r').unwrap_or(line.len());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (kind, first) = (line.first()?, text(&line[1..end]));
    match kind {
        b':' => Some(Value::Number(first.parse().ok()?)),
        b'+' => Some(Value::Text(first)),
        b'$' => {
            let length: usize = first.parse().ok()?;
            let body = line.get(end + 2..)?;
            (body.len() == length).then(|| Value::Text(text(body)))
        }
        _ => Some(Value::Refused(first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resp_is_written_and_read() {
        let mut out = Vec::new();
        encode(&[b"GET", b"k"], &mut out);
        assert_eq!(out, b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
        assert_eq!(decode(b":1\r\n"), Some(Value::Number(1)));
        assert_eq!(decode(b"$5\r\nhello\r\n"), Some(Value::Text("hello".to_owned())));
        assert_eq!(decode(b"$0\r\n\r\n"), Some(Value::Text(String::new())));
        assert_eq!(decode(b"$5\r\nhel"), None);
        assert_eq!(decode(b"$5\r\n"), None);
        assert_eq!(decode(b"-ERR no\r\n"), Some(Value::Refused("ERR no".to_owned())));
    }
}
