//! The entry: one JSON object, of which the server reads four members and stores every byte.

mod redaction;
mod text;

use std::borrow::Cow;

pub use redaction::{Redaction, redaction};
pub use text::{one_line, said_text, user_text};

use crate::{
    ids::{EntryUuid, IdError},
    json::{self, JsonError, JsonStr, Sink},
    limits::ENTRY_DEPTH_MAX,
};

/// What an entry that names no `type` is called in an envelope (PROTOCOL.md, teleport-events).
pub const EVENT_TYPE_UNKNOWN: &str = "unknown";

/// An entry as the server sees it: its bytes, checked in one pass, and the members it acts on.
///
/// Of duplicate members the last counts, as for `JSON.parse`.
#[derive(Debug, Clone)]
pub struct EntryView<'a> {
    /// The object exactly as sent, outer white space aside.
    pub payload: &'a [u8],
    /// `uuid`; absent, null and empty all mean none.
    pub uuid: Option<EntryUuid>,
    /// `type`, decoded, where it is a string; a lone surrogate in it reads as U+FFFD.
    pub event_type: Option<Cow<'a, str>>,
    /// Whether it is a compaction boundary: `"type":"system"` with `"subtype":"compact_boundary"`.
    pub is_boundary: bool,
    /// `sessionId`, decoded, where it is a string: whose transcript the entry was taken from.
    pub session_id: Option<Cow<'a, str>>,
}

/// Why a body is not an entry. It holds offsets and never content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The body is not JSON, or nested deeper than 128 levels.
    #[error("the entry is not valid JSON: {0}; send one JSON object nested at most {ENTRY_DEPTH_MAX} levels deep")]
    Json(#[from] JsonError),
    /// JSON, but not an object.
    #[error("the entry is not a JSON object; send one object such as {{\"type\":\"user\",\"uuid\":\"…\"}}")]
    NotAnObject,
    /// `uuid` is there and neither null, empty nor of its form.
    #[error("the entry's uuid is out of form: {0}")]
    Uuid(#[from] IdError),
}

impl<'a> EntryView<'a> {
    /// Reads a body that is one entry and nothing else. Errors: [`EntryError`].
    pub fn parse(body: &'a [u8]) -> Result<Self, EntryError> {
        let mut members = Members::default();
        let value = json::scan(body, ENTRY_DEPTH_MAX, &mut members)?;
        members.view(&body[value])
    }

    /// Reads the entry that `text` begins with; gives it and the offset just past it.
    pub fn parse_prefix(text: &'a [u8]) -> Result<(Self, usize), EntryError> {
        let mut members = Members::default();
        let value = json::scan_prefix(text, ENTRY_DEPTH_MAX, &mut members)?;
        let end = value.end;
        Ok((members.view(&text[value])?, end))
    }

    /// `type`, or `"unknown"`.
    pub fn event_type(&self) -> &str {
        self.event_type.as_deref().unwrap_or(EVENT_TYPE_UNKNOWN)
    }
}

/// The last value of each member that matters.
#[derive(Default)]
struct Members<'a> {
    depth: usize,
    is_object: bool,
    at: Option<Name>,
    uuid: Member<'a>,
    r#type: Member<'a>,
    subtype: Member<'a>,
    session_id: Member<'a>,
}

#[derive(Clone, Copy)]
enum Name {
    Uuid,
    Type,
    Subtype,
    SessionId,
}

#[derive(Default, Clone, Copy)]
enum Member<'a> {
    #[default]
    None,
    Text(JsonStr<'a>),
    Other,
}

impl<'a> Member<'a> {
    fn text(self) -> Option<JsonStr<'a>> {
        match self {
            Self::Text(text) => Some(text),
            Self::None | Self::Other => None,
        }
    }

    fn is(self, text: &str) -> bool {
        self.text().is_some_and(|own| own.is(text))
    }
}

impl<'a> Members<'a> {
    fn set(&mut self, member: Member<'a>) {
        match self.at.take() {
            Some(Name::Uuid) => self.uuid = member,
            Some(Name::Type) => self.r#type = member,
            Some(Name::Subtype) => self.subtype = member,
            Some(Name::SessionId) => self.session_id = member,
            None => {}
        }
    }

    fn view(self, payload: &'a [u8]) -> Result<EntryView<'a>, EntryError> {
        if !self.is_object {
            return Err(EntryError::NotAnObject);
        }
        let uuid = match self.uuid {
            Member::None => None,
            Member::Other => return Err(IdError::EntryUuid.into()),
            Member::Text(text) if text.raw().is_empty() => None,
            Member::Text(text) => Some(EntryUuid::new(&text.decode_lossy())?),
        };
        Ok(EntryView {
            payload,
            uuid,
            event_type: self.r#type.text().map(|text| text.decode_lossy()),
            is_boundary: self.r#type.is("system") && self.subtype.is("compact_boundary"),
            session_id: self.session_id.text().map(|text| text.decode_lossy()),
        })
    }
}

impl<'a> Sink<'a> for Members<'a> {
    fn begin_object(&mut self, _at: usize) {
        self.is_object |= self.depth == 0;
        self.set(Member::Other);
        self.depth += 1;
    }

    fn begin_array(&mut self, _at: usize) {
        self.set(Member::Other);
        self.depth += 1;
    }

    fn end(&mut self) {
        self.depth -= 1;
    }

    fn key(&mut self, _at: usize, key: JsonStr<'a>) {
        if self.depth != 1 {
            return;
        }
        const NAMES: [(&str, Name); 4] =
            [("uuid", Name::Uuid), ("type", Name::Type), ("subtype", Name::Subtype), ("sessionId", Name::SessionId)];
        self.at = NAMES.iter().find(|(name, _)| key.is(name)).map(|&(_, name)| name);
    }

    fn string(&mut self, _at: usize, value: JsonStr<'a>) {
        self.set(Member::Text(value));
    }

    fn scalar(&mut self, _at: usize, literal: &'a str) {
        self.set(if literal == "null" { Member::None } else { Member::Other });
    }
}

#[cfg(test)]
mod tests;
