//! Real transcripts: the fixtures, or the whole corpus where `VERBATIM_CORPUS` names its folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, value::RawValue};

/// One line of a transcript, told apart without the product's own code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// One acceptable entry.
    Entry(String),
    /// Several, the newlines between them lost.
    Glued(Vec<String>),
    /// Something else.
    Bad,
}

/// A transcript.
#[derive(Debug, Clone)]
pub struct Transcript {
    /// Where it is.
    pub path: PathBuf,
    /// Its lines.
    pub lines: Vec<Line>,
}

impl Transcript {
    /// Reads a file.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a transcript in UTF-8");
        Self { path: path.to_owned(), lines: text.lines().map(classify).collect() }
    }

    /// The file's name.
    pub fn name(&self) -> String {
        self.path.file_name().expect("a file name").to_string_lossy().into_owned()
    }

    /// Whether each line is one acceptable entry.
    pub fn is_clean(&self) -> bool {
        self.lines.iter().all(|line| matches!(line, Line::Entry(_)))
    }

    /// The entries of its good lines, in order.
    pub fn entries(&self) -> Vec<&str> {
        let texts = self.lines.iter().flat_map(|line| match line {
            Line::Entry(text) => std::slice::from_ref(text),
            Line::Glued(texts) => texts,
            Line::Bad => &[],
        });
        texts.map(String::as_str).collect()
    }

    /// The numbers, from 1, of the lines that are `kind`.
    pub fn numbers(&self, kind: impl Fn(&Line) -> bool) -> Vec<usize> {
        self.lines.iter().enumerate().filter(|(_, line)| kind(line)).map(|(at, _)| at + 1).collect()
    }

    /// What an export of its good lines must be.
    pub fn exported(&self) -> Vec<u8> {
        self.entries().iter().flat_map(|entry| [entry.as_bytes(), b"\n"].concat()).collect()
    }
}

/// The fixtures' folder.
pub fn fixtures_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A fixture by name.
pub fn fixture(name: &str) -> Transcript {
    Transcript::read(&fixtures_dir().join(name))
}

/// Every transcript there is, by name. Panics where there is none.
pub fn all() -> Vec<Transcript> {
    let dir = std::env::var_os("VERBATIM_CORPUS").map_or_else(fixtures_dir, PathBuf::from);
    let listing = fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut paths: Vec<_> = listing.map(|item| item.expect("a folder entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    assert!(!paths.is_empty(), "no *.jsonl in {}", dir.display());
    paths.iter().map(|path| Transcript::read(path)).collect()
}

fn classify(line: &str) -> Line {
    let values: Result<Vec<Box<RawValue>>, _> = serde_json::Deserializer::from_str(line).into_iter().collect();
    let texts: Option<Vec<_>> = values.ok().map(|values| values.iter().map(|value| value.get().to_owned()).collect());
    match texts {
        Some(mut texts) if !texts.is_empty() && texts.iter().all(|text| is_entry(text)) => match texts.len() {
            1 => Line::Entry(texts.remove(0)),
            _ => Line::Glued(texts),
        },
        _ => Line::Bad,
    }
}

fn is_entry(text: &str) -> bool {
    let Ok(members) = serde_json::from_str::<Map<String, Value>>(text) else { return false };
    match members.get("uuid") {
        None | Some(Value::Null) => true,
        Some(Value::String(uuid)) => {
            uuid.len() <= 64 && uuid.bytes().all(|byte| byte.is_ascii_graphic()) && !uuid.starts_with('~')
        }
        Some(_) => false,
    }
}
