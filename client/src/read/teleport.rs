//! Pages collected in memory, with what was read kept when the rest cannot be had.

use futures_util::TryStreamExt;
use verbatim_proto::messages::Event;

use super::{Pages, ReadError};

/// What could be read of a session over pages.
#[derive(Debug, Clone)]
pub struct Teleport {
    /// Entries in chain order, from the first on, without gaps.
    pub events: Vec<Event>,
    /// Whether these are all.
    pub completeness: Completeness,
}

/// Whether a transcript was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// To its end.
    Complete,
    /// Not to its end.
    Partial {
        /// Why no further.
        cause: ReadError,
        /// Where [`Reader::pages_from`](crate::Reader::pages_from) can go on.
        next_cursor: Option<String>,
    },
}

pub(super) async fn collect(mut pages: Pages) -> Result<Teleport, ReadError> {
    let mut read = Teleport { events: Vec::new(), completeness: Completeness::Complete };
    let mut next_cursor = None;
    let mut is_first = true;
    loop {
        match pages.try_next().await {
            Ok(Some(page)) => {
                read.events.extend(page.data);
                next_cursor = page.next_cursor;
                is_first = false;
            }
            Ok(None) => return Ok(read),
            Err(error) if is_first => return Err(error),
            Err(cause) => {
                read.completeness = Completeness::Partial { cause, next_cursor };
                return Ok(read);
            }
        }
    }
}
