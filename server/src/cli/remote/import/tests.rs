//! The pure parts of an import: lines, ids, keys, and what need not be sent.

use std::path::Path;

use proptest::prelude::*;
use verbatim_client::{Event, SessionId};
use verbatim_proto::{
    Digest,
    digest::payload_hash,
    limits::{ENTRY_DEPTH_MAX, SESSION_ID_BYTES_MAX},
};

use super::{
    check::{Bad, Checked, What, check},
    identity::{key, session_of_lines, session_of_name},
    plan::Plan,
};

fn bodies(file: &str) -> Vec<&str> {
    check(file.as_bytes()).entries.iter().map(|entry| &file[entry.body.clone()]).collect()
}

fn notes(file: &[u8]) -> Vec<(u64, What)> {
    check(file).notes.into_iter().map(|note| (note.line, note.what)).collect()
}

#[test]
fn every_line_is_an_entry_without_its_outer_white_space() {
    let file = "{\"a\" : 1}\r\n\n  \t\n {\"b\":\"\u{2028}\"} \n{\"c\":1}";
    assert_eq!(bodies(file), ["{\"a\" : 1}", "{\"b\":\"\u{2028}\"}", "{\"c\":1}"]);
    let lines: Vec<_> = check(file.as_bytes()).entries.iter().map(|entry| entry.line).collect();
    assert_eq!(lines, [1, 4, 5]);
    assert_eq!(check(b""), Checked::default());
}

#[test]
fn glued_objects_are_split_and_said_so() {
    let file = "{\"a\":1}{\"b\":2} {\"c\":3}\n{\"d\":4}\n";
    assert_eq!(bodies(file), ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}", "{\"d\":4}"]);
    let places: Vec<_> = check(file.as_bytes()).entries.iter().map(|entry| (entry.line, entry.place)).collect();
    assert_eq!(places, [(1, 1), (1, 2), (1, 3), (2, 1)]);
    assert_eq!(notes(file.as_bytes()), [(1, What::Split { objects: 3 })]);
}

#[test]
fn a_bad_line_is_named_and_nothing_of_it_is_taken() {
    for (line, is_right) in [
        (&b"[1]"[..], (|bad| matches!(bad, Bad::Entry(_))) as fn(&Bad) -> bool),
        (b"not json", |bad| matches!(bad, Bad::Entry(_))),
        (b"{\"uuid\":7}", |bad| matches!(bad, Bad::Entry(_))),
        (b"{\"a\":\"\xff\"}", |bad| matches!(bad, Bad::Entry(_))),
        (b"\xEF\xBB\xBF{}", |bad| matches!(bad, Bad::Entry(_))),
        (b"{\"uuid\":\"x\"},", |bad| matches!(bad, Bad::Glued { place: 1, .. })),
        (b"{\"uuid\":\"x\"}{\"a\":", |bad| matches!(bad, Bad::Glued { place: 1, .. })),
        (b"{\"uuid\":\"x\"}{\"uuid\":\"x\",\"a\":1}", |bad| matches!(bad, Bad::UuidReused { first_line: 2 })),
    ] {
        let file = [b"{\"uuid\":\"a\"}\n", line, b"\n{\"uuid\":\"x\"}\n"].concat();
        let checked = check(&file);
        let shown = String::from_utf8_lossy(line);
        assert_eq!((checked.bad_lines, checked.entries.len()), (1, 2), "{shown}");
        let [(2, What::Bad(bad))] = &notes(&file)[..] else { panic!("{shown}: {:?}", checked.notes) };
        assert!(is_right(bad), "{shown}: {bad:?}");
    }
}

#[test]
fn a_last_line_that_was_cut_off_is_told_from_a_bad_one() {
    assert_eq!(notes(b"{}\n{\"a\":\"b"), [(2, What::Bad(Bad::CutOff))]);
    assert_eq!(notes(b"{}{\"a\""), [(1, What::Bad(Bad::CutOff))]);
    assert!(matches!(notes(b"{\"a\"\n{}")[..], [(1, What::Bad(Bad::Entry(_)))]));
}

#[test]
fn a_uuid_that_came_before_is_there_already_or_bad() {
    let file =
        b"{\"uuid\":\"a\",\"n\":1}\n{ \"n\" : 1, \"uuid\" : \"a\" }\n{\"uuid\":\"a\",\"n\":2}\n{\"n\":1}\n{\"n\":1}\n";
    let checked = check(file);
    let lines: Vec<_> = checked.entries.iter().map(|entry| entry.line).collect();
    assert_eq!(lines, [1, 4, 5], "entries without uuid may be equal");
    assert_eq!((checked.repeated, checked.bad_lines), (1, 1));
    let expected = [(2, What::Repeated { first_line: 1 }), (3, What::Bad(Bad::UuidReused { first_line: 1 }))];
    assert_eq!(notes(file), expected);
}

