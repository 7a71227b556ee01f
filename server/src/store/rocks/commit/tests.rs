//! Every row of the append table, decided over a plain map.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use verbatim_proto::{Digest, EntryUuid, IdempotencyKey, OrganizationId, SessionId, digest::payload_hash};

use super::*;
use crate::store::{Budget, Expected};

#[derive(Default)]
struct Plain {
    chains: HashMap<SessionKey, Snapshot>,
    identities: HashMap<(u64, Identity), u64>,
    usages: HashMap<OrganizationId, Usage>,
    next: Next,
}

impl View for Plain {
    fn chain(&mut self, session: &SessionKey) -> Result<Option<Snapshot>, StoreError> {
        Ok(self.chains.get(session).cloned())
    }
    fn seq(&mut self, chain: &Snapshot, identity: &Identity) -> Result<Option<u64>, StoreError> {
        Ok(self.identities.get(&(chain.chain, *identity)).copied())
    }
    fn usage(&mut self, organization: &OrganizationId) -> Result<Usage, StoreError> {
        Ok(self.usages.get(organization).copied().unwrap_or_default())
    }
}

impl Plain {
    /// Decides and, as the writer would, keeps what is decided.
    fn run(&mut self, now: i64, candidates: &[Candidate]) -> Vec<(Appended, bool)> {
        let mut group = Group::new(Timestamp::from_micros(now), self.next);
        let decisions: Vec<_> = candidates
            .iter()
            .map(|candidate| {
                group.decide(self, candidate).map(|decision| (essence(decision.answer), decision.rests_on_group))
            })
            .collect::<Result<_, _>>()
            .expect("a plain map does not fail");
        for write in group.writes() {
            if let Write::Identity(chain, identity, seq) = write {
                self.identities.insert((*chain, *identity), *seq);
            }
        }
        self.next = group.next();
        self.usages.extend(group.usages().map(|(organization, usage)| (*organization, *usage)));
        for (session, chain) in group.into_chains() {
            self.chains.insert(session.clone(), chain);
        }
        decisions
    }

    fn one(&mut self, candidate: Candidate) -> Appended {
        self.run(1, &[candidate]).remove(0).0
    }

    fn set_status(&mut self, status: SessionStatus) {
        self.chains.get_mut(&session()).expect("a session").status = status;
    }
}

fn session() -> SessionKey {
    SessionKey { organization: OrganizationId::from_bytes([1; 16]), session: SessionId::new("s").expect("id") }
}

fn uuid(text: &str) -> EntryUuid {
    EntryUuid::new(text).expect("uuid")
}

/// An entry named by its uuid, or by `#key`, or by nothing.
fn entry(name: &str) -> NewEntry {
    let payload = Bytes::copy_from_slice(format!("{{{name}}}").as_bytes());
    let key = name.strip_prefix('#').map(|key| IdempotencyKey::new(key).expect("key"));
    let uuid = if key.is_some() || name.is_empty() { None } else { Some(uuid(name)) };
    NewEntry {
        payload_hash: payload_hash(&payload),
        payload,
        uuid,
        key,
        event_type: "t".into(),
        is_boundary: name.starts_with('b'),
    }
}

fn candidate(expected: &str, names: &[&str]) -> Candidate {
    compared(expected, names, 0)
}

fn compared(expected: &str, names: &[&str], compared: usize) -> Candidate {
    let expected = if expected.is_empty() { Expected::NoHead } else { Expected::Head(uuid(expected)) };
    let entries: Vec<_> = names.iter().map(|name| entry(name)).collect();
    let identities = entries.iter().map(Identity::of).collect();
    let permit = Arc::new(Budget::new(usize::MAX).admit(0).expect("room"));
    let entries = Arc::new(entries);
    Candidate { append: Append { session: session(), expected, entries, compared, subject: None, permit }, identities }
}

fn stored(seqs: &[u64], head: &str, length: u64) -> Appended {
    let standing = standing(head, length);
    Appended::Stored { seqs: seqs.to_vec(), created_at: Timestamp::from_micros(1), standing }
}

/// [`Appended::Present`] without the parts of its snapshot that do not matter here.
fn present(seqs: &[u64], head: &str, length: u64) -> Appended {
    let Standing { head, length } = standing(head, length);
    let snapshot = Snapshot { head, length, ..empty() };
    Appended::Present { seqs: seqs.to_vec(), snapshot }
}

fn empty() -> Snapshot {
    Group::new(Timestamp::default(), Next::default()).new_chain(Box::leak(Box::new(session())), &None)
}

fn essence(answer: Appended) -> Appended {
    match answer {
        Appended::Present { seqs, snapshot } => {
            Appended::Present { seqs, snapshot: Snapshot { head: snapshot.head, length: snapshot.length, ..empty() } }
        }
        other => other,
    }
}

fn refused(refusal: Refusal, head: &str, length: u64) -> Appended {
    Appended::Refused { refusal, standing: standing(head, length) }
}

fn standing(head: &str, length: u64) -> Standing {
    Standing { head: (!head.is_empty()).then(|| uuid(head)), length }
}

#[test]
fn the_head_must_be_named() {
    let mut plain = Plain::default();
    assert_eq!(plain.one(candidate("x", &["a"])), refused(Refusal::Conflict, "", 0));
    assert_eq!(plain.one(candidate("", &["a"])), stored(&[0], "a", 1));
    assert_eq!(plain.one(candidate("", &["c"])), refused(Refusal::Conflict, "a", 1));
    assert_eq!(plain.one(candidate("x", &["c"])), refused(Refusal::Conflict, "a", 1));
    assert_eq!(plain.one(candidate("a", &["c"])), stored(&[1], "c", 2));
}

