//! Where the bytes of an answer's body go, and how they are framed (RFC 9112, sections 6 and 7).

use memchr::memchr;

/// Takes a body as it arrives.
pub trait Sink {
    /// The next bytes, without framing.
    fn take(&mut self, bytes: &[u8]);
}

/// Counts a body and drops it.
#[derive(Debug, Default)]
pub struct Discard {
    /// Bytes so far.
    pub bytes: u64,
}

impl Sink for Discard {
    fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
    }
}

impl Sink for Vec<u8> {
    fn take(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Counts a body and keeps its end, where pages have their cursor and transcripts their count.
#[derive(Debug, Default)]
pub struct Tail {
    /// Bytes so far.
    pub bytes: u64,
    end: Vec<u8>,
}

impl Tail {
    const KEPT_BYTES: usize = 512;

    /// Begins anew, keeping the memory.
    pub fn clear(&mut self) {
        self.bytes = 0;
        self.end.clear();
    }

    /// The last bytes of the body, 512 at most.
    pub fn end(&self) -> &[u8] {
        &self.end[self.end.len().saturating_sub(Self::KEPT_BYTES)..]
    }
}

impl Sink for Tail {
    fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.end.extend_from_slice(&bytes[bytes.len().saturating_sub(Self::KEPT_BYTES)..]);
        if self.end.len() > 8 * Self::KEPT_BYTES {
            self.end.drain(..self.end.len() - Self::KEPT_BYTES);
        }
    }
}

/// How much of a body is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes.
    Length(u64),
    /// Chunks; at the start of a chunk's size line.
    ChunkSize,
    /// Chunks; inside one, so many bytes of data before its CRLF.
    ChunkData(u64),
    /// Chunks; in the trailer after the last one.
    Trailer,
    /// Nothing.
    Over,
}

/// The framing is not HTTP/1.1's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadFraming;

impl Framing {
    /// Passes what `input` holds of the body on to `sink`. Answers how many bytes were used up; 0 means that more are
    /// needed.
    pub(super) fn advance(&mut self, input: &[u8], sink: &mut impl Sink) -> Result<usize, BadFraming> {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            match *self {
                Self::Over | Self::Length(0) => {
                    *self = Self::Over;
                    return Ok(used);
                }
                Self::Length(left) | Self::ChunkData(left) if left > 0 => {
                    let take = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    if take == 0 {
                        return Ok(used);
                    }
                    sink.take(&rest[..take]);
                    used += take;
                    let left = left - take as u64;
                    *self = if let Self::Length(_) = self { Self::Length(left) } else { Self::ChunkData(left) };
                }
                Self::Length(_) | Self::ChunkData(_) => match rest {
                    [b'\r', b'\n', ..] => {
                        used += 2;
                        *self = Self::ChunkSize;
                    }
                    [] | [b'\r'] => return Ok(used),
                    _ => return Err(BadFraming),
                },
                Self::ChunkSize => {
                    let Some(line) = memchr(b'\n', rest) else { return Ok(used) };
                    let size = chunk_size(&rest[..line])?;
                    used += line + 1;
                    *self = if size == 0 { Self::Trailer } else { Self::ChunkData(size) };
                }
                Self::Trailer => {
                    let Some(line) = memchr(b'\n', rest) else { return Ok(used) };
                    used += line + 1;
                    if line <= 1 {
                        *self = Self::Over;
                    }
                }
            }
        }
    }
}

fn chunk_size(line: &[u8]) -> Result<u64, BadFraming> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits == 0 || digits > 15 {
        return Err(BadFraming);
    }
    std::str::from_utf8(&line[..digits]).ok().and_then(|hex| u64::from_str_radix(hex, 16).ok()).ok_or(BadFraming)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn feed(framing: &mut Framing, wire: &[u8], cuts: &[usize]) -> Result<Vec<u8>, BadFraming> {
        let (mut body, mut held, mut cuts) = (Vec::new(), Vec::new(), cuts.iter().cycle());
        let mut rest = wire;
        while !rest.is_empty() {
            let (now, later) = rest.split_at((1 + cuts.next().unwrap_or(&0)).min(rest.len()));
            held.extend_from_slice(now);
            rest = later;
            let used = framing.advance(&held, &mut body)?;
            held.drain(..used);
        }
        Ok(body)
    }

    proptest! {
        #[test]
        fn chunks_come_out_whole_however_they_are_cut(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..6),
            cuts in prop::collection::vec(0usize..20, 1..8),
        ) {
            let mut wire = Vec::new();
            for chunk in &chunks {
                wire.extend_from_slice(format!("{:X};ext=1\r\n", chunk.len()).as_bytes());
                wire.extend_from_slice(chunk);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\nx-trailer: 1\r\n\r\n");
            let mut framing = Framing::ChunkSize;
            prop_assert_eq!(feed(&mut framing, &wire, &cuts), Ok(chunks.concat()));
            prop_assert_eq!(framing, Framing::Over);
        }

        #[test]
        fn no_bytes_panic(wire: Vec<u8>, cuts in prop::collection::vec(0usize..20, 1..8)) {
            let _ = feed(&mut Framing::ChunkSize, &wire, &cuts);
        }

        #[test]
        fn a_tail_is_the_end_of_the_body(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..900), 0..12)) {
            let mut tail = Tail::default();
            parts.iter().for_each(|part| tail.take(part));
            let whole = parts.concat();
            prop_assert_eq!(tail.end(), &whole[whole.len().saturating_sub(512)..]);
            prop_assert_eq!(tail.bytes, whole.len() as u64);
        }
    }

    #[test]
    fn a_length_stops_where_it_ends() {
        let (mut framing, mut body) = (Framing::Length(3), Vec::new());
        assert_eq!(framing.advance(b"abcHTTP", &mut body), Ok(3));
        assert_eq!((framing, body.as_slice()), (Framing::Over, &b"abc"[..]));
    }
}
