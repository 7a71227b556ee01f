//! The scanner: one pass over the bytes, no recursion, no allocation, events to a sink.

use memchr::memchr2;

use super::{JsonStr, is_whitespace};

/// Receives what the scanner meets, in document order. Every method does nothing unless overridden.
///
/// `at` is the byte offset of the token's first byte, quote included.
pub trait Sink<'a> {
    /// `{`
    fn begin_object(&mut self, at: usize) {
        let _ = at;
    }
    /// `[`
    fn begin_array(&mut self, at: usize) {
        let _ = at;
    }
    /// `}` or `]`
    fn end(&mut self) {}
    /// The name of an object's member; its value follows.
    fn key(&mut self, at: usize, key: JsonStr<'a>) {
        let _ = (at, key);
    }
    /// A string value.
    fn string(&mut self, at: usize, value: JsonStr<'a>) {
        let _ = (at, value);
    }
    /// A number, or one of `true`, `false`, `null`, as it is written.
    fn scalar(&mut self, at: usize, literal: &'a str) {
        let _ = (at, literal);
    }
}

impl Sink<'_> for () {}

/// Where and why a text is not JSON. It holds an offset and never a byte of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct JsonError {
    /// Offset of the offending byte from the start of the text, in bytes.
    pub offset: usize,
    /// What was wrong there.
    pub kind: JsonErrorKind,
}

/// What the scanner found wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonErrorKind {
    /// The text ended inside a value.
    #[error("the JSON ends too early")]
    Truncated,
    /// A byte that cannot stand here.
    #[error("a character that JSON does not allow here")]
    Unexpected,
    /// U+FEFF before the value (RFC 8259, section 8.1, forbids sending one).
    #[error("a byte order mark, which JSON does not allow,")]
    ByteOrderMark,
    /// A control character inside a string.
    #[error("an unescaped control character in a string")]
    ControlCharacter,
    /// An escape other than those of RFC 8259, section 7.
    #[error("an unknown escape in a string")]
    Escape,
    /// Bytes that are not UTF-8.
    #[error("bytes that are not UTF-8")]
    Utf8,
    /// A number out of the grammar of RFC 8259, section 6.
    #[error("a malformed number")]
    Number,
    /// Arrays and objects nested deeper than the bound.
    #[error("nesting deeper than the limit")]
    Depth,
    /// More text after the value.
    #[error("more text after the JSON value")]
    Trailing,
}

/// Checks that `text` is one JSON value within white space, nested at most `depth_max` levels (at most 128).
/// Gives the value's first and past-the-end offset.
pub fn scan<'a>(
    text: &'a [u8],
    depth_max: usize,
    sink: &mut impl Sink<'a>,
) -> Result<std::ops::Range<usize>, JsonError> {
    let value = scan_prefix(text, depth_max, sink)?;
    match text[value.end..].iter().position(|&byte| !is_whitespace(byte)) {
        None => Ok(value),
        Some(past) => Err(JsonError { offset: value.end + past, kind: JsonErrorKind::Trailing }),
    }
}

/// As [`scan`], but whatever follows the first value is left alone.
pub fn scan_prefix<'a>(
    text: &'a [u8],
    depth_max: usize,
    sink: &mut impl Sink<'a>,
) -> Result<std::ops::Range<usize>, JsonError> {
    let mut scanner = Scanner { text, at: 0, open: Nesting { kinds: 0, depth: 0, depth_max: depth_max.min(128) } };
    scanner.skip_whitespace();
    let start = scanner.at;
    if text[start..].starts_with(b"\xEF\xBB\xBF") {
        return Err(scanner.error(JsonErrorKind::ByteOrderMark));
    }
    scanner.value(sink)?;
    Ok(start..scanner.at)
}

/// Which kinds of container are open, one bit a level: 1 for an object.
struct Nesting {
    kinds: u128,
    depth: usize,
    depth_max: usize,
}

impl Nesting {
    fn push(&mut self, object: bool) -> bool {
        if self.depth == self.depth_max {
            return false;
        }
        self.kinds = self.kinds << 1 | u128::from(object);
        self.depth += 1;
        true
    }

    fn pop(&mut self) {
        self.kinds >>= 1;
        self.depth -= 1;
    }

    fn in_object(&self) -> bool {
        self.kinds & 1 == 1
    }
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    open: Nesting,
}

impl<'a> Scanner<'a> {
    fn value(&mut self, sink: &mut impl Sink<'a>) -> Result<(), JsonError> {
        loop {
            // Here a value must begin. A container that is not empty comes back here for its first value.
            let at = self.at;
            match self.peek()? {
                b'{' => {
                    self.open(true)?;
                    sink.begin_object(at);
                    if self.peek()? == b'}' {
                        self.close(sink);
                    } else {
                        self.key(sink)?;
                        continue;
                    }
                }
                b'[' => {
                    self.open(false)?;
                    sink.begin_array(at);
                    if self.peek()? == b']' {
                        self.close(sink);
                    } else {
                        continue;
                    }
                }
                b'"' => {
                    let value = self.string()?;
                    sink.string(at, value);
                }
                b't' => self.literal("true", sink)?,
                b'f' => self.literal("false", sink)?,
                b'n' => self.literal("null", sink)?,
                b'-' | b'0'..=b'9' => self.number(sink)?,
                _ => return Err(self.error(JsonErrorKind::Unexpected)),
            }
            // Here a value has ended: close what ends with it, or go on to the next one.
            loop {
                if self.open.depth == 0 {
                    return Ok(());
                }
                self.skip_whitespace();
                match (self.peek()?, self.open.in_object()) {
                    (b',', in_object) => {
                        self.at += 1;
                        self.skip_whitespace();
                        if in_object {
                            self.key(sink)?;
                        }
                        break;
                    }
                    (b'}', true) | (b']', false) => self.close(sink),
                    _ => return Err(self.error(JsonErrorKind::Unexpected)),
                }
            }
        }
    }

