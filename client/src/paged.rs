//! Lists in pages as streams that always end: every cursor is asked for once.

use std::{collections::HashSet, sync::Arc};

use futures_util::{StreamExt, stream, stream::BoxStream};
use serde::de::DeserializeOwned;
use url::Url;
use verbatim_proto::{
    messages::{EntriesPage, EventsPage},
    organization::ExpiringPage,
    sessions::SessionsPage,
};

use crate::{
    decode::whole,
    read::{ReadError, request::Fetch},
    token::Credentials,
    wire::Wire,
};

/// One page of a list.
pub(crate) trait Page: DeserializeOwned + Send + 'static {
    fn items(&self) -> usize;
    fn next_cursor(&self) -> Option<&String>;
}

macro_rules! page {
    ($page:ty) => {
        impl Page for $page {
            fn items(&self) -> usize {
                self.data.len()
            }
            fn next_cursor(&self) -> Option<&String> {
                self.next_cursor.as_ref()
            }
        }
    };
}

page!(EventsPage);
page!(EntriesPage);
page!(SessionsPage);
page!(ExpiringPage);

/// A list, and how much of it to read.
pub(crate) struct List {
    pub(crate) wire: Arc<Wire>,
    pub(crate) credentials: Arc<Credentials>,
    /// With every parameter but the cursor.
    pub(crate) url: Url,
    /// Where to begin.
    pub(crate) cursor: Option<String>,
    pub(crate) pages_max: Option<u64>,
    /// Whether a page without items may lead on: one of a filtered list, which looks through only so much at a time.
    pub(crate) may_be_empty: bool,
}

struct Walk {
    list: List,
    next: Next,
    seen: HashSet<String>,
    pages: u64,
    items: u64,
}

enum Next {
    First,
    Cursor(String),
    /// The last page named a cursor that cannot lead on.
    Stuck,
    End,
}

impl List {
    /// The pages, and then at most one error.
    pub(crate) fn pages<P: Page>(self) -> BoxStream<'static, Result<P, ReadError>> {
        let seen = self.cursor.iter().cloned().collect();
        let next = self.cursor.clone().map_or(Next::First, Next::Cursor);
        let walk = Walk { list: self, next, seen, pages: 0, items: 0 };
        stream::try_unfold(walk, |mut walk| async move { Ok(walk.page().await?.map(|page| (page, walk))) }).boxed()
    }
}

impl Walk {
    async fn page<P: Page>(&mut self) -> Result<Option<P>, ReadError> {
        let cursor = match std::mem::replace(&mut self.next, Next::End) {
            Next::End => return Ok(None),
            Next::Stuck => return Err(ReadError::CursorStuck { entries_read: self.items }),
            Next::First => None,
            Next::Cursor(cursor) => Some(cursor),
        };
        if let (Some(max), Some(next_cursor)) = (self.list.pages_max, &cursor)
            && self.pages >= max
        {
            return Err(ReadError::PagesMax { pages: self.pages, next_cursor: next_cursor.clone() });
        }
        let page: P = self.fetch(cursor.as_deref()).await.map_err(|error| self.midway(error))?;
        self.pages += 1;
        self.items += page.items() as u64;
        if let Some(cursor) = page.next_cursor() {
            let advances = (self.list.may_be_empty || page.items() > 0) && self.seen.insert(cursor.clone());
            self.next = if advances { Next::Cursor(cursor.clone()) } else { Next::Stuck };
        }
        Ok(Some(page))
    }

    async fn fetch<P: Page>(&self, cursor: Option<&str>) -> Result<P, ReadError> {
        let mut url = self.list.url.clone();
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let fetch = Fetch { wire: &self.list.wire, credentials: &self.list.credentials };
        fetch.get(url, |answer| whole(answer, "the page")).await
    }

    fn midway(&self, error: ReadError) -> ReadError {
        match error {
            ReadError::NotFound(failure) if self.pages > 0 || self.list.cursor.is_some() => {
                ReadError::GoneMidway { entries_read: self.items, failure }
            }
            other => other,
        }
    }
}
