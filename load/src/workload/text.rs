//! Text to fill entries with: it compresses about as well as what agents write, and no two slices are alike.

use fastrand::Rng;

/// Text drawn once; entries take slices of it.
const POOL_BYTES: usize = 4 * 1024 * 1024;
/// Words that the text is drawn from, the first ones most often.
const WORDS: usize = 12_000;

/// A pool of text that may stand inside a JSON string wherever it is cut.
pub struct TextPool {
    text: String,
}

impl TextPool {
    /// The same pool for the same seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let words: Vec<_> = (0..WORDS).map(|_| word(&mut random)).collect();
        let mut text = String::with_capacity(POOL_BYTES + 64);
        while text.len() < POOL_BYTES {
            // Zipf's law: the chance of a word falls with its rank.
            let rank = (WORDS as f64).powf(random.f64()) as usize;
            text.push_str(&words[rank.min(WORDS - 1)]);
            text.push_str(separator(&mut random));
        }
        Self { text }
    }

    /// Appends exactly `bytes` bytes of text to `out`, valid inside a JSON string.
    pub fn fill(&self, random: &mut Rng, bytes: usize, out: &mut Vec<u8>) {
        let mut left = bytes;
        while left > 0 {
            let mut from = random.usize(..self.text.len() - 1);
            while !self.text.is_char_boundary(from) {
                from += 1;
            }
            let mut to = (from + left).min(self.text.len());
            while !self.text.is_char_boundary(to) {
                to -= 1;
            }
            let slice = &self.text.as_bytes()[from..to];
            if slice.is_empty() {
                out.push(b' ');
                left -= 1;
                continue;
            }
            let start = out.len();
            out.extend_from_slice(slice);
            left -= slice.len();
            // A cut between a backslash and what it escapes.
            if out[start] == b'"' {
                out[start] = b' ';
            }
            if let Some(last @ b'\\') = out.last_mut() {
                *last = b' ';
            }
        }
    }
}

fn word(random: &mut Rng) -> String {
    match random.u32(..100) {
        0..85 => (0..random.usize(2..10)).map(|_| random.lowercase()).collect(),
        85..92 => format!("{}_{}", letters(random, 5), letters(random, 7)),
        92..96 => format!("{:x}", random.u64(..)),
        96..98 => format!("src/{}/{}.rs", letters(random, 6), letters(random, 5)),
        _ => ["→", "✓", "naïve", "é", "日本語", "—", "🔬"][random.usize(..7)].to_owned(),
    }
}

fn letters(random: &mut Rng, most: usize) -> String {
    (0..random.usize(2..=most)).map(|_| random.lowercase()).collect()
}

fn separator(random: &mut Rng) -> &'static str {
    match random.u32(..40) {
        0 => "\\n",
        1 => "\\n    ",
        2 => ". ",
        3 => ", ",
        4 => " \\\"",
        5 => "\\\" ",
        6 => "(",
        7 => "); ",
        _ => " ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_slice_is_json_of_the_asked_length() {
        let pool = TextPool::new(1);
        let mut random = Rng::with_seed(2);
        for bytes in 0..2_000 {
            let mut json = vec![b'"'];
            pool.fill(&mut random, bytes, &mut json);
            json.push(b'"');
            assert_eq!(json.len(), bytes + 2);
            assert!(serde_json::from_slice::<String>(&json).is_ok(), "{}", String::from_utf8_lossy(&json));
        }
    }
}
