//! `verbatim serve`: run the server until it is told to stop.

use std::{io::IsTerminal, path::Path, process::ExitCode};

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{exit, fail, say};
use crate::{
    app::{self, App},
    config::{Config, DATA_DIR_DEFAULT, Layer},
    logging,
};

/// Settings come from flags, then VERBATIM_… variables, then the file that --config names.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    settings: Layer,
    /// Check every setting and the files they name, say so, and end
    #[arg(long)]
    check_config: bool,
}

pub(super) fn run(args: ServeArgs) -> ExitCode {
    let config = match Config::resolve(args.settings) {
        Ok(config) => config,
        Err(error) => return fail(error, exit::USAGE),
    };
    if let Err(error) = app::check(&config) {
        return fail(error, exit::USAGE);
    }
    if args.check_config {
        return say("the configuration is good");
    }
    logging::start(&config.log, config.log_format);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(format!("cannot start the runtime: {error}"), exit::UNAVAILABLE),
    };
    runtime.block_on(serve(config))
}

async fn serve(config: Config) -> ExitCode {
    let (hangup, at_terminal) = (SignalKind::hangup(), std::io::stdout().is_terminal());
    let signals = [SignalKind::terminate(), SignalKind::interrupt(), hangup, hangup].map(signal);
    let [Ok(mut terminate), Ok(mut interrupt), Ok(hangup), Ok(mut terminal_hangup)] = signals else {
        return fail("cannot listen for signals", exit::UNAVAILABLE);
    };
    let data_dir = config.data_dir.clone();
    let app = match App::start(config).await {
        Ok(app) => app,
        Err(error) => return fail(error, exit::UNAVAILABLE),
    };
    // Nobody may be there to read it; the server serves all the same.
    let _ = say(&format!("listening on {}", app.url()));
    if at_terminal {
        print_next_steps(&app.url(), &data_dir);
    }
    tracing::info!(address = %app.address, data_dir = %data_dir.display(), "listening");
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = terminal_gone(&mut terminal_hangup), if at_terminal => {}
        }
    };
    app.run(stop, hangup).await;
    ExitCode::SUCCESS
}

/// Waits until the terminal that the server was started at is closed: it should not go on unseen. SIGHUP also comes from
/// an operator who wants files read again, and then the terminal is still there.
async fn terminal_gone(hangup: &mut Signal) {
    while hangup.recv().await.is_some() && std::io::stdout().is_terminal() {}
}

/// What to paste next, in another terminal. It holds no token, only the command that prints one.
fn print_next_steps(url: &str, data_dir: &Path) {
    let program = std::env::args().next().unwrap_or_else(|| "verbatim".to_owned());
    let data_dir = data_dir.display().to_string();
    let data_dir_flag = if data_dir == DATA_DIR_DEFAULT { String::new() } else { format!(" --data-dir {data_dir}") };
    println!(
        r#"
Next, in another terminal:

  # a token for every session of this folder's own organisation
  TOKEN=$({program} token{data_dir_flag} --scope read,append)

  # append a first entry
  curl -i -X PUT {url}/v1/session_ingress/session/hello \
    -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d '{{"type":"user","uuid":"u1","message":"hello"}}'

  # read it back
  curl {url}/v1/session_ingress/session/hello -H "Authorization: Bearer $TOKEN"
"#
    );
}
