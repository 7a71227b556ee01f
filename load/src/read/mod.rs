//! Reads: agents that page through transcripts or fetch them whole, and the transcripts that they read.

pub mod command;
pub mod fill;

use std::{sync::Arc, time::Duration};

use memchr::memmem;
use verbatim_proto::{SessionId, names};

use crate::{
    append::wire::refusal,
    engine::{Agent, Done, Failure},
    target::Target,
    wire::{Connection, Tail},
};

const PAUSE: Duration = Duration::from_millis(20);

/// A transcript to read.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its session.
    pub session: SessionId,
    /// How many entries it has, where that is known and stays so.
    pub entries: Option<u64>,
}

/// How transcripts are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Page by page, this many entries each (`teleport-events`).
    Pages(u64),
    /// Each in one answer.
    Whole,
}

impl Way {
    /// As reports name the operation.
    pub fn class(self) -> &'static str {
        match self {
            Self::Pages(_) => "page",
            Self::Whole => "transcript",
        }
    }
}

/// Reads transcripts in turn over one connection.
pub struct Reader {
    target: Arc<Target>,
    way: Way,
    transcripts: Arc<[Stored]>,
    at: usize,
    tokens: Vec<Arc<str>>,
    connection: Option<Connection>,
    cursor: Option<String>,
    entries_read: u64,
    tail: Tail,
}

impl Reader {
    /// Not yet connected; begins with the transcript numbered `first`.
    pub fn new(target: Arc<Target>, way: Way, transcripts: Arc<[Stored]>, first: usize) -> Self {
        let at = first % transcripts.len().max(1);
        let (tokens, connection, cursor) = (Vec::new(), None, None);
        Self { target, way, transcripts, at, tokens, connection, cursor, entries_read: 0, tail: Tail::default() }
    }

    fn request(&self) -> String {
        let session = &self.transcripts[self.at].session;
        let path = match self.way {
            Way::Whole => names::session_ingress_path(session),
            Way::Pages(limit) => {
                let mut path = format!("{}?limit={limit}", names::teleport_events_path(session));
                if let Some(cursor) = &self.cursor {
                    path.push_str("&cursor=");
                    path.push_str(cursor);
                }
                path
            }
        };
        let (host, token) = (&self.target.host, &self.tokens[self.at]);
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\r\n")
    }

    /// Answers how many entries the answer held, by what its end says.
    fn account(&mut self) -> Result<u64, Failure> {
        let known = self.transcripts[self.at].entries;
        let entries = match self.way {
            Way::Whole => {
                let count = count_at_end(self.tail.end()).ok_or_else(|| cut_off("transcript"))?;
                if known.is_some_and(|known| known != count) {
                    return Err(Failure::fatal(format!("a transcript of {known:?} entries was answered with {count}")));
                }
                self.at = (self.at + 1) % self.transcripts.len();
                count
            }
            Way::Pages(limit) => {
                self.cursor = next_cursor(self.tail.end()).map_err(|CutOff| cut_off("page"))?;
                let last = self.cursor.is_none();
                let entries =
                    if last { known.map_or(0, |known| known.saturating_sub(self.entries_read)) } else { limit };
                self.entries_read = if last { 0 } else { self.entries_read + entries };
                if last {
                    self.at = (self.at + 1) % self.transcripts.len();
                }
                entries
            }
        };
        Ok(entries)
    }
}

impl Agent for Reader {
    async fn prepare(&mut self) -> Result<(), Failure> {
        let tokens = self.transcripts.iter().map(|stored| self.target.tokens.for_session(&stored.session));
        self.tokens = tokens.collect::<Result<_, _>>().map_err(|error| Failure::fatal(error.to_string()))?;
        let connection = Connection::open(self.target.address).await;
        self.connection = Some(connection.map_err(|error| Failure::fatal(format!("connect: {}", error.kind())))?);
        Ok(())
    }

    async fn operate(&mut self) -> Result<Done, Failure> {
        let request = self.request();
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.target.address)
                .await
                .map_err(|error| Failure::passing(format!("connect: {}", error.kind()), PAUSE))?,
        };
        self.tail.clear();
        let called = connection.call(request.as_bytes(), &mut self.tail).await;
        let (answer, first_byte) = called.map_err(|error| Failure::passing(error.to_string(), PAUSE))?;
        if !answer.closes {
            self.connection = Some(connection);
        }
        if answer.status != 200 {
            return Err(refusal(answer.status, answer.retry_after_s, self.tail.end()));
        }
        let entries = self.account()?;
        Ok(Done { entries, bytes: self.tail.bytes, conflicts: 0, first_byte: Some(first_byte) })
    }
}

fn cut_off(what: &str) -> Failure {
    Failure::passing(format!("{what} cut off"), PAUSE)
}

/// The end of the body is not what the protocol says.
#[derive(Debug, PartialEq, Eq)]
struct CutOff;

/// `"count":N` at the end of a whole transcript.
fn count_at_end(end: &[u8]) -> Option<u64> {
    let digits = &end[memmem::rfind(end, br#"],"count":"#)? + br#"],"count":"#.len()..];
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    end.ends_with(b"}").then(|| std::str::from_utf8(&digits[..length]).ok()?.parse().ok())?
}

/// `next_cursor` at the end of a page; None on the last one.
fn next_cursor(end: &[u8]) -> Result<Option<String>, CutOff> {
    if end.ends_with(b"]}") {
        return Ok(None);
    }
    let key = br#"],"next_cursor":""#;
    let at = memmem::rfind(end, key).ok_or(CutOff)? + key.len();
    let cursor = end[at..].strip_suffix(br#""}"#).ok_or(CutOff)?;
    String::from_utf8(cursor.to_vec()).map(Some).map_err(|_| CutOff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_body_tells_whether_it_is_whole() {
        assert_eq!(count_at_end(br#"{}],"count":42,"last_uuid":"u"}"#), Some(42));
        assert_eq!(count_at_end(br#"{}],"count":42,"last_uuid":"u""#), None);
        assert_eq!(count_at_end(b"{}"), None);
        assert_eq!(next_cursor(br#"{"data":[]}"#), Ok(None));
        assert_eq!(next_cursor(br#"{}],"next_cursor":"abc"}"#), Ok(Some("abc".to_owned())));
        assert_eq!(next_cursor(br#"{}],"next_cursor":"ab"#), Err(CutOff));
    }
}
