//! The table of figures that the README shows, measured anew by one command: each row a kind of work, its goal, and what
//! this machine gives.

pub mod appends;
pub mod command;
pub mod long;
pub mod reads;

use crate::report::Row;

/// A row whose figure must be at least `goal`.
pub(crate) fn at_least(work: impl Into<String>, goal: f64, measured: Option<f64>, detail: impl Into<String>) -> Row {
    let reached = measured.map(|measured| measured >= goal);
    row(work, format!("at least {goal}"), measured, reached, detail)
}

/// A row whose figure must be at most `goal`.
pub(crate) fn at_most(work: impl Into<String>, goal: f64, measured: Option<f64>, detail: impl Into<String>) -> Row {
    let reached = measured.map(|measured| measured <= goal);
    row(work, format!("at most {goal}"), measured, reached, detail)
}

fn row(
    work: impl Into<String>,
    goal: String,
    measured: Option<f64>,
    reached: Option<bool>,
    detail: impl Into<String>,
) -> Row {
    Row { work: work.into(), goal, measured, reached, detail: detail.into() }
}
