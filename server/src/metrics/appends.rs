//! What became of appends.

use metrics::Counter;

use super::catalog::APPENDS_ANSWERED;

/// What became of one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendOutcome {
    /// It is stored.
    Stored,
    /// It was stored before.
    AlreadyStored,
    /// Its `Last-Uuid` was not the head.
    Conflict,
    /// Its uuid or key stands in the chain with other content.
    UuidReused,
    /// The session has ended.
    Ended,
    /// The session is deleted.
    Deleted,
    /// It was no entry, or no batch.
    Malformed,
    /// The store could not take it, for one of the causes that are known.
    NotStored(&'static str),
    /// It may be stored or not.
    Unknown,
}

/// Counts appends by what became of them.
pub struct AppendMetrics {
    stored: Counter,
    already_stored: Counter,
    conflict: Counter,
    uuid_reused: Counter,
    ended: Counter,
    deleted: Counter,
    malformed: Counter,
    not_stored: Vec<(&'static str, Counter)>,
    unknown: Counter,
}

impl AppendMetrics {
    /// Knows these causes for [`AppendOutcome::NotStored`].
    pub fn new(causes: &[&'static str]) -> Self {
        let of = |outcome| APPENDS_ANSWERED.counter(&[("outcome", outcome)]);
        let by =
            |cause: &&'static str| (*cause, APPENDS_ANSWERED.counter(&[("outcome", "not_stored"), ("cause", *cause)]));
        Self {
            stored: of("stored"),
            already_stored: of("already_stored"),
            conflict: of("conflict"),
            uuid_reused: of("uuid_reused"),
            ended: of("ended"),
            deleted: of("deleted"),
            malformed: of("malformed"),
            not_stored: causes.iter().map(by).collect(),
            unknown: of("unknown"),
        }
    }

    /// Counts one.
    pub fn count(&self, outcome: AppendOutcome) {
        match outcome {
            AppendOutcome::Stored => self.stored.increment(1),
            AppendOutcome::AlreadyStored => self.already_stored.increment(1),
            AppendOutcome::Conflict => self.conflict.increment(1),
            AppendOutcome::UuidReused => self.uuid_reused.increment(1),
            AppendOutcome::Ended => self.ended.increment(1),
            AppendOutcome::Deleted => self.deleted.increment(1),
            AppendOutcome::Malformed => self.malformed.increment(1),
            AppendOutcome::Unknown => self.unknown.increment(1),
            AppendOutcome::NotStored(cause) => {
                if let Some((_, counter)) = self.not_stored.iter().find(|(own, _)| *own == cause) {
                    counter.increment(1);
                }
            }
        }
    }
}
