//! Server-sent events out of bytes (HTML Standard, section 9.2), as far as the protocol uses them.

use bytes::BytesMut;

/// Most bytes of one line: an entry as large as an operator may allow, in its envelope.
const LINE_BYTES_MAX: usize = 512 * 1024 * 1024;

/// What the server said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A comment: the stream lives.
    Sign,
    Event(Event),
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) data: Vec<u8>,
}

/// No end of a line where there should be one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineTooLong;

/// The bytes that came and are no whole frame yet.
#[derive(Default)]
pub(super) struct Frames {
    pending: BytesMut,
    /// Of them, those that hold no end of a line.
    scanned: usize,
    event: Event,
}

impl Frames {
    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.pending.extend_from_slice(chunk);
    }

    /// The next whole frame. What a stream breaks off in is never given.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, LineTooLong> {
        loop {
            let Some(end) = self.pending[self.scanned..].iter().position(|&byte| byte == b'\n') else {
                self.scanned = self.pending.len();
                return if self.scanned > LINE_BYTES_MAX { Err(LineTooLong) } else { Ok(None) };
            };
            let line = self.pending.split_to(self.scanned + end + 1);
            self.scanned = 0;
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match line {
                [] => {
                    let event = std::mem::take(&mut self.event);
                    if event != Event::default() {
                        return Ok(Some(Frame::Event(event)));
                    }
                }
                [b':', ..] => return Ok(Some(Frame::Sign)),
                field => self.field(field),
            }
        }
    }

    fn field(&mut self, line: &[u8]) {
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let text = || String::from_utf8_lossy(value).into_owned();
        match name {
            b"id" => self.event.id = text(),
            b"event" => self.event.name = text(),
            b"data" => {
                if !self.event.data.is_empty() {
                    self.event.data.push(b'\n');
                }
                self.event.data.extend_from_slice(value);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b"retry: 1000\n\nid: a\nevent: entry\ndata: {\ndata: \"x\":1}\n\n: heartbeat\n\nevent: end\r\ndata: {}\r\n\r\nid: b\ndata: cut";

    fn read(chunk_bytes: usize) -> Vec<Frame> {
        let mut frames = Frames::default();
        let mut read = Vec::new();
        for chunk in STREAM.chunks(chunk_bytes) {
            frames.push(chunk);
            while let Some(frame) = frames.next().expect("short lines") {
                read.push(frame);
            }
        }
        read
    }

    #[test]
    fn frames_are_the_same_however_the_bytes_come() {
        let event = |id: &str, name: &str, data: &str| {
            Frame::Event(Event { id: id.to_owned(), name: name.to_owned(), data: data.into() })
        };
        let wanted = [event("a", "entry", "{\n\"x\":1}"), Frame::Sign, event("", "end", "{}")];
        for chunk_bytes in 1..=STREAM.len() {
            assert_eq!(read(chunk_bytes), wanted, "chunks of {chunk_bytes}");
        }
    }
}
