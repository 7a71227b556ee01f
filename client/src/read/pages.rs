//! Pages as a stream that always ends: every cursor is asked for once.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use http::Method;
use verbatim_proto::{messages::EventsPage, names::teleport_events_path};

use super::{Events, Pages, ReadError, Reader};
use crate::exchange::Answer;

struct Walk {
    reader: Reader,
    next: Next,
    seen: HashSet<String>,
    pages: u64,
    entries: u64,
    resumed: bool,
}

enum Next {
    First,
    Cursor(String),
    /// The last page named a cursor that cannot lead on.
    Stuck,
    End,
}

pub(super) fn pages(reader: Reader, cursor: Option<String>) -> Pages {
    let resumed = cursor.is_some();
    let seen = cursor.iter().cloned().collect();
    let next = cursor.map_or(Next::First, Next::Cursor);
    let walk = Walk { reader, next, seen, pages: 0, entries: 0, resumed };
    stream::try_unfold(walk, |mut walk| async move { Ok(walk.page().await?.map(|page| (page, walk))) }).boxed()
}

pub(super) fn events(pages: Pages) -> Events {
    pages.map_ok(|page| stream::iter(page.data).map(Ok)).try_flatten().boxed()
}

impl Walk {
    async fn page(&mut self) -> Result<Option<EventsPage>, ReadError> {
        let cursor = match std::mem::replace(&mut self.next, Next::End) {
            Next::End => return Ok(None),
            Next::Stuck => return Err(ReadError::CursorStuck { entries_read: self.entries }),
            Next::First => None,
            Next::Cursor(cursor) => Some(cursor),
        };
        if let (Some(max), Some(next_cursor)) = (self.reader.limits.pages_max, &cursor)
            && self.pages >= max
        {
            return Err(ReadError::PagesMax { pages: self.pages, next_cursor: next_cursor.clone() });
        }
        let page = self.fetch(cursor.as_deref()).await.map_err(|error| self.midway(error))?;
        self.pages += 1;
        self.entries += page.data.len() as u64;
        if let Some(cursor) = &page.next_cursor {
            let advances = !page.data.is_empty() && self.seen.insert(cursor.clone());
            self.next = if advances { Next::Cursor(cursor.clone()) } else { Next::Stuck };
        }
        Ok(Some(page))
    }

    async fn fetch(&self, cursor: Option<&str>) -> Result<EventsPage, ReadError> {
        let mut url = self.reader.wire.url(&teleport_events_path(self.reader.session()));
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("limit", &self.reader.limits.page_entries.to_string());
            if let Some(cursor) = cursor {
                query.append_pair("cursor", cursor);
            }
        }
        let parse = |answer: &Answer| {
            serde_json::from_slice(&answer.body)
                .map_err(|error| format!("the page is damaged or cut off: {}", place(&error)))
        };
        self.reader.fetch(Method::GET).run(url, parse).await
    }

    fn midway(&self, error: ReadError) -> ReadError {
        match error {
            ReadError::NotFound(failure) if self.pages > 0 || self.resumed => {
                ReadError::GoneMidway { entries_read: self.entries, failure }
            }
            other => other,
        }
    }
}

/// Where a body ceased to be what it should be; serde_json's own message could quote content.
pub(super) fn place(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Data => "a member is missing or of another type",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON",
    };
    format!("{kind}, line {} column {}", error.line(), error.column())
}
