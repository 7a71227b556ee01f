//! The rows by which a session is found: in the lists, by what it comes from, by when it goes. All of them follow from its
//! record, so that a change of the record tells which rows go and which come.

use super::{
    change::Record,
    format::{
        ACTIVITY, DUE, KIN,
        activity::{self, List, minute},
        due,
        kin::{self, Kinship},
    },
};
use crate::store::{SessionKey, Whereto};

/// A row: its family, key and value.
pub(super) type Row = (&'static str, Vec<u8>, Vec<u8>);

/// The rows of a session with this record.
pub(super) fn of(session: &SessionKey, record: &Record) -> Vec<Row> {
    let Record { head, said, last_at } = record;
    let (properties, history) = (&said.properties, &said.history);
    let listed = |list, at| (ACTIVITY, activity::key(session, list, minute(at)), Vec::new());
    let due = |at, whereto| (DUE, due::key(session, at, whereto), Vec::new());
    if let Some(purged) = &history.purged {
        return vec![due(purged.forget_at, Whereto::Forgotten)];
    }
    let mut rows = Vec::new();
    match &history.deleted {
        Some(deleted) => rows.extend([listed(List::Bin, deleted.at), due(deleted.purge_at, Whereto::Purged)]),
        None => {
            rows.push(listed(List::Live, *last_at));
            rows.extend(properties.expires_at.map(|at| due(at, Whereto::Bin)));
        }
    }
    let parent = properties.parent_session_id.as_ref().map(|parent| (Kinship::Child, parent));
    let origin = history.forked_from.as_ref().map(|from| (Kinship::Fork, &from.session_id));
    for (kinship, from) in parent.into_iter().chain(origin) {
        let from = SessionKey { organization: session.organization, session: from.clone() };
        rows.push((KIN, kin::key(kinship, &from, &session.session), Vec::new()));
    }
    for shared in head.lineage.segments() {
        let key = kin::reader_key(shared.chain, head.chain).to_vec();
        rows.push((KIN, key, kin::encode_reader(shared.end).to_vec()));
    }
    rows
}
