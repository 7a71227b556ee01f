//! What every engine must do with sessions as a whole: make, change, fork, reset, redact, delete, purge, count, list.

use std::ops::ControlFlow;

use bytes::Bytes;
use verbatim_proto::organization::{Amounts, Cause, ChangeKind, Settings};

use super::*;

fn change(session: &SessionKey, what: What) -> Change {
    Change {
        session: session.clone(),
        what,
        subject: Some("me".into()),
        cause: Cause::Request,
        only_if: OnlyIf::Always,
    }
}

impl Client {
    fn change(&self, session: &SessionKey, what: What) -> Changed {
        self.runtime.block_on(self.store.change(change(session, what))).expect("a decision")
    }

    #[track_caller]
    fn done(&self, session: &SessionKey, what: What) -> Session {
        match self.change(session, what) {
            Changed::Done(session) => session,
            other => panic!("{other:?}"),
        }
    }

    fn fork(&self, from: &SessionKey, into: &str, length: u64) -> SessionKey {
        let fork = session(into);
        let chain = self.snapshot(from).expect("a parent").chain;
        self.done(from, What::Fork { into: fork.session.clone(), at: Some(at(chain, length)) });
        fork
    }

    fn ids(&self, list: List) -> Vec<String> {
        let mut ids = Vec::new();
        let mut visit = |_, session: Session| {
            ids.push(session.id.to_string());
            ControlFlow::Continue(())
        };
        self.store.list(&ours(), list, None, &mut visit).expect("list");
        ids
    }

    fn told(&self) -> Vec<(String, ChangeKind)> {
        let mut told = Vec::new();
        let mut visit = |_, change: wire::Change| {
            told.push((change.session_id.to_string(), change.what));
            ControlFlow::Continue(())
        };
        self.store.changes(&ours(), 0, &mut visit).expect("changes");
        told
    }

    fn due(&self) -> Vec<(String, Whereto)> {
        let mut found = Vec::new();
        let mut visit = |due: Due| {
            found.push((due.session.to_string(), due.whereto));
            ControlFlow::Continue(())
        };
        self.store.due(&ours(), None, &mut visit).expect("due");
        found
    }

    /// Waits until the organisation keeps so many entries: what was purged is cut off beside the writer.
    fn await_entries(&self, entries: u64) -> Amounts {
        loop {
            let total = self.store.usage(&ours()).expect("usage").total;
            if total.entries == entries {
                return total;
            }
            std::thread::yield_now();
        }
    }
}

fn at(chain: u64, length: u64) -> ForkAt {
    ForkAt { chain, length, event_id: format!("~{}", length - 1) }
}

fn ours() -> OrganizationId {
    session("s").organization
}

fn delete() -> What {
    What::Delete { keep_micros: 7, with: None }
}

fn bytes(names: &[&str]) -> u64 {
    names.iter().map(|name| payload(name).len() as u64).sum()
}

#[test]
fn a_session_is_made_once_and_lists_show_where_it_is() {
    on_each_engine(|open| {
        let (client, s) = (open(), session("s"));
        let properties = Properties { title: Some("t".to_owned()), ..Properties::default() };
        client.done(&s, What::Create(properties.clone()));
        assert!(matches!(client.change(&s, What::Create(properties)), Changed::Already(_)));
        assert!(matches!(client.change(&s, What::Create(Properties::default())), Changed::Exists));
        assert_eq!((client.ids(List::Live), client.ids(List::Bin)), (vec!["s".to_owned()], vec![]));
        let deleted = client.done(&s, delete()).history.deleted.expect("in the bin");
        assert_eq!(deleted.purge_at.as_micros() - deleted.at.as_micros(), 7);
        assert_eq!((client.ids(List::Live), client.ids(List::Bin)), (vec![], vec!["s".to_owned()]));
        assert_eq!(client.due(), [("s".to_owned(), Whereto::Purged)]);
        assert!(matches!(client.append(&s, "", &["a"]), Appended::Refused { refusal: Refusal::Deleted, .. }));
        client.done(&s, What::Restore { with: None });
        assert_eq!((client.ids(List::Live), client.due()), (vec!["s".to_owned()], vec![]));
        client.must_store(&s, "", &["a"]);
    });
}

