//! Why a verb ends early: what to say, and the exit status that says what kind of trouble it was.

use std::{fmt, io};

use verbatim_client::{AppendError, BatchError, BuildError, ChangeError, ReadError, sessions::BatchFormError};

use crate::cli::exit;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) status: u8,
    /// Whether it has been said already.
    pub(super) is_told: bool,
}

impl Fault {
    pub(super) fn new(status: u8, message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), status, is_told: false }
    }

    /// A fault whose message the user has seen.
    pub(super) fn told(status: u8) -> Self {
        Self { message: String::new(), status, is_told: true }
    }

    pub(super) fn usage(message: impl fmt::Display) -> Self {
        Self::new(exit::USAGE, message)
    }

    pub(super) fn input(name: impl fmt::Display, error: io::Error) -> Self {
        Self::new(exit::NO_INPUT, format_args!("cannot read {name}: {error}"))
    }

    /// A reader that went away, as `head` does, is not worth a word.
    pub(super) fn output(name: impl fmt::Display, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::told(exit::IO),
            _ => Self::new(exit::IO, format_args!("cannot write {name}: {error}")),
        }
    }
}

/// The status that an append's failure ends with.
pub(super) fn append_status(error: &AppendError) -> u8 {
    match error {
        AppendError::Rejected(_) | AppendError::SessionEnded(_) => exit::DATA,
        AppendError::NotAllowed(_) => exit::NO_PERMISSION,
        AppendError::Contended(_)
        | AppendError::Unavailable(_)
        | AppendError::Misdirected(_)
        | AppendError::OutcomeUnknown(_)
        | AppendError::NotSent(_) => exit::UNAVAILABLE,
    }
}

impl From<AppendError> for Fault {
    fn from(error: AppendError) -> Self {
        Self::new(append_status(&error), error)
    }
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        let status = match &error {
            ReadError::NotFound(_) => exit::NO_INPUT,
            ReadError::NotAllowed(_) => exit::NO_PERMISSION,
            ReadError::Rejected(_) => exit::DATA,
            ReadError::GoneMidway { .. }
            | ReadError::Unavailable(_)
            | ReadError::CursorStuck { .. }
            | ReadError::PagesMax { .. } => exit::UNAVAILABLE,
        };
        Self::new(status, error)
    }
}

impl From<ChangeError> for Fault {
    fn from(error: ChangeError) -> Self {
        let status = match &error {
            ChangeError::NotFound(_) => exit::NO_INPUT,
            ChangeError::NotAllowed(_) => exit::NO_PERMISSION,
            ChangeError::Exists(_)
            | ChangeError::Conflict { .. }
            | ChangeError::Changed(_)
            | ChangeError::Ended(_)
            | ChangeError::Rejected(_) => exit::DATA,
            ChangeError::Unavailable(_) | ChangeError::OutcomeUnknown(_) => exit::UNAVAILABLE,
        };
        Self::new(status, error)
    }
}

impl From<BatchError> for Fault {
    fn from(error: BatchError) -> Self {
        let status = match &error {
            BatchError::Rejected(_) | BatchError::SessionEnded(_) => exit::DATA,
            BatchError::NotAllowed(_) => exit::NO_PERMISSION,
            BatchError::Contended(_)
            | BatchError::Unavailable(_)
            | BatchError::Misdirected(_)
            | BatchError::OutcomeUnknown(_) => exit::UNAVAILABLE,
        };
        Self::new(status, error)
    }
}

impl From<BatchFormError> for Fault {
    fn from(error: BatchFormError) -> Self {
        Self::new(exit::DATA, error)
    }
}

impl From<BuildError> for Fault {
    fn from(error: BuildError) -> Self {
        let status = match &error {
            BuildError::Url(_) => exit::USAGE,
            BuildError::TrustedCa(_) | BuildError::ClientCertificate(_) => exit::DATA,
            BuildError::Token(_) => exit::NO_PERMISSION,
            BuildError::Http(_) => exit::UNAVAILABLE,
        };
        Self::new(status, error)
    }
}
