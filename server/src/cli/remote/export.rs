//! `verbatim export`: a session as JSONL, streamed page by page.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use futures_util::TryStreamExt;
use tokio::runtime::Runtime;
use verbatim_client::{SessionId, read::Pages};

use super::{Fault, RemoteArgs, connect::at_a_terminal, line::on_one_line};
use crate::cli::note;

/// What to export, and where to.
#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    /// Session to export
    #[arg(value_name = "SESSION")]
    session: SessionId,
    /// File to write; it appears once it is whole [default: the standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(super) fn run(args: ExportArgs, runtime: &Runtime) -> Result<(), Fault> {
    let pages = args.remote.client(at_a_terminal)?.reader(&args.session).pages();
    match &args.output {
        None => write(pages, &mut BufWriter::new(io::stdout().lock()), "the standard output", runtime),
        Some(path) => write_file(pages, path, runtime),
    }
}

fn write_file(pages: Pages, path: &Path, runtime: &Runtime) -> Result<(), Fault> {
    let name = path.display();
    let unwritable = |error| Fault::output(&name, error);
    let mut part = OsString::from(path);
    part.push(".part");
    let file = File::create(&part).map_err(unwritable)?;
    let written = write(pages, &mut BufWriter::new(&file), &name.to_string(), runtime)
        .and_then(|()| file.sync_all().and_then(|()| fs::rename(&part, path)).map_err(unwritable));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

fn write(mut pages: Pages, output: &mut impl Write, name: &str, runtime: &Runtime) -> Result<(), Fault> {
    let unwritable = |error| Fault::output(name, error);
    let mut entries = 0;
    let mut rewrapped = 0;
    loop {
        let page = match runtime.block_on(pages.try_next()) {
            Ok(Some(page)) => page,
            Ok(None) => break,
            Err(error) if entries == 0 => return Err(error.into()),
            Err(error) => {
                output.flush().map_err(unwritable)?;
                let fault = Fault::from(error);
                let message = format!("the export ends early, after {entries} entries: {}", fault.message);
                return Err(Fault { message, ..fault });
            }
        };
        for event in page.data {
            let payload = event.payload.get().as_bytes();
            let line = on_one_line(payload);
            entries += 1;
            rewrapped += u64::from(*line != *payload);
            output.write_all(&line).and_then(|()| output.write_all(b"\n")).map_err(unwritable)?;
        }
    }
    if rewrapped > 0 {
        note(format_args!("entries with line breaks between their tokens: {rewrapped}; here these are spaces"));
    }
    output.flush().map_err(unwritable)
}