#[test]
fn a_fork_shares_what_there_was_and_no_more() {
    on_each_engine(|open| {
        let s = session("s");
        let (client, fork) = {
            let client = open();
            client.must_store(&s, "", &["a", "b1", "c"]);
            let fork = client.fork(&s, "f", 2);
            client.must_store(&s, "c", &["d"]);
            client.must_store(&fork, "b1", &["e"]);
            drop(client);
            (open(), fork)
        };
        assert_eq!(client.payloads(&fork), ["a", "b1", "e"].map(payload));
        let snapshot = client.snapshot(&fork).expect("a fork");
        assert_eq!((snapshot.boundary_count, snapshot.last_boundary), (1, Some(1)));
        assert!(matches!(client.append(&fork, "x", &["a"]), Appended::Present { .. }), "a shared entry is its own");
        assert_eq!(client.must_store(&fork, "e", &["c"]), [3], "what its parent got later is unknown to it");
        assert_eq!(client.store.forks(&s).expect("forks"), [fork.session]);
        assert_eq!(client.store.children(&s).expect("children"), []);
    });
}

#[test]
fn purging_leaves_to_forks_what_they_share_and_takes_the_rest() {
    on_each_engine(|open| {
        let (client, s) = (open(), session("s"));
        client.must_store(&s, "", &["a", "c", "d", "e"]);
        let fork = client.fork(&s, "f", 3);
        client.must_store(&fork, "d", &["g"]);
        let grandchild = client.fork(&fork, "ff", 2);
        assert_eq!(client.await_entries(5).sessions, 3);

        assert!(client.done(&s, What::Purge).history.purged.is_some());
        assert_eq!(client.await_entries(4), Amounts { sessions: 2, entries: 4, bytes: bytes(&["a", "c", "d", "g"]) });
        assert_eq!(client.payloads(&fork), ["a", "c", "d", "g"].map(payload));
        assert_eq!(client.payloads(&grandchild), ["a", "c"].map(payload));
        assert!(matches!(client.append(&fork, "x", &["c"]), Appended::Present { .. }), "its uuids stay known");

        client.done(&fork, What::Purge);
        assert_eq!(client.await_entries(2), Amounts { sessions: 1, entries: 2, bytes: bytes(&["a", "c"]) });
        assert_eq!(client.payloads(&grandchild), ["a", "c"].map(payload));
        drop(client);

        let client = open();
        assert_eq!(client.payloads(&grandchild), ["a", "c"].map(payload));
        client.done(&grandchild, What::Purge);
        assert_eq!(client.await_entries(0), Amounts::default());
        assert_eq!((client.ids(List::Live), client.ids(List::Bin)), (vec![], vec![]));
        let snapshot = client.snapshot(&s).expect("what stays of it");
        assert_eq!((snapshot.status, snapshot.length, snapshot.head), (SessionStatus::Deleted, 0, None));
    });
}

#[test]
fn a_purged_id_is_refused_until_it_is_forgotten() {
    on_each_engine(|open| {
        let (client, s) = (open(), session("s"));
        client.must_store(&s, "", &["a"]);
        client.done(&s, What::Purge);
        assert!(matches!(client.append(&s, "", &["a"]), Appended::Refused { refusal: Refusal::Deleted, standing }
            if standing == Standing::default()));
        let create = || What::Create(Properties::default());
        assert!(matches!(client.change(&s, create()), Changed::Forbidden(SessionStatus::Deleted, _)));
        for what in [delete(), What::Restore { with: None }, What::Purge] {
            assert!(matches!(client.change(&s, what), Changed::NotFound));
        }
        assert_eq!(client.due(), [("s".to_owned(), Whereto::Forgotten)]);
        assert!(matches!(client.change(&s, What::Forget), Changed::NotFound));
        assert_eq!((client.snapshot(&s), client.due()), (None, vec![]));
        assert_eq!(client.must_store(&s, "", &["a"]), [0]);
    });
}

