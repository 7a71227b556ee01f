//! What every engine must do, whatever it is made of. An engine is added by one line in `ENGINES`.

mod sessions;

use std::{ops::ControlFlow, path::Path, sync::Arc};

use bytes::Bytes;
use verbatim_proto::{Digest, EntryUuid, IdempotencyKey, OrganizationId, SessionId, Timestamp, digest::payload_hash};

use super::*;
use crate::clock::Clock;

/// Opens an engine's store in a folder; again in the same folder it finds what it stored.
type Open = fn(&Path) -> Arc<dyn Store>;

const ENGINES: [(&str, Open); 1] = [("rocks", |folder| {
    let sizes = rocks::Sizes { cache_bytes: 1 << 20, memtable_bytes: 1 << 20 };
    let reserve = rocks::Reserve { bytes_max: 0 };
    Arc::new(rocks::RocksStore::open(folder, sizes, reserve, Arc::new(Stopped)).expect("open"))
})];

/// A clock that shows one time, so that only the store can order what it stamps.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_000_000)
    }
}

/// Runs a test on every engine, each in a folder of its own.
fn on_each_engine(test: impl Fn(&dyn Fn() -> Client)) {
    for (name, open) in ENGINES {
        eprintln!("on {name}");
        let folder = tempfile::tempdir().expect("folder");
        test(&|| Client::new(open(folder.path())));
    }
}

struct Client {
    store: Arc<dyn Store>,
    runtime: tokio::runtime::Runtime,
    budget: Budget,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.store.close();
    }
}

impl Client {
    fn new(store: Arc<dyn Store>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
        Self { store, runtime, budget: Budget::new(1 << 30) }
    }

    fn request(&self, session: &SessionKey, expected: &str, names: &[&str], compared: usize) -> Append {
        let expected = if expected.is_empty() { Expected::NoHead } else { Expected::Head(uuid(expected)) };
        let entries = Arc::new(names.iter().map(|name| entry(name)).collect());
        let permit = Arc::new(self.budget.admit(0).expect("room"));
        Append { session: session.clone(), expected, entries, compared, subject: None, permit }
    }

    fn append(&self, session: &SessionKey, expected: &str, names: &[&str]) -> Appended {
        let request = self.request(session, expected, names, 0);
        self.runtime.block_on(self.store.append(request)).expect("a decision")
    }

    fn must_store(&self, session: &SessionKey, expected: &str, names: &[&str]) -> Vec<u64> {
        match self.append(session, expected, names) {
            Appended::Stored { seqs, .. } => seqs,
            other => panic!("{names:?} after {expected:?}: {other:?}"),
        }
    }

    fn snapshot(&self, session: &SessionKey) -> Option<Snapshot> {
        self.store.snapshot(session).expect("snapshot")
    }

    fn read(&self, snapshot: &Snapshot, range: Range<u64>) -> Vec<(u64, String)> {
        let mut read = Vec::new();
        let mut visit = |entry: &EntryRef<'_>| {
            read.push((entry.seq, String::from_utf8(entry.payload.to_vec()).expect("text")));
            ControlFlow::Continue(())
        };
        self.store.visit(snapshot, range, Order::Ascending, &mut visit).expect("visit");
        read
    }

    fn payloads(&self, session: &SessionKey) -> Vec<String> {
        let snapshot = self.snapshot(session).expect("a session");
        let read = self.read(&snapshot, 0..u64::MAX);
        assert!(read.iter().map(|(seq, _)| *seq).eq(0..snapshot.length), "gapless, in order");
        read.into_iter().map(|(_, payload)| payload).collect()
    }
}

fn session(name: &str) -> SessionKey {
    SessionKey { organization: OrganizationId::from_bytes([1; 16]), session: SessionId::new(name).expect("id") }
}

fn uuid(text: &str) -> EntryUuid {
    EntryUuid::new(text).expect("uuid")
}

