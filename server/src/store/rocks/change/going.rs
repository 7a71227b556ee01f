//! How a session goes: into the bin and back, and away for good.

use verbatim_proto::{
    SessionId, Timestamp,
    limits::PURGED_ID_DAYS,
    organization::{Amounts, ChangeKind},
};

use super::{Outcome, Plan, Record, Replacement, answer, new_head, record, replace};
use crate::store::{
    Changed, Deleted, History, Properties, Purged, Session, SessionKey, SessionStatus,
    rocks::format::{
        garbage::Left,
        session::{Head, Said},
    },
};

const DAY_MICROS: i64 = 86_400_000_000;

pub(super) fn delete(
    key: &SessionKey,
    stored: Session,
    now: Timestamp,
    keep_micros: i64,
    with: Option<SessionId>,
) -> Outcome {
    let status_before = stored.snapshot.status;
    let purge_at = later(now, keep_micros);
    Outcome::Write(Box::new(replace(key, stored, now, SessionStatus::Deleted, ChangeKind::Deleted, |said| {
        said.history.deleted = Some(Deleted { at: now, purge_at, status_before, with });
    })))
}

/// Brings a session back; one that another's deletion took along only by that one's name, or by its own.
pub(super) fn restore(key: &SessionKey, stored: Session, with: Option<&SessionId>, now: Timestamp) -> Outcome {
    let deleted = stored.history.deleted.as_ref();
    if with.is_some() && deleted.and_then(|deleted| deleted.with.as_ref()) != with {
        return answer(Changed::Already(stored));
    }
    let status = deleted.map_or(SessionStatus::Active, |deleted| deleted.status_before);
    Outcome::Write(Box::new(replace(key, stored, now, status, ChangeKind::Restored, |said| {
        said.history.deleted = None;
        // It would go back at once.
        said.properties.expires_at = said.properties.expires_at.filter(|at| *at > now);
    })))
}

/// Leaves nothing of a session but that there was one. Its own entries are left to whoever still reads them.
pub(super) fn purge(key: &SessionKey, stored: &Session, shared_bytes: u64, now: Timestamp) -> Outcome {
    let before = record(stored.clone());
    let purged = Purged { at: now, forget_at: later(now, i64::from(PURGED_ID_DAYS) * DAY_MICROS) };
    let revision = stored.history.revision + 1;
    let history = History { revision, updated_at: now, purged: Some(purged), ..History::default() };
    let chain = stored.snapshot.chain;
    let head = Head { status: SessionStatus::Deleted, is_purged: true, ..new_head(chain, Timestamp::default()) };
    let said = Said { properties: Properties::default(), history };
    let after = Record { head, said, last_at: Timestamp::default() };
    let lineage = stored.snapshot.lineage.clone();
    let left = Left {
        organization: key.organization,
        entries: lineage.shared()..stored.snapshot.length,
        bytes: stored.snapshot.bytes.saturating_sub(shared_bytes),
    };
    Outcome::Write(Box::new(Plan {
        events: vec![(key.clone(), ChangeKind::Purged)],
        records: vec![Replacement { session: key.clone(), before: Some(before), after: Some(after) }],
        unreached: Some((chain, left, lineage)),
        went: Amounts { sessions: 1, ..Amounts::default() },
        ..Plan::default()
    }))
}

/// Frees the id of a session that was purged.
pub(super) fn forget(key: &SessionKey, stored: Session) -> Outcome {
    if stored.history.purged.is_none() {
        return answer(Changed::Already(stored));
    }
    let replacement = Replacement { session: key.clone(), before: Some(record(stored)), after: None };
    Outcome::Write(Box::new(Plan { records: vec![replacement], ..Plan::default() }))
}

fn later(time: Timestamp, by_micros: i64) -> Timestamp {
    Timestamp::from_micros(time.as_micros().saturating_add(by_micros))
}
