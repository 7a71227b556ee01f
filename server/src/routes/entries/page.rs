//! A page of entries as it is written: one JSON object, or one entry a line.

use std::{
    io::Write,
    ops::{ControlFlow, Range},
};

use verbatim_proto::{EntriesCursor, limits::PAGE_PAYLOAD_BYTES_MAX};

use super::{
    super::envelope::{self, LineEnds},
    Query,
};
use crate::{
    limits::{SCAN_BYTES_MAX, SCAN_ENTRIES_MAX},
    service::Encode,
    store::{EntryRef, SessionKey, SessionStatus, Snapshot},
};

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::routes) enum Form {
    /// `{"data":[…],"next_cursor":"…","total":N,"truncated":…}`
    Json,
    /// The entries, one a line, and on the last line what stands after `data` in JSON: a body that has it was not cut
    /// off.
    Lines,
}

/// When a page names where to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::routes) enum NextCursor {
    /// Where more entries follow.
    WhereMoreFollows,
    /// Always, for whoever waits for more.
    Always,
}

/// A page in the making.
pub(in crate::routes) struct Page {
    session: SessionKey,
    snapshot: Snapshot,
    query: Query,
    form: Form,
    next_cursor: NextCursor,
    given: u64,
    given_bytes: u64,
    seen: u64,
    seen_bytes: u64,
}

impl Page {
    pub(in crate::routes) fn new(
        session: SessionKey,
        snapshot: Snapshot,
        query: Query,
        form: Form,
        next_cursor: NextCursor,
    ) -> Self {
        Self { session, snapshot, query, form, next_cursor, given: 0, given_bytes: 0, seen: 0, seen_bytes: 0 }
    }

    fn is_full(&self) -> bool {
        self.given >= self.query.limit
            || self.given_bytes > PAGE_PAYLOAD_BYTES_MAX
            || self.seen >= SCAN_ENTRIES_MAX
            || self.seen_bytes > SCAN_BYTES_MAX
    }

    fn write(&mut self, entry: &EntryRef<'_>, out: &mut Vec<u8>) {
        match self.form {
            Form::Json => {
                if self.given > 0 {
                    out.push(b',');
                }
                envelope::entry(entry, self.query.members, LineEnds::AsSent, out);
            }
            Form::Lines => {
                envelope::entry(entry, self.query.members, LineEnds::Spaces, out);
                out.push(b'\n');
            }
        }
    }
}

impl Encode for Page {
    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.form == Form::Json {
            out.extend(br#"{"data":["#);
        }
    }

    fn entry(&mut self, entry: &EntryRef<'_>, out: &mut Vec<u8>) -> ControlFlow<()> {
        let bytes = entry.payload.len() as u64;
        (self.seen, self.seen_bytes) = (self.seen + 1, self.seen_bytes + bytes);
        if self.query.event_type.as_deref().is_none_or(|wanted| wanted == entry.event_type) {
            self.write(entry, out);
            (self.given, self.given_bytes) = (self.given + 1, self.given_bytes + bytes);
        }
        if self.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn end(&mut self, rest: &Range<u64>, out: &mut Vec<u8>) {
        out.extend(match self.form {
            Form::Json => &b"],"[..],
            Form::Lines => b"{",
        });
        let truncated = rest.start < rest.end.min(self.snapshot.length);
        if truncated || self.next_cursor == NextCursor::Always {
            let cursor = EntriesCursor { chain: self.snapshot.chain, rest: rest.clone() };
            let cursor = cursor.encode(&self.query.listing(&self.session));
            let _ = write!(out, r#""next_cursor":"{cursor}","#);
        }
        let _ = write!(out, r#""total":{},"truncated":{truncated}"#, self.snapshot.length);
        if self.next_cursor == NextCursor::Always && !truncated && self.snapshot.status == SessionStatus::Ended {
            out.extend(br#","ended":true"#);
        }
        out.push(b'}');
        if self.form == Form::Lines {
            out.push(b'\n');
        }
    }
}