/// `#k` has the idempotency key `k`, `-` has neither uuid nor key, `b…` is a boundary; everything else is a uuid.
fn entry(name: &str) -> NewEntry {
    let payload = Bytes::copy_from_slice(format!("{{\"name\":\"{name}\"}}").as_bytes());
    let key = name.strip_prefix('#').map(|key| IdempotencyKey::new(key).expect("key"));
    let own = (key.is_none() && name != "-").then(|| uuid(name));
    let is_boundary = name.starts_with('b');
    NewEntry { payload_hash: payload_hash(&payload), payload, uuid: own, key, event_type: "t".into(), is_boundary }
}

fn payload(name: &str) -> String {
    String::from_utf8(entry(name).payload.to_vec()).expect("text")
}

#[test]
fn what_is_acknowledged_is_there_after_a_restart() {
    on_each_engine(|open| {
        let s = session("s");
        let before = {
            let client = open();
            client.must_store(&s, "", &["a"]);
            client.must_store(&s, "a", &["b1", "-", "c"]);
            client.snapshot(&s)
        };
        let client = open();
        assert_eq!(client.snapshot(&s), before);
        assert_eq!(client.payloads(&s), ["a", "b1", "-", "c"].map(payload));
        assert_eq!(client.must_store(&s, "c", &["d"]), [4], "the chain goes on where it stood");
    });
}

#[test]
fn a_snapshot_tells_the_running_state() {
    on_each_engine(|open| {
        let (client, s) = (open(), session("s"));
        assert_eq!(client.snapshot(&s), None);
        let names = ["a", "b1", "c", "b2", "-", "#k"];
        client.must_store(&s, "", &names);
        let snapshot = client.snapshot(&s).expect("a session");
        let entries = names.map(entry);
        let digest = entries.iter().fold(Digest::EMPTY, |digest, e| digest.then(e.uuid.as_ref(), &e.payload_hash));
        assert_eq!(snapshot.digest, digest);
        assert_eq!(snapshot.bytes, entries.iter().map(|e| e.payload.len() as u64).sum::<u64>());
        assert_eq!((snapshot.length, snapshot.boundary_count, snapshot.last_boundary), (6, 2, Some(3)));
        assert_eq!(
            (snapshot.head, snapshot.head_seq),
            (Some(uuid("b2")), Some(3)),
            "entries without uuid leave it alone"
        );
    });
}

#[test]
fn a_snapshot_stays_what_it_was() {
    on_each_engine(|open| {
        let (client, s) = (open(), session("s"));
        client.must_store(&s, "", &["a"]);
        let then = client.snapshot(&s).expect("a session");
        client.must_store(&s, "a", &["b", "c"]);
        assert_eq!(client.read(&then, 0..u64::MAX), [(0, payload("a"))]);
        assert_eq!(client.snapshot(&s).map(|now| now.length), Some(3));
    });
}

#[test]
fn a_range_shows_its_entries_alone_and_a_visit_may_break_off() {
    on_each_engine(|open| {
        let (client, s) = (open(), session("s"));
        client.must_store(&s, "", &["a", "c", "d", "e"]);
        client.must_store(&session("t"), "", &["z"]);
        let snapshot = client.snapshot(&s).expect("a session");
        assert_eq!(client.read(&snapshot, 1..3), [(1, payload("c")), (2, payload("d"))]);
        assert_eq!(client.read(&snapshot, 4..9), []);
        let mut seen = 0;
        let mut first = |entry: &EntryRef<'_>| {
            seen += entry.seq;
            ControlFlow::Break(())
        };
        client.store.visit(&snapshot, 0..4, Order::Descending, &mut first).expect("visit");
        assert_eq!(seen, 3, "the newest one alone");
    });
}

#[test]
fn the_head_decides_and_a_refusal_stores_nothing() {
    on_each_engine(|open| {
        let (client, s) = (open(), session("s"));
        let refused = |head: Option<&str>, length| Appended::Refused {
            refusal: Refusal::Conflict,
            standing: Standing { head: head.map(uuid), length },
        };
        assert_eq!(client.append(&s, "x", &["a"]), refused(None, 0));
        assert_eq!(client.snapshot(&s), None, "a refused first append creates no session");
        client.must_store(&s, "", &["a"]);
        assert_eq!(client.append(&s, "", &["c"]), refused(Some("a"), 1));
        assert_eq!(client.append(&s, "x", &["c", "d"]), refused(Some("a"), 1));
        assert_eq!(client.payloads(&s), [payload("a")]);
    });
}