    fn open(&mut self, object: bool) -> Result<(), JsonError> {
        if !self.open.push(object) {
            return Err(self.error(JsonErrorKind::Depth));
        }
        self.at += 1;
        self.skip_whitespace();
        Ok(())
    }

    fn close(&mut self, sink: &mut impl Sink<'a>) {
        self.open.pop();
        self.at += 1;
        sink.end();
    }

    fn key(&mut self, sink: &mut impl Sink<'a>) -> Result<(), JsonError> {
        let at = self.at;
        if self.peek()? != b'"' {
            return Err(self.error(JsonErrorKind::Unexpected));
        }
        let key = self.string()?;
        sink.key(at, key);
        self.skip_whitespace();
        if self.peek()? != b':' {
            return Err(self.error(JsonErrorKind::Unexpected));
        }
        self.at += 1;
        self.skip_whitespace();
        Ok(())
    }

    /// The string whose opening quote is next.
    fn string(&mut self) -> Result<JsonStr<'a>, JsonError> {
        let start = self.at + 1;
        let mut escaped = false;

        self.at = start;
        loop {
            let rest = &self.text[self.at..];
            let Some(stop) = memchr2(b'"', b'\\', rest) else {
                self.at = self.text.len();
                return Err(self.error(JsonErrorKind::Truncated));
            };
            let plain = &rest[..stop];
            let mut control = false;
            for &byte in plain {
                control |= byte < 0x20;
            }
            if control {
                self.at += plain.iter().position(|&byte| byte < 0x20).unwrap_or(0);
                return Err(self.error(JsonErrorKind::ControlCharacter));
            }
            self.at += stop;
            if rest[stop] == b'"' {
                break;
            }
            escaped = true;
            self.escape()?;
        }
        let raw = &self.text[start..self.at];
        self.at += 1;
        match std::str::from_utf8(raw) {
            Ok(raw) => Ok(JsonStr::new(raw, escaped)),
            Err(error) => Err(JsonError { offset: start + error.valid_up_to(), kind: JsonErrorKind::Utf8 }),
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        let after = &self.text[self.at + 1..];
        match after.first() {
            None => self.fail_at(self.text.len(), JsonErrorKind::Truncated),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 2;
                Ok(())
            }
            Some(b'u') => match after[1..].iter().take(4).position(|byte| !byte.is_ascii_hexdigit()) {
                Some(_) => Err(self.error(JsonErrorKind::Escape)),
                None if after.len() < 5 => self.fail_at(self.text.len(), JsonErrorKind::Truncated),
                None => {
                    self.at += 6;
                    Ok(())
                }
            },
            Some(_) => Err(self.error(JsonErrorKind::Escape)),
        }
    }

    fn literal(&mut self, literal: &'static str, sink: &mut impl Sink<'a>) -> Result<(), JsonError> {
        let rest = &self.text[self.at..];
        if !rest.starts_with(literal.as_bytes()) {
            let same = rest.iter().zip(literal.as_bytes()).take_while(|(a, b)| a == b).count();
            let kind = if same == rest.len() { JsonErrorKind::Truncated } else { JsonErrorKind::Unexpected };
            return self.fail_at(self.at + same, kind);
        }
        sink.scalar(self.at, literal);
        self.at += literal.len();
        Ok(())
    }

    fn number(&mut self, sink: &mut impl Sink<'a>) -> Result<(), JsonError> {
        let start = self.at;
        self.skip_if(|byte| byte == b'-');
        if !self.skip_if(|byte| byte == b'0') {
            self.digits()?;
        }
        if self.skip_if(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.skip_if(|byte| matches!(byte, b'e' | b'E')) {
            self.skip_if(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        if self.text.get(self.at).is_some_and(u8::is_ascii_digit) {
            return Err(self.error(JsonErrorKind::Number));
        }
        // Only ASCII was passed over, so this never fails; a failure would still be an error and not a panic.
        match std::str::from_utf8(&self.text[start..self.at]) {
            Ok(literal) => sink.scalar(start, literal),
            Err(_) => return self.fail_at(start, JsonErrorKind::Utf8),
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let count = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            let kind = if self.at == self.text.len() { JsonErrorKind::Truncated } else { JsonErrorKind::Number };
            return Err(self.error(kind));
        }
        self.at += count;
        Ok(())
    }

    fn skip_if(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let found = self.text.get(self.at).copied().is_some_and(wanted);
        self.at += usize::from(found);
        found
    }

    fn skip_whitespace(&mut self) {
        while self.text.get(self.at).copied().is_some_and(is_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Result<u8, JsonError> {
        self.text.get(self.at).copied().ok_or(self.error(JsonErrorKind::Truncated))
    }

    fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError { offset: self.at, kind }
    }

    fn fail_at(&self, offset: usize, kind: JsonErrorKind) -> Result<(), JsonError> {
        Err(JsonError { offset, kind })
    }
}
