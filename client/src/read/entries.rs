//! A session's entries in their envelopes: pages in either direction from any place, and one by its id.

use futures_util::stream::BoxStream;
use url::Url;
use verbatim_proto::{
    ErrorCode, EventId, SessionId, Timestamp,
    messages::{EntriesPage, Entry},
    names::session_entries_path,
};

use super::{ReadError, Reader};
use crate::{decode::whole, failure::Failure, wire::Wire};

/// Pages of entries, and then at most one error, with which the stream ends.
pub type EntryPages = BoxStream<'static, Result<EntriesPage, ReadError>>;

/// Where a listing or a stream of entries begins, in chain order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Begin {
    /// At the first entry.
    #[default]
    Start,
    /// At the entry of this number, from 0.
    Seq(u64),
    /// Behind this entry.
    After(EventId),
    /// So many entries before the end, as it is when the request is made.
    Tail(u64),
    /// Where an earlier page of the same query left off; or a stream, which goes by the query for all entries in chain
    /// order.
    Cursor(String),
}

/// Which entries, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntriesQuery {
    /// Where to begin.
    pub from: Begin,
    /// Before which entry to end; that one is left out.
    pub before: Option<EventId>,
    /// Those that were stored at this time or later.
    pub since: Option<Timestamp>,
    /// Those of this type. Not together with [`Begin::Tail`].
    pub event_type: Option<String>,
    /// The newest first. Not together with [`Begin::Tail`].
    pub newest_first: bool,
    /// Without their payloads.
    pub without_payload: bool,
}

impl Begin {
    /// Sets the parameters that say so. A cursor goes another way.
    pub(super) fn ask(&self, url: &mut Url) {
        let mut query = url.query_pairs_mut();
        match self {
            Self::Start | Self::Cursor(_) => &mut query,
            Self::Seq(seq) => query.append_pair("from_seq", &seq.to_string()),
            Self::After(id) => query.append_pair("after", &id.to_string()),
            Self::Tail(entries) => query.append_pair("tail", &entries.to_string()),
        };
    }
}

impl EntriesQuery {
    fn ask(&self, url: &mut Url) {
        self.from.ask(url);
        let mut query = url.query_pairs_mut();
        if let Some(before) = &self.before {
            query.append_pair("before", &before.to_string());
        }
        if let Some(since) = &self.since {
            query.append_pair("since", &since.to_string());
        }
        if let Some(event_type) = &self.event_type {
            query.append_pair("type", event_type);
        }
        if self.newest_first {
            query.append_pair("order", "desc");
        }
        if self.without_payload {
            query.append_pair("fields", "bare");
        }
    }
}

impl Reader {
    /// Entries page by page, in constant memory. Every page says how many entries the chain has.
    pub fn entry_pages(&self, query: &EntriesQuery) -> EntryPages {
        let mut url = self.entries_url();
        url.query_pairs_mut().append_pair("limit", &self.limits.page_entries.to_string());
        query.ask(&mut url);
        let cursor = match &query.from {
            Begin::Cursor(cursor) => Some(cursor.clone()),
            _ => None,
        };
        self.list(url, cursor, query.event_type.is_some()).pages()
    }

    /// One entry.
    pub async fn entry(&self, id: &EventId) -> Result<Entry, ReadError> {
        let url = entry_url(&self.wire, self.session(), id).map_err(|failure| ReadError::Rejected(failure.into()))?;
        self.fetch().get(url, |answer| whole(answer, "the entry")).await
    }

    /// How many entries the chain has, from a page without payloads.
    pub(super) async fn total(&self) -> Result<u64, ReadError> {
        let mut url = self.entries_url();
        url.set_query(Some("limit=1&fields=bare"));
        let page: EntriesPage = self.fetch().get(url, |answer| whole(answer, "the page")).await?;
        Ok(page.total)
    }

    fn entries_url(&self) -> Url {
        self.wire.url(&session_entries_path(self.session()))
    }
}

/// Where an entry is. Error: it cannot be named in a path.
pub(crate) fn entry_url(wire: &Wire, session: &SessionId, id: &EventId) -> Result<Url, Failure> {
    let name = id.to_string();
    if matches!(name.as_str(), "." | "..") {
        let why = "a path cannot end in dots alone; name the entry by its place, as ~SEQ";
        return Err(Failure::local(Some(ErrorCode::InvalidRequest), why));
    }
    let mut url = wire.url(&session_entries_path(session));
    if let Ok(mut path) = url.path_segments_mut() {
        path.push(&name);
    }
    Ok(url)
}