#[test]
fn a_redacted_entry_keeps_its_place_and_hash_wherever_it_is_shared() {
    on_each_engine(|open| {
        let s = session("s");
        let (fork, before) = {
            let client = open();
            client.must_store(&s, "", &["a", "c", "d"]);
            let fork = client.fork(&s, "f", 2);
            let before = client.snapshot(&fork).expect("a fork");
            let redact = |seq| What::Redact { chain: before.chain, seq, stub: Bytes::from_static(b"{}") };
            client.done(&fork, redact(1));
            assert!(matches!(client.change(&fork, redact(1)), Changed::Already(_)));
            assert!(matches!(client.change(&fork, redact(2)), Changed::NotFound), "past its end");
            assert!(matches!(client.change(&s, redact(0)), Changed::NotFound), "another chain's number");
            (fork, before)
        };
        let client = open();
        let stub = "{}".to_owned();
        assert_eq!(client.payloads(&fork), [payload("a"), stub.clone()]);
        assert_eq!(client.payloads(&s), [payload("a"), stub, payload("d")]);
        let after = client.snapshot(&fork).expect("a fork");
        assert_eq!((after.digest, after.bytes, after.head), (before.digest, before.bytes, before.head));
        let mut shown = None;
        let mut visit = |found: &EntryRef<'_>| {
            shown = Some((found.is_redacted, *found.payload_hash, found.uuid.map(str::to_owned)));
            ControlFlow::Break(())
        };
        client.store.visit(&after, 1..2, Order::Ascending, &mut visit).expect("visit");
        assert_eq!(shown, Some((true, entry("c").payload_hash, Some("c".to_owned()))));
    });
}

#[test]
fn a_reset_keeps_the_old_chain_and_frees_its_uuids() {
    on_each_engine(|open| {
        let (s, archive) = (session("s"), session("old"));
        {
            let client = open();
            client.must_store(&s, "", &["a", "c"]);
            let old = client.snapshot(&s).expect("a session");
            let reset = |head: &str| {
                let expected = if head.is_empty() { Expected::NoHead } else { Expected::Head(uuid(head)) };
                What::Reset { expected, archive: archive.session.clone() }
            };
            assert!(matches!(client.change(&s, reset("a")), Changed::Conflict(standing) if standing.length == 2));
            let session = client.done(&s, reset("c"));
            assert_eq!((session.snapshot.length, session.snapshot.head), (0, None));
            assert_ne!(session.snapshot.chain, old.chain, "cursors of the old chain are told by its number");
            assert!(matches!(client.change(&s, reset("c")), Changed::Already(_)), "the same reset again");
            client.must_store(&s, "", &["a"]);
            assert!(matches!(client.change(&s, reset("c")), Changed::Conflict(_)));
        }
        let client = open();
        assert_eq!(client.payloads(&s), [payload("a")]);
        assert_eq!(client.payloads(&archive), ["a", "c"].map(payload));
        let kept = client.store.session(&archive).expect("session").expect("the archive");
        assert_eq!(kept.snapshot.status, SessionStatus::Ended);
        assert_eq!(kept.history.archived_from.map(|from| from.session_id), Some(s.session));
    });
}

#[test]
fn a_fork_at_a_place_of_a_chain_that_is_gone_is_none() {
    on_each_engine(|open| {
        let (client, s) = (open(), session("s"));
        client.must_store(&s, "", &["a", "c"]);
        let old = client.snapshot(&s).expect("a session").chain;
        let reset = What::Reset { expected: Expected::Head(uuid("c")), archive: session("old").session };
        client.done(&s, reset);
        client.must_store(&s, "", &["d"]);
        let new = client.snapshot(&s).expect("a session").chain;
        let fork = |at| client.change(&s, What::Fork { into: session("f").session, at: Some(at) });
        assert!(matches!(fork(at(old, 1)), Changed::NotFound), "looked up before the reset");
        assert!(matches!(fork(at(new, 2)), Changed::NotFound), "past its end");
        assert_eq!(client.snapshot(&session("f")), None);
        assert!(matches!(fork(at(new, 1)), Changed::Done(_)));
    });
}

