//! Where log lines go and how they look. One line a request at debug; never an entry's content, never a token.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::config::LogFormat;

/// Logs to standard error from now on, what `filter` lets through. A second call changes nothing.
pub fn start(filter: &str, format: LogFormat) {
    let filter = filter.parse::<EnvFilter>().unwrap_or_default();
    let terminal = std::io::stderr().is_terminal();
    let json = match format {
        LogFormat::Auto => !terminal,
        LogFormat::Human => false,
        LogFormat::Json => true,
    };
    let human = (!json).then(|| fmt::layer().with_writer(std::io::stderr).with_ansi(terminal).with_target(false));
    let json = json.then(|| fmt::layer().json().flatten_event(true).with_writer(std::io::stderr));
    let _ = tracing_subscriber::registry().with(filter).with(human).with(json).try_init();
}
