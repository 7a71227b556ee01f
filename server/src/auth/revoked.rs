//! The revocation list: tokens that no longer hold before their time, by their own id (`jti`) or by whom they are for
//! (`sub`). A text file, a line each, so that a revocation is one line more.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

use verbatim_proto::Claims;

use super::Unauthenticated;
use crate::limits::REVOKED_BYTES_MAX;

/// What was revoked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Revoked {
    ids: HashSet<Box<str>>,
    subjects: HashSet<Box<str>>,
}

/// Why the list cannot be used. It never holds what a line says: somebody may have pasted a token.
#[derive(Debug, thiserror::Error)]
pub enum RevokedError {
    /// The file cannot be read.
    #[error("cannot read {}: {cause}; make an empty file where nothing is revoked", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file is too large.
    #[error("{} is larger than {REVOKED_BYTES_MAX} bytes; take tokens out of it that have expired", .0.display())]
    TooLarge(PathBuf),
    /// A line is out of form.
    #[error("{}, line {line}: a line is `jti ID` or `sub SUBJECT`, or begins with #", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
}

impl Revoked {
    /// Reads the list.
    pub fn read(path: &Path) -> Result<Self, RevokedError> {
        let failed = |cause| RevokedError::Read { path: path.to_owned(), cause };
        if fs::metadata(path).map_err(failed)?.len() > REVOKED_BYTES_MAX {
            return Err(RevokedError::TooLarge(path.to_owned()));
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        Self::parse(&text).map_err(|line| RevokedError::Line { path: path.to_owned(), line })
    }

    /// Error: the number of a line that is out of form.
    fn parse(text: &str) -> Result<Self, usize> {
        let mut list = Self::default();
        for (line, number) in text.lines().map(str::trim).zip(1..) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (kind, value) = line.split_once(char::is_whitespace).ok_or(number)?;
            let values = match kind {
                "jti" => &mut list.ids,
                "sub" => &mut list.subjects,
                _ => return Err(number),
            };
            values.insert(value.trim_start().into());
        }
        Ok(list)
    }

    /// Checks that nothing of the token was revoked.
    pub(super) fn check(&self, claims: &Claims) -> Result<(), Unauthenticated> {
        let holds = |values: &HashSet<Box<str>>, value: &Option<String>| {
            !values.is_empty() && value.as_deref().is_some_and(|value| values.contains(value))
        };
        if holds(&self.ids, &claims.jti) || holds(&self.subjects, &claims.sub) {
            return Err(Unauthenticated::Revoked);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(jti: Option<&str>, sub: Option<&str>) -> Claims {
        let claims = serde_json::json!({
            "organization_uuid": "0190d3a5-7c1e-7000-8000-000000000000", "exp": 1, "jti": jti, "sub": sub,
        });
        serde_json::from_value(claims).expect("claims")
    }

    #[test]
    fn ids_and_subjects_are_names_apart() {
        let list = Revoked::parse("# lost laptop\njti a-1\n\n  sub\tJane Doe  \r\n").expect("a list");
        for (jti, sub, holds) in [
            (Some("a-1"), None, false),
            (None, Some("Jane Doe"), false),
            (Some("a-1"), Some("x"), false),
            (Some("a-2"), Some("jane doe"), true),
            (Some("Jane Doe"), Some("a-1"), true),
            (Some(""), None, true),
            (None, None, true),
        ] {
            assert_eq!(list.check(&claims(jti, sub)).is_ok(), holds, "{jti:?} {sub:?}");
        }
    }

    #[test]
    fn a_line_out_of_form_is_numbered() {
        for (text, line) in [("jti", 1), ("jti a\nuser b", 2), ("# a\n\njti a\neyJ.eyJ.sig\n", 4), ("jti\u{a0}", 1)] {
            assert_eq!(Revoked::parse(text), Err(line), "{text:?}");
        }
        assert_eq!(Revoked::parse(""), Ok(Revoked::default()));
    }
}
