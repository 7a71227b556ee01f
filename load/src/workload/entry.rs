//! Makes entries: JSON objects shaped like those that agents write, each with a random uuid of its own.

use std::{fmt::Write as _, io::Write as _, sync::Arc};

use fastrand::Rng;
use uuid::{Builder, fmt::Hyphenated};
use verbatim_proto::EntryUuid;

use super::{Source, clock, sizes::ENTRY_BYTES_MIN, text::TextPool};

/// An entry to append.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its uuid.
    pub uuid: EntryUuid,
    /// The JSON object.
    pub body: Vec<u8>,
}

impl Default for Entry {
    fn default() -> Self {
        Self { uuid: text_of(&Builder::from_random_bytes([0; 16]).into_uuid().hyphenated()), body: Vec::new() }
    }
}

/// Makes one entry after another. Cheap: made-up entries cost a few hundred nanoseconds a KiB.
pub struct Entries {
    source: Source,
    pool: Arc<TextPool>,
    random: Rng,
    next_line: usize,
    clock_ms: u64,
    stamped: bool,
}

impl Entries {
    /// `number` sets this maker apart from others of the same run.
    pub fn new(source: Source, pool: Arc<TextPool>, seed: u64, number: u64) -> Self {
        let mut random = Rng::with_seed(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let next_line = random.usize(..usize::MAX);
        Self { source, pool, random, next_line, clock_ms: 1_760_000_000_000, stamped: false }
    }

    /// Entries that begin with when they were made (`sent_ns`), and are that much larger.
    #[must_use]
    pub fn stamped(mut self) -> Self {
        self.stamped = true;
        self
    }

    /// The next entry, written over `entry`; `parent` is the one that came before it.
    pub fn next(&mut self, parent: Option<&EntryUuid>, entry: &mut Entry) {
        let uuid = Builder::from_random_bytes(self.random.u128(..).to_be_bytes()).into_uuid();
        entry.uuid = text_of(&uuid.hyphenated());
        entry.body.clear();
        match &self.source {
            Source::Made(sizes) => {
                let bytes = sizes.draw(&mut self.random);
                self.made(bytes, parent, entry);
            }
            Source::Corpus(corpus) => {
                corpus.line(self.next_line % corpus.len()).write(&entry.uuid, &mut entry.body);
                self.next_line = self.next_line.wrapping_add(1);
            }
        }
        if self.stamped {
            let stamp = format!("{}{},", clock::MEMBER, clock::now_ns());
            entry.body.splice(1..1, stamp.bytes());
        }
    }

    fn made(&mut self, bytes: usize, parent: Option<&EntryUuid>, entry: &mut Entry) {
        let body = &mut entry.body;
        body.reserve(bytes);
        let wide = bytes >= 640;
        if wide {
            self.clock_ms += self.random.u64(20..4_000);
            envelope(&mut self.random, self.clock_ms, parent, body);
        } else {
            body.extend_from_slice(br#"{"type":"user","text":""#);
        }
        let tail_bytes = r#"","uuid":""}"#.len() + entry.uuid.as_str().len() + if wide { 3 } else { 0 };
        let text_bytes = bytes.max(ENTRY_BYTES_MIN).saturating_sub(body.len() + tail_bytes);
        self.pool.fill(&mut self.random, text_bytes, body);
        body.extend_from_slice(if wide { br#""}]},"uuid":""# } else { br#"","uuid":""# });
        body.extend_from_slice(entry.uuid.as_str().as_bytes());
        body.extend_from_slice(br#""}"#);
    }
}

/// The members that real entries have before their text, with ids as random as real ones.
fn envelope(random: &mut Rng, clock_ms: u64, parent: Option<&EntryUuid>, body: &mut Vec<u8>) {
    const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    body.extend_from_slice(br#"{"parentUuid":"#);
    match parent {
        Some(parent) => {
            body.push(b'"');
            body.extend_from_slice(parent.as_str().as_bytes());
            body.push(b'"');
        }
        None => body.extend_from_slice(b"null"),
    }
    body.extend_from_slice(
        br#","isSidechain":false,"userType":"external","cwd":"/home/agent/project","version":"2.1.37","gitBranch":"main","type":"assistant","timestamp":""#,
    );
    // Writing to a vector cannot fail.
    let _ = write!(body, "{}", jiff::Timestamp::from_millisecond(clock_ms as i64).unwrap_or_default());
    body.extend_from_slice(br#"","message":{"model":"agent-1","role":"assistant","usage":{"input_tokens":"#);
    let _ = write!(body, "{},\"output_tokens\":{}", random.u32(1..20), random.u32(1..4_000));
    body.extend_from_slice(br#"},"id":"msg_01"#);
    body.extend((0..22).map(|_| BASE62[random.usize(..62)]));
    body.extend_from_slice(br#"","content":[{"type":"text","text":""#);
}

fn text_of(uuid: &Hyphenated) -> EntryUuid {
    let mut text = String::with_capacity(36);
    let _ = write!(text, "{uuid}");
    match EntryUuid::new(&text) {
        Ok(uuid) => uuid,
        Err(error) => unreachable!("a hyphenated UUID is an entry's uuid: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use verbatim_proto::EntryView;

    use super::*;
    use crate::workload::sizes::Sizes;

    #[test]
    fn made_up_entries_have_their_size_and_a_uuid_of_their_own() {
        let pool = Arc::new(TextPool::new(1));
        let mut seen = std::collections::HashSet::new();
        let mut entry = Entry::default();
        for bytes in (82..3_000).step_by(7) {
            let mut entries = Entries::new(Source::Made(Sizes::Fixed(bytes)), Arc::clone(&pool), 1, bytes as u64);
            for _ in 0..3 {
                let parent = entry.uuid;
                entries.next(Some(&parent), &mut entry);
                assert_eq!(entry.body.len(), bytes);
                let view = EntryView::parse(&entry.body).expect("an entry");
                assert_eq!(view.uuid, Some(entry.uuid));
                assert!(seen.insert(entry.uuid));
            }
        }
    }
}
