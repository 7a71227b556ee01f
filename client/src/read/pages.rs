//! The pages of a transcript, and the events on them.

use futures_util::{StreamExt, TryStreamExt, stream};
use verbatim_proto::names::teleport_events_path;

use super::{Events, Pages, Reader};

pub(super) fn pages(reader: &Reader, cursor: Option<String>) -> Pages {
    let mut url = reader.wire.url(&teleport_events_path(reader.session()));
    url.query_pairs_mut().append_pair("limit", &reader.limits.page_entries.to_string());
    reader.list(url, cursor, false).pages()
}

pub(super) fn events(pages: Pages) -> Events {
    pages.map_ok(|page| stream::iter(page.data).map(Ok)).try_flatten().boxed()
}
