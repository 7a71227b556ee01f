//! The scanner against serde_json as an oracle, and equality against its own definition.

use proptest::prelude::*;

use super::*;
use crate::limits::ENTRY_DEPTH_MAX;

fn accepts(text: &[u8]) -> bool {
    scan(text, ENTRY_DEPTH_MAX, &mut ()).is_ok()
}

fn oracle(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

fn error(text: &[u8]) -> (JsonErrorKind, usize) {
    let error = scan(text, ENTRY_DEPTH_MAX, &mut ()).expect_err("should be refused");
    (error.kind, error.offset)
}

/// Any JSON value, nested a few levels.
pub(crate) fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        "\\PC{0,12}".prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map("\\PC{0,6}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn takes_all_json(value in json_value()) {
        prop_assert!(accepts(value.to_string().as_bytes()));
        prop_assert!(accepts(serde_json::to_string_pretty(&value)?.as_bytes()));
    }

    #[test]
    fn agrees_with_serde_json_on_damaged_json(value in json_value(), at: prop::sample::Index, byte: u8, how in 0..3u8) {
        let mut text = value.to_string().into_bytes();
        let at = at.index(text.len());
        match how {
            0 => text[at] = byte,
            1 => text.insert(at, byte),
            _ => { text.remove(at); }
        }
        prop_assert_eq!(accepts(&text), oracle(&text), "{:?}", String::from_utf8_lossy(&text));
    }

    #[test]
    fn agrees_with_serde_json_on_json_like_text(text in r#"[\[\]{}:,"\\ a-fnrtu0-9.eE+-]{0,24}"#) {
        prop_assert_eq!(accepts(text.as_bytes()), oracle(text.as_bytes()), "{:?}", text);
    }

    #[test]
    fn no_bytes_panic(text: Vec<u8>) {
        prop_assert_eq!(accepts(&text), oracle(&text));
        equal(&text, &text, ENTRY_DEPTH_MAX);
    }

    #[test]
    fn strings_decode_as_serde_json_decodes_them(text: String) {
        struct Last<'a>(Option<JsonStr<'a>>);
        impl<'a> Sink<'a> for Last<'a> {
            fn string(&mut self, _at: usize, value: JsonStr<'a>) { self.0 = Some(value); }
        }
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        for json in [serde_json::to_string(&text)?, format!("\"{escaped}\"")] {
            let mut last = Last(None);
            scan(json.as_bytes(), 1, &mut last)?;
            let value = last.0.expect("a string");
            prop_assert_eq!(value.decode_lossy(), text.as_str());
            prop_assert!(value.is(&text));
            let longer = text.clone() + "x";
            prop_assert!(!value.is(&longer));
        }
    }

    #[test]
    fn equality_ignores_layout_and_member_order(value in json_value()) {
        fn reversed(value: &serde_json::Value) -> String {
            match value {
                serde_json::Value::Array(items) => format!("[ {} ]", items.iter().map(reversed).collect::<Vec<_>>().join(" , ")),
                serde_json::Value::Object(members) => {
                    let members: Vec<_> = members.iter().rev()
                        .map(|(key, value)| format!("{}\n:{}", serde_json::Value::from(key.as_str()), reversed(value))).collect();
                    format!("{{{}}}", members.join(","))
                }
                scalar => scalar.to_string(),
            }
        }
        prop_assert!(equal(value.to_string().as_bytes(), reversed(&value).as_bytes(), ENTRY_DEPTH_MAX));
    }

    #[test]
    fn equality_tells_values_apart(a in json_value(), b in json_value()) {
        let (a, b) = (a.to_string(), b.to_string());
        prop_assert_eq!(equal(a.as_bytes(), b.as_bytes(), ENTRY_DEPTH_MAX), a == b);
    }
}

#[test]
fn takes_what_transcripts_hold() {
    for text in [
        r#"{"a":1,"a":2}"#,
        r#"{"lone":"\ud800","low":"\udc00x","key\ud800":1}"#,
        r#"{"big":123456789012345678901234567890.5e+999,"minus":-0}"#,
        " \t\r\n{} \n",
        "{\"bom inside\":\"\u{feff}\",\"line\":\"\u{2028}\"}",
    ] {
        assert!(accepts(text.as_bytes()), "{text}");
    }
}

#[test]
fn names_what_is_wrong_and_where() {
    use JsonErrorKind::*;
    for (text, kind, offset) in [
        (&b""[..], Truncated, 0),
        (b"{\"a\":", Truncated, 5),
        (b"\"abc", Truncated, 4),
        (b"\"\\u12", Truncated, 5),
        (b"tru", Truncated, 3),
        (b"trux", Unexpected, 3),
        (b"{,}", Unexpected, 1),
        (b"[1,]", Unexpected, 3),
        (b"[1}", Unexpected, 2),
        (b"\xEF\xBB\xBF{}", ByteOrderMark, 0),
        (b"\"a\nb\"", ControlCharacter, 2),
        (b"\"\\x\"", Escape, 1),
        (b"\"\\u12g4\"", Escape, 1),
        (b"\"a\xff\"", Utf8, 2),
        (b"01", Number, 1),
        (b"-x", Number, 1),
        (b"1.x", Number, 2),
        (b"{}{}", Trailing, 2),
    ] {
        assert_eq!(error(text), (kind, offset), "{:?}", String::from_utf8_lossy(text));
    }
}

#[test]
fn depth_is_bounded_exactly() {
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    assert!(accepts(&nested(128)));
    assert_eq!(error(&nested(129)), (JsonErrorKind::Depth, 128));
    assert_eq!(error(&vec![b'['; 1 << 20]), (JsonErrorKind::Depth, 128));
    let objects = |depth: usize| [b"{\"a\":".repeat(depth - 1), b"{}".to_vec(), vec![b'}'; depth - 1]].concat();
    assert!(accepts(&objects(128)));
    assert_eq!(error(&objects(129)).0, JsonErrorKind::Depth);
}

#[test]
fn equality_is_that_of_the_protocol() {
    let same = |a: &str, b: &str| equal(a.as_bytes(), b.as_bytes(), ENTRY_DEPTH_MAX);
    assert!(same(r#"{"a":1,"b":2}"#, r#" { "b" : 2, "a" : 1 } "#));
    assert!(same(r#"{"a":"\u00e9"}"#, r#"{"\u0061":"é"}"#));
    assert!(same(r#"{"a":"\ud800"}"#, r#"{"a":"\uD800"}"#));
    assert!(same(r#"{"a":1,"b":0,"a":2}"#, r#"{"a":1,"a":2,"b":0}"#), "equal keys keep their order");
    assert!(!same(r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#));
    assert!(!same(r#"{"a":1.0}"#, r#"{"a":1}"#), "numbers by their literal");
    assert!(!same(r#"{"a":"\ud800"}"#, r#"{"a":"\ufffd"}"#));
    assert!(!same(r#"[1,2]"#, r#"[2,1]"#));
    assert!(!same(r#"{"a":[]}"#, r#"{"a":{}}"#));
    assert!(!same(r#"{"a":1}"#, r#"{"a":1"#));
}
