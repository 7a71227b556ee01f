//! `verbatim append`: one entry, or one a line, in the order they come, or all of them together.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
};

use clap::Args;
use tokio::runtime::Runtime;
use verbatim_client::{Batch, BatchError, IdempotencyKey, SessionId, SessionWriter};
use verbatim_proto::Scope;

use super::{Fault, RemoteArgs, connect::at_a_terminal, output};

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
    /// Take every line as an entry, and append all of them together or none; at most 1000. Takes an access token
    #[arg(long, conflicts_with = "lines")]
    batch: bool,
    /// Key by which entries without uuid are recognised when they are sent again
    #[arg(long, value_name = "KEY", conflicts_with = "lines")]
    key: Option<IdempotencyKey>,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(super) fn run(args: AppendArgs, runtime: &Runtime) -> Result<(), Fault> {
    if args.batch {
        return append_batch(&args, runtime);
    }
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
    output::json_line(&receipt, "the receipt")
}

fn append_batch(args: &AppendArgs, runtime: &Runtime) -> Result<(), Fault> {
    let client = args.remote.client_with(&[Scope::Append], at_a_terminal)?;
    let mut text = Vec::new();
    open(&args.file)?.read_to_end(&mut text).map_err(|error| Fault::input(&args.file, error))?;
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let mut batch = Batch::new(lines)?;
    if let Some(key) = args.key {
        batch = batch.with_key(key);
    }
    let appended = runtime.block_on(client.sessions().append_batch(&args.session, &batch));
    let receipt = appended.map_err(|error| doubtful(error, &batch))?;
    output::json_line(&receipt, "the receipt")
}

/// Says how to settle a fate that is not known; with another key, entries without uuid could be stored twice.
fn doubtful(error: BatchError, batch: &Batch) -> Fault {
    let is_open = matches!(error, BatchError::OutcomeUnknown(_));
    let mut fault = Fault::from(error);
    if is_open {
        fault.message.push_str(&format!("; append it again with --key {}", batch.key().as_str()));
    }
    fault
}

fn open(name: &str) -> Result<Box<dyn BufRead>, Fault> {
    match name {
        "-" => Ok(Box::new(io::stdin().lock())),
        path => Ok(Box::new(BufReader::new(File::open(path).map_err(|error| Fault::input(path, error))?))),
    }
}
