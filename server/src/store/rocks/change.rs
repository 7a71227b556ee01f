//! The decision on a change that is no append: from a session as it stands to the records that replace it. Pure, like
//! `commit`; the writer takes changes one at a time, between groups.

use verbatim_proto::{
    Digest, EntryUuid, SessionId, Timestamp,
    limits::METADATA_BYTES_MAX,
    sessions::{ForkedFrom, Metadata},
};

use super::format::session::{Head, Said};
use crate::store::{
    Change, Changed, Deleted, History, Lineage, Patch, Properties, Session, SessionKey, SessionStatus, Snapshot,
    Standing, What,
};

/// What a change writes: the session's record, new or anew.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Replacement {
    /// Which session.
    pub(super) session: SessionKey,
    /// Its record.
    pub(super) head: Head,
    pub(super) said: Said,
    /// Where it stood in the lists; none if it is new.
    pub(super) before: Option<Listed>,
    /// Where it stands from now on.
    pub(super) after: Listed,
}

/// Where a session stands in the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    Live(Timestamp),
    Bin(Timestamp),
}

/// What comes of a change.
#[derive(Debug)]
pub(super) enum Outcome {
    /// This is written, and the session is then done.
    Write(Box<Replacement>),
    /// Nothing is written.
    Answer(Box<Changed>),
}

/// Decides a change of the session that `stored` shows. `target` is the session that a fork would be, where there is one.
pub(super) fn decide(
    change: &Change,
    stored: Option<Session>,
    target: Option<Session>,
    now: Timestamp,
    next_chain: u64,
) -> Outcome {
    let answer = |changed| Outcome::Answer(Box::new(changed));
    let (key, stored) = match (&change.what, stored) {
        (What::Create(properties), None) => return create(&change.session, properties, now, next_chain),
        (What::Create(properties), Some(stored)) => return answer(create_again(properties, stored)),
        (_, None) => return answer(Changed::NotFound),
        (_, Some(stored)) => (&change.session, stored),
    };
    let binned = stored.snapshot.status == SessionStatus::Deleted;
    match &change.what {
        What::Restore { with } if binned => restore(key, stored, with.as_ref(), now),
        What::Restore { .. } => answer(Changed::Already(stored)),
        What::Delete { .. } if binned => answer(Changed::Already(stored)),
        What::Delete { purge_at, with } => delete(key, stored, now, *purge_at, with.clone()),
        _ if binned => answer(Changed::NotFound),
        What::Patch { if_revision: Some(read), .. } if *read != stored.history.revision => {
            answer(Changed::RevisionPassed(stored))
        }
        What::Patch { patch, .. } => apply(key, stored, patch, now),
        What::Fork { into, at } => {
            let into = SessionKey { organization: key.organization, session: into.clone() };
            match target {
                Some(target) => answer(fork_again(&stored, at.as_ref(), target)),
                None => fork(into, &stored, at.as_ref(), now, next_chain),
            }
        }
        What::Create(_) => answer(Changed::Already(stored)),
    }
}