#[test]
fn what_is_stored_is_recognised_for_life() {
    on_each_engine(|open| {
        let s = session("s");
        open().must_store(&s, "", &["a", "#k", "c"]);
        let client = open();
        client.must_store(&s, "c", &["d"]);
        for (name, seq) in [("a", 0), ("#k", 1), ("c", 2)] {
            match client.append(&s, "anything", &[name]) {
                Appended::Present { seqs, snapshot } => assert_eq!((seqs, snapshot.length), (vec![seq], 4)),
                other => panic!("{name}: {other:?}"),
            }
        }
        assert_eq!(client.must_store(&s, "d", &["k"]), [4], "keys and uuids are separate name spaces");
        assert_eq!(client.must_store(&session("t"), "", &["a"]), [0], "a uuid is unique within its session alone");
    });
}

#[test]
fn a_batch_is_completed_from_its_stored_prefix() {
    on_each_engine(|open| {
        let (client, s) = (open(), session("s"));
        client.must_store(&s, "", &["a", "c"]);
        let request = client.request(&s, "", &["a", "c", "d"], 2);
        match client.runtime.block_on(client.store.append(request)).expect("a decision") {
            Appended::Stored { seqs, standing, .. } => assert_eq!((seqs, standing.length), (vec![0, 1, 2], 3)),
            other => panic!("{other:?}"),
        }
        assert!(matches!(client.append(&s, "d", &["e", "a"]), Appended::Refused { refusal: Refusal::Conflict, .. }));
        assert_eq!(client.payloads(&s), ["a", "c", "d"].map(payload));
    });
}

#[test]
fn organisations_with_equal_session_ids_never_meet() {
    on_each_engine(|open| {
        let client = open();
        let (ours, theirs) =
            (session("s"), SessionKey { organization: OrganizationId::from_bytes([2; 16]), ..session("s") });
        client.must_store(&ours, "", &["a"]);
        assert_eq!(client.snapshot(&theirs), None);
        client.must_store(&theirs, "", &["c"]);
        assert_eq!(client.payloads(&ours), [payload("a")]);
        assert_eq!(client.payloads(&theirs), [payload("c")]);
    });
}

#[test]
fn of_writers_that_race_one_wins_each_round() {
    on_each_engine(|open| {
        let (client, s) = (open(), session("s"));
        let race = |requests: Vec<Append>| {
            let answers = requests.into_iter().map(|request| client.store.append(request));
            client.runtime.block_on(futures_util::future::join_all(answers))
        };
        let mut head = String::new();
        for round in 0..20 {
            let one = format!("one{round}");
            let answers = race((0..8).map(|_| client.request(&s, &head, &[&one], 0)).collect());
            let stored = answers.iter().filter(|answer| matches!(answer, Ok(Appended::Stored { .. }))).count();
            let present = answers.iter().filter(|answer| matches!(answer, Ok(Appended::Present { .. }))).count();
            assert_eq!((stored, present), (1, 7), "one uuid is stored once");

            let rivals: Vec<_> = (0..8).map(|rival| format!("rival{round}-{rival}")).collect();
            let answers = race(rivals.iter().map(|rival| client.request(&s, &one, &[rival], 0)).collect());
            let won: Vec<_> = answers
                .iter()
                .filter_map(|answer| match answer {
                    Ok(Appended::Stored { standing, .. }) => standing.head,
                    Ok(Appended::Refused { refusal: Refusal::Conflict, .. }) => None,
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(won.len(), 1, "one head is followed once");
            head = won[0].to_string();
        }
        assert_eq!(client.payloads(&s).len(), 40);
    });
}

#[test]
fn a_closed_store_takes_nothing() {
    on_each_engine(|open| {
        let (client, s) = (open(), session("s"));
        client.must_store(&s, "", &["a"]);
        client.store.close();
        let request = client.request(&s, "a", &["c"], 0);
        let refused = client.runtime.block_on(client.store.append(request));
        assert!(matches!(refused, Err(AppendError::NotStored(StoreError::Closed))), "{refused:?}");
        assert!(client.store.ready().is_err());
    });
}
