//! What a file holds, line by line: entries, and what is wrong with the lines that are none. Pure.

use std::{collections::HashMap, ops::Range};

use verbatim_proto::{
    EntryError, EntryUuid, EntryView,
    json::{self, JsonErrorKind},
    limits::ENTRY_DEPTH_MAX,
};

/// An entry of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// From 1.
    pub(super) line: u64,
    /// Which of the line's objects, from 1.
    pub(super) place: u32,
    /// Where it stands in the file, in bytes, outer white space aside.
    pub(super) body: Range<usize>,
    pub(super) uuid: Option<EntryUuid>,
}

/// What is worth saying about a line. It holds no content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) line: u64,
    pub(super) what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum What {
    #[error("{0}")]
    Bad(Bad),
    #[error("{objects} objects are glued together on this line; they are taken as {objects} entries")]
    Split { objects: u32 },
    #[error("its uuid came before, on line {first_line}, with the same content; it is not sent twice")]
    Repeated { first_line: u64 },
}

/// Why a line is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Bad {
    #[error("{0}")]
    Entry(EntryError),
    #[error("after its object {place}: {error}")]
    Glued { place: u32, error: EntryError },
    #[error("the file ends in the middle of this line")]
    CutOff,
    #[error("its uuid came before, on line {first_line}, with other content")]
    UuidReused { first_line: u64 },
}

/// What a file holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) entries: Vec<Found>,
    pub(super) notes: Vec<Note>,
    pub(super) bad_lines: u64,
    pub(super) split_lines: u64,
    pub(super) repeated: u64,
}

/// The objects of one line, each with its view.
type Objects<'a> = Vec<(Range<usize>, EntryView<'a>)>;

pub(super) fn check(file: &[u8]) -> Checked {
    let mut checked = Checked::default();
    let mut seen = HashMap::new();
    let mut start = 0;
    for (line, text) in (1..).zip(file.split_inclusive(|&byte| byte == b'\n')) {
        let is_ended = text.ends_with(b"\n");
        match objects(text, is_ended) {
            Ok(objects) => checked.take(file, start, line, objects, &mut seen),
            Err(bad) => checked.bad(line, bad),
        }
        start += text.len();
    }
    checked
}

/// All objects of a line, or why it is not taken. A blank line has none.
fn objects(text: &[u8], is_ended: bool) -> Result<Objects<'_>, Bad> {
    let mut objects = Vec::new();
    let mut at = 0;
    while !text[at..].iter().all(|&byte| json::is_whitespace(byte)) {
        let (view, end) = EntryView::parse_prefix(&text[at..]).map_err(|error| match error {
            EntryError::Json(json) if json.kind == JsonErrorKind::Truncated && !is_ended => Bad::CutOff,
            error if objects.is_empty() => Bad::Entry(error),
            error => Bad::Glued { place: objects.len() as u32, error },
        })?;
        at += end;
        objects.push((at - view.payload.len()..at, view));
    }
    Ok(objects)
}

impl Checked {
    fn take(
        &mut self,
        file: &[u8],
        start: usize,
        line: u64,
        objects: Objects<'_>,
        seen: &mut HashMap<EntryUuid, (u64, Range<usize>)>,
    ) {
        let mut found = Vec::new();
        let mut repeats = Vec::new();
        let count = objects.len() as u32;
        for (place, (range, view)) in (1..).zip(objects) {
            let body = start + range.start..start + range.end;
            let Some(uuid) = view.uuid else {
                found.push(Found { line, place, body, uuid: None });
                continue;
            };
            let own = found.iter().find(|earlier: &&Found| earlier.uuid == Some(uuid));
            let earlier = own.map(|own| (line, own.body.clone())).or_else(|| seen.get(&uuid).cloned());
            match earlier {
                None => found.push(Found { line, place, body, uuid: Some(uuid) }),
                Some((first_line, first)) if json::equal(&file[first.clone()], &file[body], ENTRY_DEPTH_MAX) => {
                    repeats.push(Note { line, what: What::Repeated { first_line } });
                }
                Some((first_line, _)) => return self.bad(line, Bad::UuidReused { first_line }),
            }
        }
        if count > 1 {
            self.split_lines += 1;
            self.notes.push(Note { line, what: What::Split { objects: count } });
        }
        self.repeated += repeats.len() as u64;
        self.notes.append(&mut repeats);
        seen.extend(found.iter().filter_map(|found| Some((found.uuid?, (line, found.body.clone())))));
        self.entries.append(&mut found);
    }

    fn bad(&mut self, line: u64, bad: Bad) {
        self.bad_lines += 1;
        self.notes.push(Note { line, what: What::Bad(bad) });
    }
}
