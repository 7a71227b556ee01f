//! Reading entries: an iterator over one chain's part of a range, checked to be whole.

use std::ops::{ControlFlow, Range};

use super::{
    engine::Engine,
    format::entry::{self, Record},
};
use crate::store::{EntryRef, Order, StoreError};

/// Shows the entries of `chain` with a seq in `range` to `visit`, until it breaks. One that is missing is damage.
pub(super) fn visit(
    engine: &Engine,
    chain: u64,
    range: Range<u64>,
    order: Order,
    visit: &mut dyn FnMut(&EntryRef<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, StoreError> {
    if range.is_empty() {
        return Ok(ControlFlow::Continue(()));
    }
    let first = if order == Order::Ascending { range.start } else { range.end - 1 };
    let mut entries = engine.entries_at(chain, first, order)?;
    for step in 0..range.end - range.start {
        let seq = if order == Order::Ascending { first + step } else { first - step };
        let Some((key, value)) = entries.item() else {
            entries.status().map_err(StoreError::engine("read entries"))?;
            return Err(missing(chain, seq));
        };
        if entry::decode_key(key)? != (chain, seq) {
            return Err(missing(chain, seq));
        }
        if visit(&shown(seq, entry::decode(value)?)).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        match order {
            Order::Ascending => entries.next(),
            Order::Descending => entries.prev(),
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn shown(seq: u64, record: Record<'_>) -> EntryRef<'_> {
    EntryRef {
        seq,
        created_at: record.running.created_at,
        uuid: record.uuid,
        event_type: record.event_type,
        is_boundary: record.is_boundary,
        boundary_count: record.running.boundary_count,
        is_redacted: record.is_redacted,
        payload: record.payload,
        payload_hash: record.payload_hash,
    }
}

fn missing(chain: u64, seq: u64) -> StoreError {
    StoreError::Damaged(format!("entry {seq} of chain {chain} is missing"))
}