#[test]
fn what_happens_is_told_in_order_and_stays_told() {
    on_each_engine(|open| {
        let s = session("s");
        {
            let client = open();
            client.must_store(&s, "", &["a"]);
            let ended = Patch { status: Some(SessionStatus::Ended), ..Patch::default() };
            client.done(&s, What::Patch { if_revision: None, patch: ended });
            client.fork(&s, "f", 1);
            client.done(&s, delete());
            client.done(&s, What::Restore { with: None });
            client.done(&s, What::Purge);
        }
        let client = open();
        let of = |id: &str, what| (id.to_owned(), what);
        let expected = [
            of("s", ChangeKind::Created),
            of("s", ChangeKind::Ended),
            of("f", ChangeKind::Forked { forked_from: s.session.clone() }),
            of("s", ChangeKind::Deleted),
            of("s", ChangeKind::Restored),
            of("s", ChangeKind::Purged),
        ];
        assert_eq!(client.told(), expected);
        assert_eq!(client.store.now().0, 6, "numbers go on where they stood");
        let theirs = OrganizationId::from_bytes([2; 16]);
        let mut none = |_, change: wire::Change| panic!("{change:?}");
        client.store.changes(&theirs, 0, &mut none).expect("changes");
    });
}

#[test]
fn usage_settings_and_organisations_are_there_after_a_restart() {
    on_each_engine(|open| {
        let (s, theirs) = (session("s"), OrganizationId::from_bytes([2; 16]));
        let settings = Settings { retention_days: Some(3) };
        {
            let client = open();
            client.must_store(&s, "", &["a", "c"]);
            client.must_store(&session("t"), "", &["a"]);
            client.store.set_settings(&ours(), &settings).expect("set");
        }
        let client = open();
        let total = Amounts { sessions: 2, entries: 3, bytes: bytes(&["a", "c", "a"]) };
        assert_eq!(client.store.usage(&ours()).expect("usage"), Usage { total, day: 0, on_day: total });
        assert_eq!(client.store.usage(&theirs).expect("usage"), Usage::default());
        assert_eq!(client.store.settings(&ours()).expect("settings"), settings);
        assert_eq!(client.store.settings(&theirs).expect("settings"), Settings::default());
        assert_eq!(client.store.organizations().expect("organisations"), [ours()]);
        let mut oldest = Vec::new();
        let mut visit = |_, session: Session| {
            oldest.push(session.id.to_string());
            ControlFlow::Continue(())
        };
        client.store.list_oldest_first(&ours(), (0, None), &mut visit).expect("list");
        assert_eq!(oldest, ["t", "s"], "the other way round than the list");
        assert_eq!(client.ids(List::Live), ["s", "t"]);
    });
}

#[test]
fn what_the_server_does_by_itself_is_done_only_while_it_holds() {
    on_each_engine(|open| {
        let (client, s) = (open(), session("s"));
        let at = |micros| Some(Timestamp::from_micros(micros));
        client.done(&s, What::Create(Properties { expires_at: at(2_000_000), ..Properties::default() }));
        assert_eq!(client.due(), [("s".to_owned(), Whereto::Bin)]);
        let only_if = |only_if, what| {
            let change = Change { only_if, ..change(&s, what) };
            client.runtime.block_on(client.store.change(change)).expect("a decision")
        };
        assert!(matches!(only_if(OnlyIf::Expired, delete()), Changed::Already(_)), "it is one second past 1970");
        let sooner = Patch { expires_at: Some(at(1_000_000)), ..Patch::default() };
        client.done(&s, What::Patch { if_revision: None, patch: sooner });
        assert!(matches!(only_if(OnlyIf::BinIsOver, What::Purge), Changed::Already(_)));
        assert!(matches!(only_if(OnlyIf::Expired, delete()), Changed::Done(_)));
        assert!(matches!(only_if(OnlyIf::IdIsFree, What::Forget), Changed::Already(_)));
        let restored = client.done(&s, What::Restore { with: None });
        assert_eq!(restored.properties.expires_at, None, "it would go back at once");
    });
}
