//! The last lines of many sessions at once.

use std::{ops::ControlFlow, sync::Arc};

use tokio::task::spawn_blocking;
use verbatim_proto::{
    ErrorCode, OrganizationId, SessionId,
    entry::{one_line, said_text},
    limits::{
        PREVIEW_CHARS_DEFAULT, PREVIEW_CHARS_MAX, PREVIEW_ITEMS_DEFAULT, PREVIEW_ITEMS_MAX, PREVIEW_SCAN_ENTRIES_MAX,
        PREVIEW_SESSIONS_MAX,
    },
    messages::ErrorDetail,
    sessions::{FoundPreview, Preview, PreviewItem, PreviewSessions, Previews, Status},
};

use super::{Service, SessionRefused, portrait};
use crate::{
    limits::PREVIEW_SCAN_BYTES_MAX,
    store::{EntryRef, Order, SessionKey, Store, StoreError},
};

/// How much is shown of each session.
#[derive(Clone, Copy)]
struct Bounds {
    items: usize,
    chars: usize,
}

impl Service {
    /// The last items of these sessions, each in its place; one that is not there says so.
    pub async fn previews(
        &self,
        organization: OrganizationId,
        body: PreviewSessions,
    ) -> Result<Previews, SessionRefused> {
        if body.ids.len() > PREVIEW_SESSIONS_MAX {
            let mend = format!("ids names more than {PREVIEW_SESSIONS_MAX} sessions; send several requests");
            return Err(SessionRefused::Invalid(mend));
        }
        let bounds = Bounds {
            items: bounded("limit", body.limit, PREVIEW_ITEMS_DEFAULT, PREVIEW_ITEMS_MAX)?,
            chars: bounded("max_chars", body.max_chars, PREVIEW_CHARS_DEFAULT, PREVIEW_CHARS_MAX)?,
        };
        let store = Arc::clone(&self.store);
        let previews = spawn_blocking(move || {
            let preview = |id| preview(store.as_ref(), SessionKey { organization, session: id }, bounds);
            body.ids.into_iter().map(preview).collect::<Result<_, StoreError>>()
        });
        Ok(Previews { data: previews.await.map_err(StoreError::engine("preview sessions"))?? })
    }
}

fn bounded(name: &str, value: Option<u64>, default: u64, max: u64) -> Result<usize, SessionRefused> {
    match value.unwrap_or(default) {
        value if (1..=max).contains(&value) => Ok(usize::try_from(value).unwrap_or(usize::MAX)),
        _ => Err(SessionRefused::Invalid(format!("{name} is a number from 1 to {max}"))),
    }
}

fn preview(store: &dyn Store, key: SessionKey, bounds: Bounds) -> Result<Preview, StoreError> {
    let Some(session) = store.session(&key)?.filter(|found| found.snapshot.status != Status::Deleted) else {
        return Ok(missing(key.session));
    };
    let (snapshot, mut items, mut bytes) = (&session.snapshot, Vec::new(), 0);
    let from = snapshot.length.saturating_sub(PREVIEW_SCAN_ENTRIES_MAX);
    store.visit(snapshot, from..snapshot.length, Order::Descending, &mut |entry| {
        items.extend(item(entry, bounds.chars));
        bytes += entry.payload.len();
        if items.len() < bounds.items && bytes < PREVIEW_SCAN_BYTES_MAX {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    items.reverse();
    let shown = portrait::of(store, &session)?;
    Ok(Preview::Found(FoundPreview {
        id: shown.id,
        title: shown.title,
        status: shown.status,
        length: shown.length,
        last_entry_at: shown.last_entry_at,
        items,
    }))
}

fn missing(id: SessionId) -> Preview {
    let message = SessionRefused::NotFound.to_string();
    Preview::Missing { id, error: ErrorDetail { code: ErrorCode::NotFound, message } }
}

fn item(entry: &EntryRef<'_>, chars: usize) -> Option<PreviewItem> {
    let said = said_text(entry.payload)?;
    let text = one_line(&said, chars);
    Some(PreviewItem {
        seq: entry.seq,
        event_id: entry.uuid.map_or_else(|| format!("~{}", entry.seq), str::to_owned),
        event_type: entry.event_type.clone().into_owned(),
        created_at: entry.created_at,
        truncated: text.len() < one_line(&said, usize::MAX).len(),
        text,
    })
}