#[test]
fn the_session_is_the_first_id_in_the_file_or_its_name() {
    let of = |text: &str| session_of_lines(text.as_bytes()).expect("read").map(|id| id.as_str().to_owned());
    assert_eq!(
        of(
            "{\"type\":\"summary\"}\nbad\n{\"sessionId\":\"not an id\"}\n{\"sessionId\":\"s-1\"}\n{\"sessionId\":\"s-2\"}"
        ),
        Some("s-1".into())
    );
    assert_eq!(of("{\"message\":{\"sessionId\":\"inner\"}}\n"), None);
    let name = |path: &str| session_of_name(Path::new(path)).map(|id| id.as_str().to_owned());
    assert_eq!(name("/some/folder/agent_7.v2 é.jsonl"), Some("agent_7-v2--".into()));
    assert_eq!(name("/"), None);
    assert_eq!(name(&format!("{}.jsonl", "a".repeat(200))), Some("a".repeat(SESSION_ID_BYTES_MAX)));
}

#[test]
fn a_key_depends_on_all_that_it_is_made_of() {
    let session = |id| SessionId::new(id).expect("id");
    let of = |id, line, place, body: &[u8]| key(&session(id), line, place, body).expect("key").as_str().to_owned();
    let one = of("s", 1, 1, b"{}");
    assert_eq!(one, of("s", 1, 1, b"{}"));
    for other in [of("t", 1, 1, b"{}"), of("s", 2, 1, b"{}"), of("s", 1, 2, b"{}"), of("s", 1, 1, b"{ }")] {
        assert_ne!(one, other);
    }
    assert_eq!(
        one, "8TcI1H9tXJsXxPnU2cw6MwdaF_ZJQf-3IIJ-umUZBMM",
        "a key that changed would store every such entry again"
    );
}

fn event(id: &str, payload: &str) -> Event {
    let json = format!(
        r#"{{"event_id":"{id}","event_type":"x","is_compaction":false,"payload":{payload},"created_at":"2026-01-02T03:04:05Z"}}"#
    );
    serde_json::from_str(&json).expect("event")
}

#[test]
fn only_what_the_session_surely_holds_is_not_sent() {
    let file = "{\"uuid\":\"a\"}\n{\"uuid\":\"b\"}\n{\"t\":1}\n{\"t\":1}\n{\"t\":2}\n{\"uuid\":\"c\"}\n";
    let entries = check(file.as_bytes()).entries;
    let missing = |events: &[Event]| {
        let mut plan = Plan::new(file.as_bytes(), &entries);
        events.iter().for_each(|event| plan.stored(event));
        (0..entries.len()).filter(|&number| !plan.is_stored(number)).collect::<Vec<_>>()
    };
    assert_eq!(missing(&[]), [0, 1, 2, 3, 4, 5]);
    let others = [event("z", "{\"uuid\":\"z\"}"), event("~1", "{\"t\":3}")];
    assert_eq!(missing(&others), [0, 1, 2, 3, 4, 5]);
    assert_eq!(missing(&[event("a", "{\"uuid\":\"a\"}"), event("c", "{\"uuid\":\"c\"}")]), [1, 2, 3, 4]);
    assert_eq!(
        missing(&[event("b", "{\"uuid\":\"b\",\"n\":1}")]),
        [0, 1, 2, 3, 4, 5],
        "the server tells whether it is the same"
    );
    assert_eq!(
        missing(&[event("~0", "{\"t\":1}"), event("~1", "{\"t\":2}")]),
        [0, 1, 2, 3, 5],
        "one of two is missing"
    );
    assert_eq!(missing(&[event("~0", "{\"t\":1}"), event("~1", "{\"t\":1}")]), [0, 1, 4, 5]);
    let stub = |of: &str| {
        let hash = Digest(payload_hash(of.as_bytes()));
        format!(r#"{{"redacted":{{"at":"2026-01-02T03:04:05Z","blake3":"{hash}"}}}}"#)
    };
    let redacted = [event("b", &stub("{\"uuid\":\"b\"}")), event("~1", &stub("{\"t\":2}"))];
    assert_eq!(missing(&redacted), [0, 2, 3, 5], "what was redacted was there");
}

proptest! {
    #[test]
    fn no_file_panics(file: Vec<u8>) {
        check(&file);
    }

    #[test]
    fn what_is_taken_is_what_stands_there(file in r#"(\{"uuid":"[ab]"\}|\{"a":[0-9]\}|\{\}| |\n|\r\n|,|x){0,12}"#) {
        let checked = check(file.as_bytes());
        let lines = file.split('\n').count() as u64;
        let mut end = 0;
        for entry in &checked.entries {
            prop_assert!(entry.body.start >= end && entry.line <= lines);
            let body = &file.as_bytes()[entry.body.clone()];
            prop_assert!(verbatim_proto::json::equal(body, body, ENTRY_DEPTH_MAX));
            end = entry.body.end;
        }
        let objects = file.matches('{').count() as u64;
        if checked.bad_lines == 0 {
            prop_assert_eq!(checked.entries.len() as u64 + checked.repeated, objects);
        }
    }
}
