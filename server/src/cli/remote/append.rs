//! `verbatim append`: one entry, or one a line, in the order they come.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
};

use clap::Args;
use tokio::runtime::Runtime;
use verbatim_client::{IdempotencyKey, SessionId, SessionWriter};

use super::{Fault, RemoteArgs, connect::at_a_terminal};

/// What to append, and to which session.
#[derive(Debug, Args)]
pub(in crate::cli) struct AppendArgs {
    /// Session to append to; it is made where it is new
    #[arg(value_name = "SESSION")]
    session: SessionId,
    /// File that holds the entry; - is the standard input
    #[arg(long, short, value_name = "FILE", default_value = "-")]
    file: String,
    /// Take every line as an entry, and end at the first that is refused
    #[arg(long)]
    lines: bool,
    /// Key by which an entry without uuid is recognised when it is sent again
    #[arg(long, value_name = "KEY", conflicts_with = "lines")]
    key: Option<IdempotencyKey>,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(super) fn run(args: AppendArgs, runtime: &Runtime) -> Result<(), Fault> {
    let writer = args.remote.client(at_a_terminal)?.session(&args.session);
    let mut input = open(&args.file)?;
    let unreadable = |error| Fault::input(&args.file, error);
    if !args.lines {
        let mut entry = Vec::new();
        input.read_to_end(&mut entry).map_err(unreadable)?;
        return append(&writer, entry, args.key, runtime);
    }
    for line in input.split(b'\n') {
        let line = line.map_err(unreadable)?;
        if !line.trim_ascii().is_empty() {
            append(&writer, line, None, runtime)?;
        }
    }
    Ok(())
}

/// Appends, and prints the receipt as one line of JSON.
fn append(writer: &SessionWriter, entry: Vec<u8>, key: Option<IdempotencyKey>, runtime: &Runtime) -> Result<(), Fault> {
    let receipt = runtime.block_on(async {
        match key {
            Some(key) => writer.append_with_key(entry, key).await,
            None => writer.append(entry).await,
        }
    })?;
    let unwritable = |error| Fault::output("the receipt", error);
    let mut line = serde_json::to_vec(&receipt).map_err(|error| unwritable(error.into()))?;
    line.push(b'\n');
    io::stdout().write_all(&line).map_err(unwritable)
}

fn open(name: &str) -> Result<Box<dyn BufRead>, Fault> {
    match name {
        "-" => Ok(Box::new(io::stdin().lock())),
        path => Ok(Box::new(BufReader::new(File::open(path).map_err(|error| Fault::input(path, error))?))),
    }
}
