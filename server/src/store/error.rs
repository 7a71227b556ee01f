//! What can go wrong in a store. "Not stored" and "unknown" are different variants: a caller can always tell which.

/// Why a store cannot do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Too many appends wait.
    #[error("too many appends wait to be stored")]
    Overloaded,
    /// The disk is full. It heals by itself once there is room.
    #[error("the disk of the data folder is full")]
    Full,
    /// A write failed; until a probe succeeds no append is taken.
    #[error("the store failed to write and is recovering: {0}")]
    Failing(String),
    /// The store is being reopened and cannot be read for the moment.
    #[error("the store is being reopened")]
    Reopening,
    /// The store takes no more appends.
    #[error("the store is closed")]
    Closed,
    /// Another process has the store open.
    #[error("another process uses it; stop that one, or give another --data-dir")]
    InUse,
    /// The chain was purged while it was read.
    #[error("the session was purged while it was read")]
    Purged,
    /// What is stored is not what was written.
    #[error("damaged data: {0}")]
    Damaged(String),
    /// The engine failed.
    #[error("{during}: {cause}")]
    Engine {
        /// Verb and object.
        during: &'static str,
        /// What the engine said.
        cause: String,
    },
}

impl StoreError {
    /// What [`Self::kind`] may give.
    pub const KINDS: [&'static str; 9] =
        ["overloaded", "full", "failing", "reopening", "closed", "in_use", "purged", "damaged", "engine"];

    /// Which one it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Overloaded => "overloaded",
            Self::Full => "full",
            Self::Failing(_) => "failing",
            Self::Reopening => "reopening",
            Self::Closed => "closed",
            Self::InUse => "in_use",
            Self::Purged => "purged",
            Self::Damaged(_) => "damaged",
            Self::Engine { .. } => "engine",
        }
    }

    /// What a failed write means: the disk is full, or the store has to recover.
    pub fn of_write<E: ToString>(during: &'static str) -> impl Fn(E) -> Self {
        move |cause| {
            let cause = cause.to_string();
            // RocksDB hands the system's words on and nothing else.
            if cause.contains("No space left on device") || cause.contains("Disk quota exceeded") {
                Self::Full
            } else {
                Self::Failing(format!("{during}: {cause}"))
            }
        }
    }

    /// Gives an engine's error its context.
    pub fn engine<E: ToString>(during: &'static str) -> impl Fn(E) -> Self {
        move |cause| Self::Engine { during, cause: cause.to_string() }
    }
}

/// Why an append got no decision.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// Nothing was stored.
    #[error(transparent)]
    NotStored(StoreError),
    /// It may have been stored or not; a retry with the same uuid settles it.
    #[error("the outcome is unknown: {0}")]
    Unknown(StoreError),
}

impl From<StoreError> for AppendError {
    fn from(error: StoreError) -> Self {
        Self::NotStored(error)
    }
}