fn create(key: &SessionKey, properties: &Properties, now: Timestamp, chain: u64) -> Outcome {
    let history = History { created_with: Some(properties.clone()), ..created(now) };
    let head = Head { chain, status: SessionStatus::Active, created_at: now, lineage: Lineage::default() };
    let said = Said { properties: properties.clone(), history };
    Outcome::Write(Box::new(Replacement { session: key.clone(), head, said, before: None, after: Listed::Live(now) }))
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

fn fork(into: SessionKey, parent: &Session, at: Option<&(u64, String)>, now: Timestamp, next_chain: u64) -> Outcome {
    // Not before what it shares, even where the clock was set back: the list goes by it.
    let now = now.max(parent.snapshot.last_at);
    let length = at.map_or(parent.snapshot.length, |(length, _)| *length);
    let lineage = parent.snapshot.lineage.forked(parent.snapshot.chain, length);
    let requested = at.map(|(_, event_id)| event_id.clone());
    let forked_from = ForkedFrom { session_id: parent.id.clone(), at: requested, length };
    let head = Head { chain: next_chain, status: SessionStatus::Active, created_at: now, lineage };
    let properties = Properties { project: parent.properties.project.clone(), ..Properties::default() };
    let said = Said { properties, history: History { forked_from: Some(forked_from), ..created(now) } };
    Outcome::Write(Box::new(Replacement { session: into, head, said, before: None, after: Listed::Live(now) }))
}

/// The same id, parent and `at` again; what the parent got since makes no other fork of it.
fn fork_again(parent: &Session, at: Option<&(u64, String)>, target: Session) -> Changed {
    let same = target
        .history
        .forked_from
        .as_ref()
        .is_some_and(|from| from.session_id == parent.id && from.at.as_ref() == at.map(|(_, event_id)| event_id));
    if target.snapshot.status == SessionStatus::Deleted {
        Changed::Forbidden(target.snapshot.status, Standing::from(&target.snapshot))
    } else if same {
        Changed::Already(target)
    } else {
        Changed::Exists
    }
}

fn delete(key: &SessionKey, stored: Session, now: Timestamp, purge_at: Timestamp, with: Option<SessionId>) -> Outcome {
    let status_before = stored.snapshot.status;
    replace(key, stored, now, SessionStatus::Deleted, Listed::Bin(now), |said| {
        said.history.deleted = Some(Deleted { at: now, purge_at, status_before, with });
    })
}

/// Brings a session back; one that another's deletion took along only by that one's name, or by its own.
fn restore(key: &SessionKey, stored: Session, with: Option<&SessionId>, now: Timestamp) -> Outcome {
    let deleted = stored.history.deleted.as_ref();
    if with.is_some() && deleted.and_then(|deleted| deleted.with.as_ref()) != with {
        return Outcome::Answer(Box::new(Changed::Already(stored)));
    }
    let status = deleted.map_or(SessionStatus::Active, |deleted| deleted.status_before);
    let after = Listed::Live(stored.snapshot.last_at);
    replace(key, stored, now, status, after, |said| said.history.deleted = None)
}

/// `stored` with `patch` merged into it (RFC 7396).
fn merged(stored: &Metadata, patch: Option<&Option<Metadata>>) -> Metadata {
    let mut merged = stored.clone();
    match patch {
        None => {}
        Some(None) => merged.clear(),
        Some(Some(patch)) => {
            for (name, value) in patch {
                if value.is_null() {
                    merged.remove(name);
                } else {
                    merged.insert(name.clone(), value.clone());
                }
            }
        }
    }
    merged
}

fn apply(key: &SessionKey, stored: Session, patch: &Patch, now: Timestamp) -> Outcome {
    let before = stored.snapshot.status;
    let status = patch.status.unwrap_or(before);
    let allowed = status == before || before != SessionStatus::Ended && status != SessionStatus::Deleted;
    if !allowed {
        let standing = Standing::from(&stored.snapshot);
        return Outcome::Answer(Box::new(Changed::Forbidden(before, standing)));
    }
    let properties = Properties {
        title: patch.title.clone().unwrap_or_else(|| stored.properties.title.clone()),
        metadata: merged(&stored.properties.metadata, patch.metadata.as_ref()),
        expires_at: patch.expires_at.unwrap_or(stored.properties.expires_at),
        ..stored.properties.clone()
    };
    if serde_json::to_vec(&properties.metadata).map_or(usize::MAX, |json| json.len()) > METADATA_BYTES_MAX {
        return Outcome::Answer(Box::new(Changed::TooLarge));
    }
    if status == before && properties == stored.properties {
        return Outcome::Answer(Box::new(Changed::Already(stored)));
    }
    let after = Listed::Live(stored.snapshot.last_at);
    replace(key, stored, now, status, after, |said| said.properties = properties)
}

fn replace(
    key: &SessionKey,
    stored: Session,
    now: Timestamp,
    status: SessionStatus,
    after: Listed,
    change: impl FnOnce(&mut Said),
) -> Outcome {
    let Session { properties, mut history, snapshot, .. } = stored;
    let before = match &history.deleted {
        Some(deleted) => Listed::Bin(deleted.at),
        None => Listed::Live(snapshot.last_at),
    };
    history.revision += 1;
    history.updated_at = history.updated_at.max(now);
    let head = Head { chain: snapshot.chain, status, created_at: snapshot.created_at, lineage: snapshot.lineage };
    let mut said = Said { properties, history };
    change(&mut said);
    Outcome::Write(Box::new(Replacement { session: key.clone(), head, said, before: Some(before), after }))
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
