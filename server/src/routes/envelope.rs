//! One entry as reads of a session show it: `{"seq","event_id","event_type","is_compaction","created_at","payload"}`, or
//! those of its members that were asked for.

use std::io::Write;

use super::Problem;
use crate::store::EntryRef;

/// Which members are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Members(u8);

/// What becomes of line ends in a payload: white space between its tokens, as a line end in a string is always escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnds {
    /// They stay, so that the payload is as it was sent, byte for byte.
    AsSent,
    /// They become spaces, where a line end would end the record.
    Spaces,
    /// They go on in a further `data:` line (HTML Standard, server-sent events).
    DataLines,
}

/// The members, in the order in which they are written.
pub(super) const NAMES: [&str; 6] = ["seq", "event_id", "event_type", "is_compaction", "created_at", "payload"];

impl Members {
    pub(super) const ALL: Self = Self((1 << NAMES.len()) - 1);
    /// All but the payload, which is the last.
    pub(super) const BARE: Self = Self(Self::ALL.0 >> 1);

    /// Reads `fields=`: names parted by commas; `bare` or nothing for all but the payload.
    pub(super) fn parse(text: &str) -> Result<Self, Problem> {
        if text.is_empty() || text == "bare" {
            return Ok(Self::BARE);
        }
        let bit = |name| NAMES.iter().position(|own| *own == name).map(|at| 1 << at);
        let bits = text.split(',').map(bit).try_fold(0, |bits, bit| Some(bits | bit?));
        bits.map(Self).ok_or_else(|| {
            Problem::invalid(format!(
                "fields holds a name that no entry has; give some of {}, parted by commas, or `bare` for all but the payload",
                NAMES.join(", ")
            ))
        })
    }
}

/// Writes one entry. Writing to memory does not fail.
pub(super) fn entry(entry: &EntryRef<'_>, members: Members, line_ends: LineEnds, out: &mut Vec<u8>) {
    let mut parting = b'{';
    for (at, name) in NAMES.iter().enumerate().filter(|(at, _)| members.0 >> at & 1 == 1) {
        out.push(parting);
        parting = b',';
        let _ = write!(out, "\"{name}\":");
        match at {
            0 => drop(write!(out, "{}", entry.seq)),
            1 => event_id(entry, out),
            2 => drop(serde_json::to_writer(&mut *out, &entry.event_type)),
            3 => drop(write!(out, "{}", entry.is_boundary)),
            4 => drop(write!(out, "\"{}\"", entry.created_at)),
            _ => payload(entry.payload, line_ends, out),
        }
    }
    out.push(b'}');
}

/// Writes the name of an entry: its uuid, or `~SEQ` where it has none.
pub(super) fn event_id(entry: &EntryRef<'_>, out: &mut Vec<u8>) {
    match entry.uuid {
        Some(uuid) => drop(serde_json::to_writer(&mut *out, uuid)),
        None => drop(write!(out, "\"~{}\"", entry.seq)),
    }
}

fn payload(payload: &[u8], line_ends: LineEnds, out: &mut Vec<u8>) {
    let between: &[u8] = match line_ends {
        LineEnds::AsSent => return out.extend_from_slice(payload),
        LineEnds::Spaces => b" ",
        LineEnds::DataLines => b"\ndata: ",
    };
    for (at, line) in payload.split(|byte| *byte == b'\n').enumerate() {
        if at > 0 {
            out.extend_from_slice(between);
        }
        // Server-sent events end a line at a CR too, alone or before an LF.
        let start = out.len();
        out.extend_from_slice(line);
        out[start..].iter_mut().filter(|byte| **byte == b'\r').for_each(|byte| *byte = b' ');
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use verbatim_proto::{Timestamp, messages::Entry};

    use super::*;

    fn written(payload: &[u8], members: Members, line_ends: LineEnds) -> String {
        let shown = EntryRef {
            is_redacted: false,
            seq: 7,
            created_at: Timestamp::from_micros(0),
            uuid: None,
            event_type: Cow::Borrowed("a\"b"),
            is_boundary: true,
            boundary_count: 1,
            payload,
            payload_hash: &[0; 32],
        };
        let mut out = Vec::new();
        entry(&shown, members, line_ends, &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn an_envelope_is_as_the_protocol_writes_it() {
        let whole = written(b"{ \"a\":\n1}", Members::ALL, LineEnds::AsSent);
        let json = r#"{"seq":7,"event_id":"~7","event_type":"a\"b","is_compaction":true,"created_at":"1970-01-01T00:00:00.000000Z","payload":{ "a":"#;
        assert_eq!(whole, format!("{json}\n1}}}}"));
        assert_eq!(
            serde_json::from_str::<Entry>(&whole).expect("an entry").payload.expect("a payload").get(),
            "{ \"a\":\n1}"
        );
    }

    #[test]
    fn members_are_those_that_were_asked_for() {
        let bare = Members::parse("bare").expect("known");
        assert_eq!(Members::parse("").expect("known"), bare);
        assert!(!written(b"{}", bare, LineEnds::AsSent).contains("payload"));
        let some = Members::parse("payload,seq,seq").expect("known");
        assert_eq!(written(b"{}", some, LineEnds::AsSent), r#"{"seq":7,"payload":{}}"#);
        for bad in ["seq,", ",", "seq, payload", "uuid", "BARE"] {
            assert!(Members::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn line_ends_do_not_end_a_record() {
        let payload = b"{\r\n\"a\":\n\n1\r}";
        let members = Members::parse("payload").expect("known");
        assert_eq!(written(payload, members, LineEnds::Spaces), "{\"payload\":{  \"a\":  1 }}");
        assert_eq!(written(payload, members, LineEnds::DataLines), "{\"payload\":{ \ndata: \"a\":\ndata: \ndata: 1 }}");
        assert_eq!(written(payload, members, LineEnds::AsSent).as_bytes(), b"{\"payload\":{\r\n\"a\":\n\n1\r}}");
    }
}
