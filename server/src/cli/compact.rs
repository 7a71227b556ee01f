//! `verbatim compact`: rewrites a data folder's tables into as little room as they take.

use std::{path::PathBuf, process::ExitCode};

use bytesize::ByteSize;
use clap::Args;

use super::{exit, fail, say};
use crate::{
    config::{Config, DATA_DIR_DEFAULT, Layer},
    store::rocks::{self, Sizes},
};

/// A server compacts by itself, when there is reason to. This does all of it at once.
#[derive(Debug, Args)]
pub(super) struct CompactArgs {
    /// The data folder
    #[arg(long, env = "VERBATIM_DATA_DIR", value_name = "DIR", default_value = DATA_DIR_DEFAULT)]
    data_dir: PathBuf,
}

pub(super) fn run(args: CompactArgs) -> ExitCode {
    let config = match Config::resolve(Layer { data_dir: Some(args.data_dir), ..Layer::default() }) {
        Ok(config) => config,
        Err(error) => return fail(error, exit::USAGE),
    };
    let path = config.data_dir.join("db");
    if !path.is_dir() {
        return fail(
            format!("{}: there is no store here; name a data folder with --data-dir", path.display()),
            exit::NO_INPUT,
        );
    }
    let sizes = Sizes { cache_bytes: config.cache_bytes, memtable_bytes: config.memtable_bytes };
    match rocks::compact(&path, &sizes) {
        Ok((before, after)) => {
            say(&format!("{}: {} before, {} now", path.display(), ByteSize(before), ByteSize(after)))
        }
        Err(error) => fail(format!("{}: {error}", path.display()), exit::UNAVAILABLE),
    }
}
