//! A session as clients see it. What its entries tell, its title among it, is read when it is asked for and stored
//! nowhere else, so that it goes when the entry goes.

use std::ops::ControlFlow;

use verbatim_proto::{
    entry::{one_line, user_text},
    limits::TITLE_CHARS_MAX,
    sessions::{self, Boundaries},
};

use crate::{
    limits::TITLE_SCAN_ENTRIES_MAX,
    store::{Order, Properties, Session, Store, StoreError},
};

/// Shows a session. May block: call it on a blocking thread.
pub(super) fn of(store: &dyn Store, session: &Session) -> Result<sessions::Session, StoreError> {
    let Session { id, properties, history, snapshot } = session;
    let Properties { project, parent_session_id, subpath, title, metadata, expires_at } = properties.clone();
    let (mut first_entry_at, mut first_text) = (None, None);
    let looked_at = if title.is_none() { TITLE_SCAN_ENTRIES_MAX } else { 1 };
    store.visit(snapshot, 0..looked_at, Order::Ascending, &mut |entry| {
        first_entry_at.get_or_insert(entry.created_at);
        if title.is_none() && entry.event_type == "user" {
            first_text = user_text(entry.payload);
        }
        if first_text.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    let mut last_entry_at = (snapshot.length > 0).then_some(snapshot.last_at);
    if snapshot.length == snapshot.lineage.shared() && snapshot.length > 0 {
        // A fork without entries of its own was made after the last one it shares was stored.
        store.visit(snapshot, snapshot.length - 1..snapshot.length, Order::Ascending, &mut |entry| {
            last_entry_at = Some(entry.created_at);
            ControlFlow::Break(())
        })?;
    }
    Ok(sessions::Session {
        id: id.clone(),
        project,
        parent_session_id,
        subpath,
        title: title.or_else(|| first_text.map(|text| one_line(&text, TITLE_CHARS_MAX))),
        status: snapshot.status,
        metadata,
        length: snapshot.length,
        bytes: snapshot.bytes,
        head: snapshot.head,
        digest: snapshot.digest,
        boundaries: Boundaries { count: snapshot.boundary_count, last_seq: snapshot.last_boundary },
        forked_from: history.forked_from.clone(),
        forks: None,
        created_at: snapshot.created_at,
        updated_at: history.updated_at.max(snapshot.last_at),
        first_entry_at,
        last_entry_at,
        expires_at,
        deleted_at: history.deleted.as_ref().map(|deleted| deleted.at),
        purge_at: history.deleted.as_ref().map(|deleted| deleted.purge_at),
        archived_from: history.archived_from.clone(),
    })
}
