//! Real transcripts: the fixtures, or the whole corpus where `VERBATIM_CORPUS` names its folder. Their lines are judged
//! here without the product's own code.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value, value::RawValue};

/// A transcript, and what is to become of each of its lines.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    /// Where it is.
    pub path: PathBuf,
    /// What an import stores, in order.
    pub entries: Vec<String>,
    /// Numbers, from 1, of lines that hold something else than acceptable entries.
    pub bad: Vec<usize>,
    /// Of lines that hold several entries, the newlines between them lost.
    pub glued: Vec<usize>,
    /// Of lines with an entry that came before.
    pub repeated: Vec<usize>,
}

impl Transcript {
    /// Reads a file.
    pub fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a transcript in UTF-8");
        let mut transcript = Self { path: path.to_owned(), ..Self::default() };
        let mut by_uuid = HashMap::new();
        for (at, line) in text.lines().enumerate() {
            transcript.judge(at + 1, line, &mut by_uuid);
        }
        transcript
    }

    fn judge(&mut self, number: usize, line: &str, by_uuid: &mut HashMap<String, Value>) {
        let objects: Result<Vec<Box<RawValue>>, _> = serde_json::Deserializer::from_str(line).into_iter().collect();
        let entries: Option<Vec<_>> =
            objects.ok().map(|all| all.iter().map(|text| judged(text)).collect()).unwrap_or(None);
        let Some(entries) = entries.filter(|entries| !entries.is_empty()) else {
            self.bad.push(number);
            return;
        };
        if entries.len() > 1 {
            self.glued.push(number);
        }
        for (text, uuid, value) in entries {
            match uuid.as_ref().and_then(|uuid| by_uuid.get(uuid)) {
                Some(before) if *before == value => self.repeated.push(number),
                Some(_) => self.bad.push(number),
                None => {
                    self.entries.push(text);
                    by_uuid.extend(uuid.map(|uuid| (uuid, value)));
                }
            }
        }
    }

    /// The file's name.
    pub fn name(&self) -> String {
        self.path.file_name().expect("a file name").to_string_lossy().into_owned()
    }

    /// Whether each line is one acceptable entry.
    pub fn is_clean(&self) -> bool {
        self.bad.is_empty() && self.glued.is_empty() && self.repeated.is_empty()
    }

    /// What an export of it must be.
    pub fn exported(&self) -> Vec<u8> {
        self.entries.iter().flat_map(|entry| [entry.as_bytes(), b"\n"].concat()).collect()
    }
}

/// An acceptable entry: its bytes, its uuid where it has one, and its content. `None` for anything else.
fn judged(text: &RawValue) -> Option<(String, Option<String>, Value)> {
    let members: Map<String, Value> = serde_json::from_str(text.get()).ok()?;
    let uuid = match members.get("uuid") {
        None | Some(Value::Null) => None,
        Some(Value::String(uuid)) => Some(uuid.clone()),
        Some(_) => return None,
    };
    let well_formed = |uuid: &String| {
        (1..=64).contains(&uuid.len()) && uuid.bytes().all(|byte| byte.is_ascii_graphic()) && !uuid.starts_with('~')
    };
    uuid.iter().all(well_formed).then(|| (text.get().to_owned(), uuid, Value::Object(members)))
}

/// The fixtures' folder.
pub fn fixtures_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The fixture that shows compaction.
pub fn compacted() -> Transcript {
    Transcript::read(&fixtures_dir().join("entire-cli-cd-95adddad32-0.lines-226-234-512-531.jsonl"))
}

/// The fixture with a glued line and a repeated entry.
pub fn glued() -> Transcript {
    Transcript::read(&fixtures_dir().join("entire-cli-bd-7375936c5c-0.lines-178-191.jsonl"))
}

/// The fixture with no acceptable line.
pub fn pretty_printed() -> Transcript {
    Transcript::read(&fixtures_dir().join("entire-cli-gemini-12-cbfeaa512b-0.jsonl"))
}

/// A whole, clean session.
pub fn clean() -> Transcript {
    Transcript::read(&fixtures_dir().join("entire-cli-ee-8f793bfeb9-0.jsonl"))
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
