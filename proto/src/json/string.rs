//! A JSON string as it stands in its document: the bytes between the quotes, escapes and all.

use std::borrow::Cow;

/// The inside of a JSON string that the scanner has checked: valid UTF-8, valid escapes, no control characters.
/// Lone surrogate escapes are allowed, so that its value is a sequence of UTF-16 code units rather than a text.
#[derive(Debug, Clone, Copy)]
pub struct JsonStr<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> JsonStr<'a> {
    pub(super) fn new(raw: &'a str, escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// The bytes between the quotes, undecoded.
    pub fn raw(&self) -> &'a str {
        self.raw
    }

    /// Whether the decoded value is exactly `text`.
    pub fn is(&self, text: &str) -> bool {
        if self.escaped { self.code_units().eq(text.encode_utf16()) } else { self.raw == text }
    }

    /// The decoded value; a lone surrogate becomes U+FFFD. Borrowed where nothing was escaped.
    pub fn decode_lossy(&self) -> Cow<'a, str> {
        if !self.escaped {
            return Cow::Borrowed(self.raw);
        }
        Cow::Owned(
            char::decode_utf16(self.code_units()).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect(),
        )
    }

    /// The decoded value as UTF-16 code units, in which PROTOCOL.md compares strings.
    pub fn code_units(&self) -> impl Iterator<Item = u16> + 'a {
        CodeUnits { rest: self.raw.chars(), low: None }
    }
}

struct CodeUnits<'a> {
    rest: std::str::Chars<'a>,
    low: Option<u16>,
}

impl Iterator for CodeUnits<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if let Some(low) = self.low.take() {
            return Some(low);
        }
        let plain = match self.rest.next()? {
            '\\' => return self.escape(),
            plain => plain,
        };
        let mut units = [0; 2];
        let units = plain.encode_utf16(&mut units);
        self.low = units.get(1).copied();
        units.first().copied()
    }
}

impl CodeUnits<'_> {
    fn escape(&mut self) -> Option<u16> {
        Some(match self.rest.next()? {
            'b' => 0x08,
            'f' => 0x0c,
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'u' => (0..4).try_fold(0u32, |unit, _| Some(unit * 16 + self.rest.next()?.to_digit(16)?))? as u16,
            itself => itself as u16,
        })
    }
}
