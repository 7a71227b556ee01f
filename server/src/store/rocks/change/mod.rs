//! The decision on a change that is no append: from a session as it stands to the records that replace it. Pure, like
//! `commit`; the writer takes changes one at a time, between groups.

mod going;
mod patch;

use bytes::Bytes;
use verbatim_proto::{
    Digest, EntryUuid, EventId, Timestamp,
    organization::{Amounts, ChangeKind},
    sessions::{ArchivedFrom, ForkedFrom},
};

use super::format::{
    garbage::Left,
    session::{Head, Said},
};
use crate::store::{
    Change, Changed, Expected, ForkAt, History, Lineage, Properties, Reset, Session, SessionKey, SessionStatus,
    Snapshot, Standing, What,
};

/// What a change writes, all of it or nothing.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Sessions' records.
    pub(super) records: Vec<Replacement>,
    /// What is told of it in the audit trail: of which session, and what.
    pub(super) events: Vec<(SessionKey, ChangeKind)>,
    /// The chain that no session has any more, and the segments it shared.
    pub(super) unreached: Option<(u64, Left, Lineage)>,
    /// An entry that loses its payload.
    pub(super) redacted: Option<Redaction>,
    /// What came, for the usage.
    pub(super) came: Amounts,
    /// What went.
    pub(super) went: Amounts,
    /// How many new chains there are.
    pub(super) new_chains: u64,
}

/// One session's record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Replacement {
    /// Which session.
    pub(super) session: SessionKey,
    /// As it was; none if it is new.
    pub(super) before: Option<Record>,
    /// As it is from now on; none if it goes.
    pub(super) after: Option<Record>,
}

/// What is stored of a session, and when it last grew.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub(super) head: Head,
    pub(super) said: Said,
    pub(super) last_at: Timestamp,
}

/// An entry that loses its payload.
#[derive(Debug)]
pub(super) struct Redaction {
    /// The chain that it lies in.
    pub(super) chain: u64,
    pub(super) seq: u64,
    /// What takes the payload's place.
    pub(super) stub: Bytes,
}

/// What comes of a change.
#[derive(Debug)]
pub(super) enum Outcome {
    /// This is written, and the session is then done.
    Write(Box<Plan>),
    /// Nothing is written.
    Answer(Box<Changed>),
}

/// What is stored of what a change is about.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The session.
    pub(super) session: Option<Session>,
    /// The session that a fork would be.
    pub(super) target: Option<Session>,
    /// Whether the entry to be redacted is so already.
    pub(super) is_redacted: bool,
    /// Bytes of the entries that a session to be purged shares.
    pub(super) shared_bytes: u64,
}

/// Decides a change of a session. A new chain gets the number `next_chain`.
pub(super) fn decide(change: &Change, seen: Seen, now: Timestamp, next_chain: u64) -> Outcome {
    let Seen { session, target, is_redacted, shared_bytes } = seen;
    let key = &change.session;
    let stored = match (&change.what, session) {
        (What::Create(properties), None) => return create(key, properties, now, next_chain),
        (What::Create(properties), Some(stored)) => return answer(create_again(properties, stored)),
        (_, None) => return answer(Changed::NotFound),
        (_, Some(stored)) => stored,
    };
    if !change.only_if.holds(&stored, now) {
        return answer(Changed::Already(stored));
    }
    match &change.what {
        What::Forget => return going::forget(key, stored),
        _ if stored.history.purged.is_some() => return answer(Changed::NotFound),
        _ => {}
    }
    let binned = stored.snapshot.status == SessionStatus::Deleted;
    match &change.what {
        What::Purge => going::purge(key, &stored, shared_bytes, now),
        What::Restore { with } if binned => going::restore(key, stored, with.as_ref(), now),
        What::Restore { .. } => answer(Changed::Already(stored)),
        What::Delete { .. } if binned => answer(Changed::Already(stored)),
        What::Delete { keep_micros, with } => going::delete(key, stored, now, *keep_micros, with.clone()),
        _ if binned => answer(Changed::NotFound),
        What::Patch { if_revision: Some(read), .. } if *read != stored.history.revision => {
            answer(Changed::RevisionPassed(stored))
        }
        What::Patch { patch, .. } => patch::apply(key, stored, patch, now),
        What::Fork { into, at } => {
            let into = SessionKey { organization: key.organization, session: into.clone() };
            match target {
                Some(target) => answer(fork_again(&stored, at.as_ref(), target)),
                // The chain that the place was looked up in is the session's no more.
                None if at.as_ref().is_some_and(|at| !is_in(&stored.snapshot, at.chain, at.length)) => {
                    answer(Changed::NotFound)
                }
                None => fork(into, &stored, at.as_ref(), now, next_chain),
            }
        }
        What::Redact { chain, seq, .. } if *chain != stored.snapshot.chain || *seq >= stored.snapshot.length => {
            answer(Changed::NotFound)
        }
        What::Redact { .. } if is_redacted => answer(Changed::Already(stored)),
        What::Redact { seq, stub, .. } => redact(key, stored, *seq, stub, now),
        What::Reset { expected, archive } => {
            let archive = SessionKey { organization: key.organization, session: archive.clone() };
            reset(key, stored, *expected, archive, now, next_chain)
        }
        What::Create(_) | What::Forget => answer(Changed::Already(stored)),
    }
}

