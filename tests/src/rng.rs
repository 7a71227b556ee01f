//! Seeded randomness: a run that fails prints its seed, and the seed alone repeats its choices.

use std::hash::{BuildHasher, RandomState};

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to choose delays and operations.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// From `VERBATIM_TEST_SEED` where it is set, else from the system; the seed is printed with a failing test's output.
    pub fn seeded(test: &str) -> Self {
        let seed = match std::env::var("VERBATIM_TEST_SEED") {
            Ok(text) => text.parse().expect("VERBATIM_TEST_SEED is a number"),
            Err(_) => RandomState::new().hash_one(test),
        };
        println!("{test}: repeat with VERBATIM_TEST_SEED={seed}");
        Self(seed)
    }

    /// An independent stream, for a task of its own.
    pub fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// The next 64 bits.
    #[allow(clippy::should_implement_trait, reason = "no iterator: it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `0` to `bound - 1`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// One of `items`.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let at = usize::try_from(self.below(items.len() as u64)).expect("an index");
        &items[at]
    }

    /// `bytes` random letters, which no compression makes much smaller.
    pub fn text(&mut self, bytes: usize) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
        let mut text = String::with_capacity(bytes + 10);
        while text.len() < bytes {
            let bits = self.next();
            text.extend((0..10).map(|n| char::from(LETTERS[(bits >> (6 * n)) as usize & 63])));
        }
        text.truncate(bytes);
        text
    }
}
