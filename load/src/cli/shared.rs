//! Options that several commands share, and how their values are read.

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::Args;

/// Which server is measured, and how to get in.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Server")]
pub struct TargetArgs {
    /// Where the server listens
    #[arg(long, env = "VERBATIM_URL", default_value = "http://127.0.0.1:4280", value_name = "URL")]
    pub url: String,
    /// Start this server program for the run, on a free port, and stop it afterwards
    #[arg(long, value_name = "BIN", conflicts_with = "server_pid")]
    pub server: Option<String>,
    /// The server's process on this machine, to read its CPU time and memory
    #[arg(long, value_name = "PID")]
    pub server_pid: Option<u32>,
    /// The server's data folder: tokens are made with its key. With --server: where the run's data go (default a
    /// new folder here, removed afterwards)
    #[arg(long, env = "VERBATIM_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The token to send, instead of making one a session
    #[arg(long, env = "VERBATIM_TOKEN", value_name = "JWT", hide_env_values = true)]
    pub token: Option<String>,
}

/// How hard and how long.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Pace")]
pub struct PaceArgs {
    /// Agents, each with a connection of its own
    #[arg(long, short = 'c', default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub agents: u32,
    /// Operations a second of all agents together, whatever the server does (open loop; latency counts from when an
    /// operation was due). Without it each agent goes on as soon as it can (closed loop)
    #[arg(long, value_name = "PER_SECOND", value_parser = positive)]
    pub rate: Option<f64>,
    /// Length of the measured window
    #[arg(long, short = 'd', default_value = "10s")]
    pub duration: Span,
    /// Time before it, not measured
    #[arg(long, default_value = "2s")]
    pub warm_up: Span,
    /// Threads of the generator
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: u16,
}

/// A length of time, written as `500ms`, `10s`, `5m` or `2h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(pub Duration);

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
        let seconds = match unit {
            "ms" => 0.001,
            "s" | "" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => f64::NAN,
        };
        let seconds = number.parse::<f64>().unwrap_or(f64::NAN) * seconds;
        if (0.0..=30.0 * 24.0 * 3600.0).contains(&seconds) {
            Ok(Self(Duration::from_secs_f64(seconds)))
        } else {
            Err("a length of time is written as 500ms, 10s, 5m or 2h".to_owned())
        }
    }
}

/// A number above zero.
pub fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("must be a number above 0".to_owned()),
    }
}

/// A share from 0 to 1.
pub fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (0.0..=1.0).contains(&number) => Ok(number),
        _ => Err("must be a number from 0 to 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_units() {
        assert_eq!("500ms".parse(), Ok(Span(Duration::from_millis(500))));
        assert_eq!("1.5m".parse(), Ok(Span(Duration::from_secs(90))));
        assert_eq!("3".parse(), Ok(Span(Duration::from_secs(3))));
        for bad in ["", "s", "-1s", "1d", "1e99h", "NaN"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }
}