fn answer(changed: Changed) -> Outcome {
    Outcome::Answer(Box::new(changed))
}

fn create(key: &SessionKey, properties: &Properties, now: Timestamp, chain: u64) -> Outcome {
    let history = History { created_with: Some(properties.clone()), ..created(now) };
    let head = Head { status: SessionStatus::Active, ..new_head(chain, now) };
    let said = Said { properties: properties.clone(), history };
    made(key.clone(), Record { head, said, last_at: now }, ChangeKind::Created)
}

fn create_again(properties: &Properties, stored: Session) -> Changed {
    if stored.snapshot.status == SessionStatus::Deleted {
        Changed::Forbidden(stored.snapshot.status, Standing::from(&stored.snapshot))
    } else if stored.history.created_with.as_ref() == Some(properties) {
        Changed::Already(stored)
    } else {
        Changed::Exists
    }
}

/// The history of a session that is new.
pub(super) fn created(now: Timestamp) -> History {
    History { revision: 1, updated_at: now, ..History::default() }
}

/// The head of a session that is new and shares nothing.
pub(super) fn new_head(chain: u64, now: Timestamp) -> Head {
    Head { chain, status: SessionStatus::Active, created_at: now, lineage: Lineage::default(), is_purged: false }
}

fn made(session: SessionKey, record: Record, how: ChangeKind) -> Outcome {
    Outcome::Write(Box::new(Plan {
        events: vec![(session.clone(), how)],
        records: vec![Replacement { session, before: None, after: Some(record) }],
        came: Amounts { sessions: 1, ..Amounts::default() },
        new_chains: 1,
        ..Plan::default()
    }))
}

/// Whether the chain is this one and has so many entries.
fn is_in(snapshot: &Snapshot, chain: u64, length: u64) -> bool {
    snapshot.chain == chain && length <= snapshot.length
}

fn fork(into: SessionKey, parent: &Session, at: Option<&ForkAt>, now: Timestamp, next_chain: u64) -> Outcome {
    // Not before what it shares, even where the clock was set back: the list goes by it.
    let now = now.max(parent.snapshot.last_at);
    let length = at.map_or(parent.snapshot.length, |at| at.length);
    let lineage = parent.snapshot.lineage.forked(parent.snapshot.chain, length);
    let requested = at.map(|at| at.event_id.clone());
    let forked_from = ForkedFrom { session_id: parent.id.clone(), at: requested, length };
    let head = Head { lineage, ..new_head(next_chain, now) };
    let properties = Properties { project: parent.properties.project.clone(), ..Properties::default() };
    let said = Said { properties, history: History { forked_from: Some(forked_from), ..created(now) } };
    made(into, Record { head, said, last_at: now }, ChangeKind::Forked { forked_from: parent.id.clone() })
}

/// The same id, parent and `at` again; what the parent got since makes no other fork of it.
fn fork_again(parent: &Session, at: Option<&ForkAt>, target: Session) -> Changed {
    let same = target
        .history
        .forked_from
        .as_ref()
        .is_some_and(|from| from.session_id == parent.id && from.at.as_ref() == at.map(|at| &at.event_id));
    if target.snapshot.status == SessionStatus::Deleted {
        Changed::Forbidden(target.snapshot.status, Standing::from(&target.snapshot))
    } else if same {
        Changed::Already(target)
    } else {
        Changed::Exists
    }
}

