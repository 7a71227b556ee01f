//! Equality of two JSON texts as PROTOCOL.md defines "the same content": member order aside, numbers by their literal,
//! strings by their decoded code units, duplicate keys in order.

use std::cmp::Ordering;

use super::{JsonError, JsonStr, Sink, scan};

/// Whether both texts are JSON, nested at most `depth_max` levels, and equal as JSON.
///
/// Memory: a token of 32 bytes for each key and value, plus one word a member of the objects being compared. Time: n log n.
pub fn equal(a: &[u8], b: &[u8], depth_max: usize) -> bool {
    match (Tape::record(a, depth_max), Tape::record(b, depth_max)) {
        (Ok(a), Ok(b)) => a.len() == b.len() && same_value(&a, &b),
        _ => false,
    }
}

/// One step of a document in document order. A container knows how many tokens stand inside it.
enum Token<'a> {
    Object { inside: usize },
    Array { inside: usize },
    Key(JsonStr<'a>),
    Text(JsonStr<'a>),
    Scalar(&'a str),
}

/// Writes the tokens of a document down as the scanner meets them.
#[derive(Default)]
struct Tape<'a> {
    tokens: Vec<Token<'a>>,
    open: Vec<usize>,
}

impl<'a> Tape<'a> {
    fn record(text: &'a [u8], depth_max: usize) -> Result<Vec<Token<'a>>, JsonError> {
        let mut tape = Self::default();
        scan(text, depth_max, &mut tape)?;
        Ok(tape.tokens)
    }
}

impl<'a> Sink<'a> for Tape<'a> {
    fn begin_object(&mut self, _at: usize) {
        self.open.push(self.tokens.len());
        self.tokens.push(Token::Object { inside: 0 });
    }

    fn begin_array(&mut self, _at: usize) {
        self.open.push(self.tokens.len());
        self.tokens.push(Token::Array { inside: 0 });
    }

    fn end(&mut self) {
        let Some(begin) = self.open.pop() else { return };
        let count = self.tokens.len() - begin - 1;
        if let Some(Token::Object { inside } | Token::Array { inside }) = self.tokens.get_mut(begin) {
            *inside = count;
        }
    }

    fn key(&mut self, _at: usize, key: JsonStr<'a>) {
        self.tokens.push(Token::Key(key));
    }

    fn string(&mut self, _at: usize, value: JsonStr<'a>) {
        self.tokens.push(Token::Text(value));
    }

    fn scalar(&mut self, _at: usize, literal: &'a str) {
        self.tokens.push(Token::Scalar(literal));
    }
}

/// Compares the values that `a` and `b` begin with. Recursion is bounded by the depth the scanner allowed.
fn same_value(a: &[Token<'_>], b: &[Token<'_>]) -> bool {
    match (a.first(), b.first()) {
        (Some(Token::Object { inside: m }), Some(Token::Object { inside: n })) => {
            m == n && same_members(&a[1..=*m], &b[1..=*n])
        }
        (Some(Token::Array { inside: m }), Some(Token::Array { inside: n })) => {
            m == n && same_items(&a[1..=*m], &b[1..=*n])
        }
        (Some(Token::Text(a)), Some(Token::Text(b))) => compare_text(a, b).is_eq(),
        (Some(Token::Scalar(a)), Some(Token::Scalar(b))) => a == b,
        _ => false,
    }
}

fn same_items(mut a: &[Token<'_>], mut b: &[Token<'_>]) -> bool {
    while !a.is_empty() && !b.is_empty() {
        if !same_value(a, b) {
            return false;
        }
        a = &a[width(a)..];
        b = &b[width(b)..];
    }
    a.is_empty() && b.is_empty()
}

fn same_members(a: &[Token<'_>], b: &[Token<'_>]) -> bool {
    let (of_a, of_b) = (members_by_key(a), members_by_key(b));
    of_a.len() == of_b.len()
        && of_a
            .iter()
            .zip(&of_b)
            .all(|(&i, &j)| compare_keys(&a[i], &b[j]).is_eq() && same_value(&a[i + 1..], &b[j + 1..]))
}

/// Where each member's key stands, in the order of the keys; equal keys stay in document order.
fn members_by_key(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut keys = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        keys.push(at);
        at += 1 + width(&tokens[at + 1..]);
    }
    keys.sort_by(|&i, &j| compare_keys(&tokens[i], &tokens[j]));
    keys
}

fn compare_keys(a: &Token<'_>, b: &Token<'_>) -> Ordering {
    match (a, b) {
        (Token::Key(a), Token::Key(b)) => compare_text(a, b),
        _ => Ordering::Equal,
    }
}

fn compare_text(a: &JsonStr<'_>, b: &JsonStr<'_>) -> Ordering {
    if a.raw() == b.raw() { Ordering::Equal } else { a.code_units().cmp(b.code_units()) }
}

/// How many tokens the value at the start takes up; at least one, so that a walk always gets on.
fn width(tokens: &[Token<'_>]) -> usize {
    match tokens.first() {
        Some(Token::Object { inside } | Token::Array { inside }) => inside + 1,
        _ => tokens.len().min(1),
    }
}
