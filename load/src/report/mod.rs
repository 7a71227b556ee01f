//! What a run is told as: one model, shown on the terminal, as JSON, and as a page with plots.

pub mod html;
pub mod machine;
pub mod metrics;
pub mod model;
pub mod plot;
pub mod summary;
pub mod terminal;

use std::{fs, path::Path};

pub use model::{Comparison, Cost, Disk, Latency, Limits, Measured, Point, Report, Round, Row, Sample, Share};

use crate::error::{LoadError, While};

/// Where a report goes besides the terminal.
#[derive(Debug, Clone, clap::Args)]
pub struct Output {
    /// Write the report as JSON to this file; `-` means standard output, in place of the text.
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub json: Option<String>,
    /// Write the report as one HTML page with plots to this file.
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub html: Option<String>,
    /// Show no progress.
    #[arg(long, short, help_heading = "Report")]
    pub quiet: bool,
}

impl Output {
    /// Gives a report out in every asked form.
    pub fn give(&self, report: &Report) -> Result<(), LoadError> {
        if let Some(path) = &self.html {
            fs::write(path, html::page(report)).while_doing(format!("write {path}"))?;
        }
        match self.json.as_deref() {
            Some("-") => println!("{}", report.to_json()),
            Some(path) => {
                fs::write(Path::new(path), report.to_json()).while_doing(format!("write {path}"))?;
                print!("{}", terminal::text(report));
            }
            None => print!("{}", terminal::text(report)),
        }
        Ok(())
    }
}
