//! What the load consists of: entries as agents write them, of stated or real sizes, each with a uuid of its own.

pub mod clock;
pub mod corpus;
pub mod entry;
pub mod sizes;
pub mod text;

use std::{path::PathBuf, sync::Arc};

pub use entry::{Entries, Entry};
use sizes::Sizes;

use crate::error::LoadError;

/// Where entries come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Made up, of these sizes.
    Made(Sizes),
    /// Lines of real transcripts, in turn, with a new uuid in place of their own.
    Corpus(Arc<corpus::Corpus>),
}

impl Source {
    /// From the command line: a folder of transcripts, or else sizes.
    pub fn new(sizes: Sizes, corpus: Option<&PathBuf>) -> Result<Self, LoadError> {
        match corpus {
            Some(folder) => Ok(Self::Corpus(Arc::new(corpus::Corpus::read(folder)?))),
            None => Ok(Self::Made(sizes)),
        }
    }

    /// As a report names it.
    pub fn describe(&self) -> String {
        match self {
            Self::Made(Sizes::Fixed(bytes)) => format!("made-up entries of {bytes} bytes"),
            Self::Made(Sizes::Real) => "made-up entries, sizes as in real transcripts".to_owned(),
            Self::Corpus(corpus) => format!("{} real entries from {}", corpus.len(), corpus.folder()),
        }
    }
}
