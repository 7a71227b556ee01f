//! Keeps what is counted, and writes it down in Prometheus's text format.

use std::{sync::Arc, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::{
    catalog::{ALL, Kind},
    process::ProcessMetrics,
};

/// How often values that were recorded go into their histograms. Until then each takes 16 bytes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Whatever this process counts.
pub struct Exporter {
    handle: PrometheusHandle,
    process: ProcessMetrics,
}

/// Metrics cannot be counted: a defect of this program.
#[derive(Debug, thiserror::Error)]
#[error("metrics cannot be counted: {0}")]
pub struct InstallError(String);

impl Exporter {
    /// Begins to count, for the whole process. Handles that were made before count nothing.
    pub fn install() -> Result<Self, InstallError> {
        let recorder = recorder()?;
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).map_err(|error| InstallError(error.to_string()))?;
        Ok(Self::begun(handle))
    }

    /// Over the recorder that is in force.
    pub(super) fn begun(handle: PrometheusHandle) -> Self {
        ALL.iter().for_each(|metric| metric.describe());
        Self { handle, process: ProcessMetrics::default() }
    }

    /// What was counted so far, in Prometheus's text format. May block: call it on a blocking thread.
    pub fn render(&self) -> String {
        self.process.show();
        let mut text = self.handle.render();
        self.process.write_cpu(&mut text);
        text
    }

    /// Takes recorded values up into their histograms. May block: call it on a blocking thread.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    /// Does so again and again.
    pub async fn keep_up(self: Arc<Self>) {
        let mut interval = tokio::time::interval(UPKEEP_INTERVAL);
        loop {
            interval.tick().await;
            let exporter = Arc::clone(&self);
            if tokio::task::spawn_blocking(move || exporter.upkeep()).await.is_err() {
                tracing::error!("metrics could not be brought up to date");
            }
        }
    }
}

/// Histograms have fixed buckets, so that several servers' can be added up.
pub(super) fn recorder() -> Result<PrometheusRecorder, InstallError> {
    let mut builder = PrometheusBuilder::new();
    for metric in ALL {
        if let Kind::Histogram(buckets) = metric.kind {
            builder = builder
                .set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets)
                .map_err(|error| InstallError(error.to_string()))?;
        }
    }
    Ok(builder.build_recorder())
}
