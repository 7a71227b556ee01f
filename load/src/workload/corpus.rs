//! Real transcripts as a source of entries: lines of JSONL files, each given a new uuid every time it is sent.

use std::{
    fs,
    path::{Path, PathBuf},
};

use verbatim_proto::{EntryUuid, EntryView};

use crate::error::{LoadError, While};

/// The lines of a folder's transcripts, held in memory.
#[derive(Debug)]
pub struct Corpus {
    folder: PathBuf,
    lines: Vec<Line>,
}

/// One line, parted where its uuid goes.
#[derive(Debug)]
pub struct Line {
    before: Box<[u8]>,
    after: Box<[u8]>,
}

impl Corpus {
    /// Reads every `.jsonl` file of a folder. Lines that are no entries are passed over.
    pub fn read(folder: &Path) -> Result<Self, LoadError> {
        let doing = || format!("read the corpus {}", folder.display());
        let mut files = Vec::new();
        for file in fs::read_dir(folder).while_doing(doing())? {
            files.push(file.while_doing(doing())?.path());
        }
        files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        files.sort();
        let mut lines = Vec::new();
        for file in files {
            let bytes = fs::read(&file).while_doing(format!("read {}", file.display()))?;
            lines.extend(bytes.split(|byte| *byte == b'\n').filter_map(Line::new));
        }
        if lines.is_empty() {
            return Err(LoadError::Usage(format!("no entry in any .jsonl file of {}", folder.display())));
        }
        Ok(Self { folder: folder.to_owned(), lines })
    }

    /// How many entries there are.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// The folder's name.
    pub fn folder(&self) -> String {
        self.folder.file_name().unwrap_or(self.folder.as_os_str()).to_string_lossy().into_owned()
    }

    /// The entry at `index`, below [`len`](Self::len).
    pub fn line(&self, index: usize) -> &Line {
        &self.lines[index]
    }
}

impl Line {
    fn new(line: &[u8]) -> Option<Self> {
        let view = EntryView::parse(line).ok()?;
        let quoted = view.uuid.map(|uuid| format!("\"{uuid}\""));
        // Its own uuid stands last where it stands twice, as in a parent's name.
        let at =
            quoted.as_ref().and_then(|quoted| memchr::memmem::rfind(line, quoted.as_bytes()).map(|at| (at, quoted)));
        let start = line.iter().position(|byte| *byte == b'{')?;
        let (before, after) = match at {
            Some((at, quoted)) => (line[..=at].to_vec(), line[at + quoted.len() - 1..].to_vec()),
            None => {
                let empty = line[start + 1..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'}');
                let rest = &line[start + 1..];
                (b"{\"uuid\":\"".to_vec(), [if empty { &b"\""[..] } else { b"\"," }, rest].concat())
            }
        };
        let made = Self { before: before.into(), after: after.into() };
        made.is_sound().then_some(made)
    }

    /// Appends the entry with this uuid to `out`.
    pub fn write(&self, uuid: &EntryUuid, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.before);
        out.extend_from_slice(uuid.as_str().as_bytes());
        out.extend_from_slice(&self.after);
    }

    fn is_sound(&self) -> bool {
        let Ok(probe) = EntryUuid::new("probe") else { return false };
        let mut entry = Vec::new();
        self.write(&probe, &mut entry);
        EntryView::parse(&entry).is_ok_and(|view| view.uuid == Some(probe))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_new_uuid(line: &str) -> Option<String> {
        let mut out = Vec::new();
        Line::new(line.as_bytes())?.write(&EntryUuid::new("new").expect("uuid"), &mut out);
        String::from_utf8(out).ok()
    }

    #[test]
    fn the_uuid_is_replaced_or_added() {
        assert_eq!(
            with_new_uuid(r#"{"parentUuid":"a","uuid":"b","x":1}"#).as_deref(),
            Some(r#"{"parentUuid":"a","uuid":"new","x":1}"#)
        );
        assert_eq!(with_new_uuid(r#"{"type":"summary"}"#).as_deref(), Some(r#"{"uuid":"new","type":"summary"}"#));
        assert_eq!(with_new_uuid("{}").as_deref(), Some(r#"{"uuid":"new"}"#));
        assert_eq!(with_new_uuid("{}{}"), None);
        assert_eq!(with_new_uuid(""), None);
    }
}