fn redact(key: &SessionKey, stored: Session, seq: u64, stub: &Bytes, now: Timestamp) -> Outcome {
    let Snapshot { chain, lineage, status, .. } = &stored.snapshot;
    let owner = lineage.locate(*chain, seq..seq + 1).first().map_or(*chain, |(owner, _)| *owner);
    let redacted = Redaction { chain: owner, seq, stub: stub.clone() };
    let status = *status;
    let event = ChangeKind::Redacted { event_id: EventId::Seq(seq).to_string() };
    let plan = replace(key, stored, now, status, event, |_| {});
    Outcome::Write(Box::new(Plan { redacted: Some(redacted), ..plan }))
}

/// The old chain goes to a session of its own, whole; the session begins again with what was said of it.
fn reset(
    key: &SessionKey,
    stored: Session,
    expected: Expected,
    archive: SessionKey,
    now: Timestamp,
    next_chain: u64,
) -> Outcome {
    let same = stored.history.reset.as_ref().is_some_and(|reset| expected.is(reset.head.as_ref()));
    if stored.snapshot.length == 0 && (same || expected == Expected::NoHead) {
        return answer(Changed::Already(stored));
    }
    let standing = Standing::from(&stored.snapshot);
    if stored.snapshot.length == 0 || !expected.is(standing.head.as_ref()) {
        return answer(Changed::Conflict(standing));
    }
    let before = record(stored);
    let History { revision, updated_at, .. } = before.said.history;
    let updated_at = updated_at.max(now);

    let mut archived = before.clone();
    archived.head.status = SessionStatus::Ended;
    archived.said.history = History {
        revision: 1,
        updated_at,
        created_with: None,
        first_created_at: None,
        reset: None,
        archived_from: Some(ArchivedFrom { session_id: key.session.clone(), at: now }),
        ..archived.said.history
    };
    let history = History {
        revision: revision + 1,
        updated_at,
        created_with: before.said.history.created_with.clone(),
        first_created_at: before.said.history.first_created_at.or(Some(before.head.created_at)),
        reset: Some(Reset { head: standing.head, archive: archive.session.clone() }),
        ..History::default()
    };
    let said = Said { properties: before.said.properties.clone(), history };
    let after = Record { head: new_head(next_chain, now), said, last_at: now };
    let told = ChangeKind::Reset { archived_session_id: archive.session.clone() };
    Outcome::Write(Box::new(Plan {
        events: vec![(archive.clone(), ChangeKind::Created), (key.clone(), told)],
        records: vec![
            Replacement { session: archive, before: None, after: Some(archived) },
            Replacement { session: key.clone(), before: Some(before), after: Some(after) },
        ],
        came: Amounts { sessions: 1, ..Amounts::default() },
        new_chains: 1,
        ..Plan::default()
    }))
}

/// A session's record as it is stored.
fn record(stored: Session) -> Record {
    let Session { properties, history, snapshot, .. } = stored;
    let Snapshot { chain, lineage, status, created_at, last_at, .. } = snapshot;
    let head = Head { chain, status, created_at, lineage, is_purged: history.purged.is_some() };
    Record { head, said: Said { properties, history }, last_at }
}

/// The plan that changes one session.
fn replace(
    key: &SessionKey,
    stored: Session,
    now: Timestamp,
    status: SessionStatus,
    event: ChangeKind,
    change: impl FnOnce(&mut Said),
) -> Plan {
    let before = record(stored);
    let mut after = before.clone();
    after.head.status = status;
    after.said.history.revision += 1;
    after.said.history.updated_at = after.said.history.updated_at.max(now);
    change(&mut after.said);
    Plan {
        events: vec![(key.clone(), event)],
        records: vec![Replacement { session: key.clone(), before: Some(before), after: Some(after) }],
        ..Plan::default()
    }
}

/// The snapshot of a chain that has no entries yet.
pub(super) fn empty(head: &Head) -> Snapshot {
    Snapshot {
        chain: head.chain,
        lineage: head.lineage.clone(),
        status: head.status,
        length: 0,
        head: None::<EntryUuid>,
        head_seq: None,
        digest: Digest::EMPTY,
        bytes: 0,
        boundary_count: 0,
        last_boundary: None,
        created_at: head.created_at,
        last_at: head.created_at,
    }
}
