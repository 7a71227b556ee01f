//! What the view takes, refuses and reads, from the shapes real transcripts hold and those they do not.

use proptest::prelude::*;

use super::*;

fn view(body: &str) -> EntryView<'_> {
    EntryView::parse(body.as_bytes()).expect("an entry")
}

proptest! {
    #[test]
    fn no_body_panics(body: Vec<u8>) {
        let _ = EntryView::parse(&body);
        let _ = EntryView::parse_prefix(&body);
    }

    #[test]
    fn reads_what_serde_json_reads(uuid in prop::option::of("[!-}][!-~]{0,63}"), kind: String, more: String, before in "[ \n]{0,3}") {
        let entry = serde_json::json!({"a": {"uuid": "inner", "type": "inner"}, "uuid": uuid, "type": kind, "z": more}).to_string();
        let body = format!("{before}{entry}{before}");
        let view = EntryView::parse(body.as_bytes())?;
        prop_assert_eq!(view.payload, entry.as_bytes());
        prop_assert_eq!(view.uuid.map(String::from), uuid);
        prop_assert_eq!(view.event_type(), &kind);
    }

    #[test]
    fn a_prefix_ends_where_its_object_ends(first in "[a-z]{0,9}", second in "\\PC{0,20}") {
        let object = serde_json::json!({"type": first}).to_string();
        let text = format!("{object}{second}");
        let (view, end) = EntryView::parse_prefix(text.as_bytes())?;
        prop_assert_eq!(view.payload, object.as_bytes());
        prop_assert_eq!(end, object.len());
    }
}

#[test]
fn absent_null_and_empty_uuids_mean_none() {
    for body in [r#"{}"#, r#"{"uuid":null}"#, r#"{"uuid":""}"#, r#"{"uuid":"a","uuid":null}"#, r#"{"a":{"uuid":"x"}}"#]
    {
        assert_eq!(view(body).uuid, None, "{body}");
    }
}

#[test]
fn uuids_are_taken_decoded_and_the_last_counts() {
    for (body, uuid) in [
        (r#"{"uuid":"ABCDEF00-0000-4000-8000-00000000000a"}"#, "ABCDEF00-0000-4000-8000-00000000000a"),
        (r#"{"uuid":"u\u002d1"}"#, "u-1"),
        (r#"{"\u0075uid":"u1"}"#, "u1"),
        (r#"{"uuid":5,"uuid":"b"}"#, "b"),
        (r#"{"uuid":"a","uuid":"b"}"#, "b"),
        (r#"{"key\ud800":"a","uuid":"b"}"#, "b"),
    ] {
        assert_eq!(view(body).uuid.map(String::from).as_deref(), Some(uuid), "{body}");
    }
}

#[test]
fn uuids_out_of_form_are_refused() {
    let long = format!(r#"{{"uuid":"{}"}}"#, "u".repeat(65));
    for body in [
        r#"{"uuid":5}"#,
        r#"{"uuid":{}}"#,
        r#"{"uuid":["a"]}"#,
        r#"{"uuid":true}"#,
        r#"{"uuid":"a b"}"#,
        r#"{"uuid":"~1"}"#,
        r#"{"uuid":"é"}"#,
        r#"{"uuid":"\ud800"}"#,
        r#"{"uuid":"\u0000"}"#,
        r#"{"uuid":"a","uuid":7}"#,
        &long,
    ] {
        assert_eq!(EntryView::parse(body.as_bytes()).map(|_| ()), Err(EntryError::Uuid(IdError::EntryUuid)), "{body}");
    }
}

#[test]
fn only_an_object_is_an_entry() {
    for body in ["[]", "1", "\"a\"", "null", r#"[{"uuid":"a"}]"#] {
        assert_eq!(EntryView::parse(body.as_bytes()).map(|_| ()), Err(EntryError::NotAnObject), "{body}");
    }
    for body in ["", "{", "{} {}", "{'a':1}"] {
        assert!(matches!(EntryView::parse(body.as_bytes()), Err(EntryError::Json(_))), "{body}");
    }
}

#[test]
fn boundaries_are_system_entries_of_their_subtype() {
    assert!(view(r#"{"type":"system","subtype":"compact_boundary"}"#).is_boundary);
    assert!(view(r#"{"subtype":"compact\u005fboundary","type":"system"}"#).is_boundary);
    for body in [
        r#"{"type":"system","subtype":"microcompact_boundary"}"#,
        r#"{"type":"user","subtype":"compact_boundary"}"#,
        r#"{"type":"system","x":{"subtype":"compact_boundary"}}"#,
        r#"{"type":"system","subtype":"compact_boundary","subtype":null}"#,
    ] {
        assert!(!view(body).is_boundary, "{body}");
    }
}

#[test]
fn types_that_are_no_strings_are_unknown() {
    for body in ["{}", r#"{"type":null}"#, r#"{"type":3}"#, r#"{"type":["user"]}"#] {
        assert_eq!(view(body).event_type(), "unknown", "{body}");
    }
    assert_eq!(view(r#"{"type":"a\ud800"}"#).event_type(), "a\u{fffd}");
}
