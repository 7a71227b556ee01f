//! How large entries are.

use std::str::FromStr;

use verbatim_proto::limits::ENTRY_BYTES_MAX_DEFAULT;

/// Smallest made-up entry: room for its uuid and type.
pub const ENTRY_BYTES_MIN: usize = 82;

/// Quantiles of entry sizes in bytes, over 120,844 entries of 411 real Claude Code transcripts.
const REAL: [(f64, f64); 6] =
    [(0.0, 82.0), (0.5, 1_078.0), (0.9, 6_066.0), (0.99, 48_894.0), (0.999, 118_444.0), (1.0, 1_463_176.0)];

/// The sizes of made-up entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    /// All of this many bytes.
    Fixed(usize),
    /// As in real transcripts.
    Real,
}

impl Sizes {
    /// The next size, in bytes.
    pub fn draw(self, random: &mut fastrand::Rng) -> usize {
        match self {
            Self::Fixed(bytes) => bytes,
            Self::Real => real(random.f64()),
        }
    }
}

/// The size at a quantile; between known ones, sizes grow evenly in their logarithm.
fn real(quantile: f64) -> usize {
    let above = REAL.iter().position(|(at, _)| quantile < *at).unwrap_or(REAL.len() - 1);
    let ((low, small), (high, large)) = (REAL[above - 1], REAL[above]);
    let share = (quantile - low) / (high - low);
    (small * (large / small).powf(share)).round() as usize
}

impl FromStr for Sizes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "real" {
            return Ok(Self::Real);
        }
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let unit = match unit {
            "" | "B" => 1,
            "KiB" | "k" | "K" => 1024,
            "MiB" | "m" | "M" => 1024 * 1024,
            _ => return Err("a size is bytes, KiB or MiB, as in 1024 or 2KiB, or the word real".to_owned()),
        };
        let bytes = number.parse::<usize>().ok().and_then(|number| number.checked_mul(unit)).unwrap_or(0);
        if (ENTRY_BYTES_MIN..=ENTRY_BYTES_MAX_DEFAULT).contains(&bytes) {
            Ok(Self::Fixed(bytes))
        } else {
            Err(format!("an entry is {ENTRY_BYTES_MIN} to {ENTRY_BYTES_MAX_DEFAULT} bytes"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_sizes_have_the_known_quantiles() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut sizes: Vec<_> = (0..100_000).map(|_| Sizes::Real.draw(&mut random)).collect();
        sizes.sort_unstable();
        for (quantile, size) in &REAL[1..4] {
            let drawn = sizes[(quantile * 100_000.0) as usize] as f64;
            assert!((drawn / size - 1.0).abs() < 0.1, "{quantile}: {drawn}");
        }
        assert!(sizes[0] >= 82 && sizes[99_999] <= 1_463_176);
    }

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!("2KiB".parse(), Ok(Sizes::Fixed(2048)));
        assert_eq!("1024".parse(), Ok(Sizes::Fixed(1024)));
        assert_eq!("real".parse(), Ok(Sizes::Real));
        for bad in ["", "12", "KiB", "17MiB", "1 KiB", "99999999999999999999MiB"] {
            assert!(bad.parse::<Sizes>().is_err(), "{bad}");
        }
    }
}