#[test]
fn a_refused_first_append_creates_no_session() {
    let mut plain = Plain::default();
    plain.one(candidate("x", &["a"]));
    assert!(plain.chains.is_empty());
    assert_eq!(plain.next, Next::default());
}

#[test]
fn what_is_in_the_chain_is_present_whatever_head_is_named() {
    let mut plain = Plain::default();
    for (head, name) in [("", "a"), ("a", "c"), ("c", "#k"), ("c", "d")] {
        plain.one(candidate(head, &[name]));
    }
    assert_eq!(plain.one(candidate("nowhere", &["a"])), present(&[0], "d", 4));
    assert_eq!(plain.one(candidate("", &["#k"])), present(&[2], "d", 4));
    assert_eq!(plain.one(candidate("d", &["k"])), stored(&[4], "k", 5), "keys and uuids are separate name spaces");
}

#[test]
fn entries_without_uuid_leave_the_head_alone_and_are_stored_each_time_without_a_key() {
    let mut plain = Plain::default();
    assert_eq!(plain.one(candidate("", &[""])), stored(&[0], "", 1));
    assert_eq!(plain.one(candidate("", &[""])), stored(&[1], "", 2));
    assert_eq!(plain.one(candidate("", &["a"])), stored(&[2], "a", 3));
    assert_eq!(plain.one(candidate("", &[""])), refused(Refusal::Conflict, "a", 3));
    assert_eq!(plain.one(candidate("a", &["#k"])), stored(&[3], "a", 4));
}

#[test]
fn an_ended_session_knows_its_entries_and_takes_no_others() {
    let mut plain = Plain::default();
    plain.one(candidate("", &["a"]));
    plain.set_status(SessionStatus::Ended);
    assert_eq!(plain.one(candidate("x", &["a"])), present(&[0], "a", 1));
    assert_eq!(plain.one(candidate("x", &["c"])), refused(Refusal::Ended, "a", 1));
    plain.set_status(SessionStatus::Deleted);
    assert_eq!(plain.one(candidate("a", &["a"])), refused(Refusal::Deleted, "a", 1));
}

#[test]
fn one_group_sees_its_own_writes_and_says_what_rests_on_them() {
    let mut plain = Plain::default();
    let answers =
        plain.run(1, &[candidate("", &["a"]), candidate("", &["c"]), candidate("x", &["a"]), candidate("a", &["d"])]);
    assert_eq!(
        answers,
        [
            (stored(&[0], "a", 1), true),
            (refused(Refusal::Conflict, "a", 1), true),
            (present(&[0], "a", 1), true),
            (stored(&[1], "d", 2), true),
        ]
    );
    assert_eq!(plain.run(1, &[candidate("a", &["e"])]), [(refused(Refusal::Conflict, "d", 2), false)]);
}

#[test]
fn a_batch_is_stored_whole_or_not_at_all() {
    let mut plain = Plain::default();
    assert_eq!(plain.one(candidate("", &["a", "#k", "c"])), stored(&[0, 1, 2], "c", 3));
    assert_eq!(plain.one(candidate("a", &["d", "e"])), refused(Refusal::Conflict, "c", 3));
    assert_eq!(plain.one(candidate("c", &["d", "e"])), stored(&[3, 4], "e", 5));
}

#[test]
fn a_retried_batch_is_completed_once_its_stored_part_was_compared() {
    let mut plain = Plain::default();
    plain.one(candidate("", &["a", "c", "#k"]));
    assert_eq!(plain.one(candidate("", &["a", "c", "#k", "d"])), present(&[0, 1, 2], "c", 3));
    assert_eq!(plain.one(compared("", &["a", "c", "#k", "d"], 3)), stored(&[0, 1, 2, 3], "d", 4));
    assert_eq!(plain.one(compared("", &["a", "c"], 2)), present(&[0, 1], "d", 4), "nothing left to store");
    assert_eq!(plain.one(compared("", &["a", "e"], 1)), refused(Refusal::Conflict, "d", 4), "a is not the head");
    assert_eq!(plain.one(candidate("d", &["e", "a"])), refused(Refusal::Conflict, "d", 4), "not a prefix");
    assert_eq!(plain.one(candidate("d", &["c", "a"])), refused(Refusal::Conflict, "d", 4), "not in chain order");
}

#[test]
fn the_running_state_follows_the_chain() {
    let mut plain = Plain::default();
    plain.run(5, &[candidate("", &["a", "b1", "#k"])]);
    plain.run(3, &[candidate("b1", &["b2", ""])]);
    let chain = &plain.chains[&session()];
    assert_eq!((chain.length, chain.boundary_count, chain.last_boundary, chain.head_seq), (5, 2, Some(3), Some(3)));
    assert_eq!(chain.bytes, ["{a}", "{b1}", "{#k}", "{b2}", "{}"].concat().len() as u64);
    assert_eq!(chain.last_at.as_micros(), 5, "time never goes back within a session");
    let digest = ["a", "b1", "#k", "b2", ""]
        .into_iter()
        .fold(Digest::EMPTY, |digest, name| digest.then(entry(name).uuid.as_ref(), &entry(name).payload_hash));
    assert_eq!(chain.digest, digest);
}
