//! Sessions as resources: create, list, show, patch, delete, restore. Forks and batches have files of their own.

mod create;
mod delete;
mod durable;
mod list;
mod patch;
mod show;
mod tokens;

use verbatim_tests::wire::Answer;

/// A refusal is what it says it is.
#[track_caller]
pub fn assert_error(answer: &Answer, status: u16, error_type: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    assert_eq!(answer.error_type(), error_type, "{what}");
    assert!(answer.header("etag").is_none(), "{what}: a refusal is no representation: {answer:?}");
}
