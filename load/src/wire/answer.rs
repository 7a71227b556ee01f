//! The head of an answer: its status, and the few headers that a load generator acts on.

use httparse::{EMPTY_HEADER, Header, Response, Status};
use verbatim_proto::{EntryUuid, names};

use super::body::Framing;

/// Most headers that an answer may have.
const HEADERS_MAX: usize = 48;

/// The head of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// `x-last-uuid`: the head there is.
    pub last_uuid: Option<EntryUuid>,
    /// `Retry-After`, in seconds.
    pub retry_after_s: Option<u64>,
    /// The server ends the connection after this answer.
    pub closes: bool,
    pub(super) framing: Framing,
}

/// The head is not HTTP/1.1's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadHead;

impl Answer {
    /// Reads a head. Answers it with its length in bytes, or None while it is not all there.
    pub(super) fn parse(input: &[u8]) -> Result<Option<(Self, usize)>, BadHead> {
        let mut headers = [EMPTY_HEADER; HEADERS_MAX];
        let mut response = Response::new(&mut headers);
        let Status::Complete(length) = response.parse(input).map_err(|_| BadHead)? else { return Ok(None) };
        let status = response.code.ok_or(BadHead)?;
        let mut answer =
            Self { status, last_uuid: None, retry_after_s: None, closes: false, framing: Framing::Length(0) };
        for header in response.headers.iter() {
            answer.header(header)?;
        }
        if matches!(status, 100..=199 | 204 | 304) {
            answer.framing = Framing::Over;
        }
        Ok(Some((answer, length)))
    }

    fn header(&mut self, header: &Header<'_>) -> Result<(), BadHead> {
        let text = || std::str::from_utf8(header.value).ok().map(str::trim);
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            let length = text().and_then(|text| text.parse().ok()).ok_or(BadHead)?;
            self.framing = Framing::Length(length);
        } else if is("transfer-encoding") {
            self.framing = Framing::ChunkSize;
        } else if is(names::X_LAST_UUID) {
            self.last_uuid = text().and_then(|text| EntryUuid::new(text).ok());
        } else if is("retry-after") {
            self.retry_after_s = text().and_then(|text| text.parse().ok());
        } else if is("connection") {
            self.closes = header.value.eq_ignore_ascii_case(b"close");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_acts_on() {
        let wire = b"HTTP/1.1 409 Conflict\r\nX-Last-Uuid: u1\r\ncontent-length: 12\r\nconnection: close\r\n\r\nabc";
        let (answer, length) = Answer::parse(wire).expect("well formed").expect("whole");
        assert_eq!((answer.status, length), (409, wire.len() - 3));
        assert_eq!(answer.last_uuid.map(|uuid| uuid.as_str().to_owned()).as_deref(), Some("u1"));
        assert!(answer.closes);
        assert_eq!(answer.framing, Framing::Length(12));
        assert!(Answer::parse(&wire[..30]).expect("well formed").is_none());
        assert!(Answer::parse(b"RESP\r\n\r\n").is_err());
    }
}
