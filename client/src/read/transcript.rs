//! The whole transcript, and the proof that it is whole.

use serde_json::value::RawValue;
use url::Url;
use verbatim_proto::{EntryUuid, EntryView, messages::Transcript};

use crate::decode::place;

/// How much of a transcript is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Whole,
    AfterLastCompact,
}

/// Why a body is not the transcript that the server meant to send.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    #[error("the transcript is damaged or cut off: {0}")]
    Body(String),
    #[error("the transcript says that it has {said} entries and holds {held}")]
    Count { said: u64, held: usize },
    #[error("the transcript does not end at the head that it names")]
    Head,
}

impl Part {
    pub(super) fn ask(self, url: &mut Url) {
        match self {
            Self::Whole => {}
            Self::AfterLastCompact => url.set_query(Some("after_last_compact=true")),
        }
    }

    pub(super) fn check(self, body: &[u8]) -> Result<Transcript, Damage> {
        let transcript: Transcript = serde_json::from_slice(body).map_err(|error| Damage::Body(place(&error)))?;
        let held = transcript.loglines.len();
        if transcript.count != held as u64 {
            return Err(Damage::Count { said: transcript.count, held });
        }
        let is_its_end = match (self, newest_uuid(&transcript.loglines)?) {
            // The head may stand before the boundary, where none of the entries after it has a uuid.
            (Self::AfterLastCompact, None) => true,
            (_, newest) => newest == transcript.last_uuid,
        };
        if is_its_end { Ok(transcript) } else { Err(Damage::Head) }
    }
}

fn newest_uuid(entries: &[Box<RawValue>]) -> Result<Option<EntryUuid>, Damage> {
    for entry in entries.iter().rev() {
        let view = EntryView::parse(entry.get().as_bytes()).map_err(|error| Damage::Body(error.to_string()))?;
        if view.uuid.is_some() {
            return Ok(view.uuid);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(part: Part, body: &str) -> Result<usize, Damage> {
        part.check(body.as_bytes()).map(|transcript| transcript.loglines.len())
    }

    #[test]
    fn a_whole_transcript_proves_itself() {
        let body = r#"{"loglines":[{"uuid":"a"},{"x":"\ud800"}],"count":2,"last_uuid":"a"}"#;
        assert_eq!(check(Part::Whole, body), Ok(2));
        assert_eq!(check(Part::Whole, r#"{"loglines":[],"count":0,"last_uuid":null}"#), Ok(0));
        for cut in 0..body.len() {
            assert!(check(Part::Whole, &body[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn what_the_end_says_must_hold() {
        let short = r#"{"loglines":[{"uuid":"a"}],"count":2,"last_uuid":"a"}"#;
        assert_eq!(check(Part::Whole, short), Err(Damage::Count { said: 2, held: 1 }));
        let other = r#"{"loglines":[{"uuid":"a"},{}],"count":2,"last_uuid":"b"}"#;
        assert_eq!(check(Part::Whole, other), Err(Damage::Head));
        assert_eq!(check(Part::AfterLastCompact, other), Err(Damage::Head));
    }

    #[test]
    fn after_a_boundary_the_head_may_be_out_of_sight() {
        let body = r#"{"loglines":[{"type":"system","subtype":"compact_boundary"}],"count":1,"last_uuid":"a"}"#;
        assert_eq!(check(Part::AfterLastCompact, body), Ok(1));
        assert_eq!(check(Part::Whole, body), Err(Damage::Head));
    }
}
