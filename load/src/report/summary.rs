//! From histograms and readings of `/proc` to the figures of a report.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::model::{Bar, Cost, Latency, Measured, Point};
use crate::{
    engine::{ClassRecord, Window},
    target::Usage,
};

/// Bars for each factor of ten in latency.
const BARS_PER_DECADE: f64 = 12.0;

impl From<&Histogram<u64>> for Latency {
    fn from(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| micros(histogram.value_at_quantile(quantile));
        Self {
            mean_us: histogram.mean() / 1e3,
            min_us: micros(histogram.min()),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: micros(histogram.max()),
        }
    }
}

impl Measured {
    /// The figures of one class.
    pub fn new(class: &str, record: &ClassRecord, window: &Window) -> Self {
        let seconds = (window.end - window.start).as_secs_f64();
        let rate = |count: u64| count as f64 / seconds;
        Self {
            class: class.to_owned(),
            seconds,
            ops: record.ops(),
            ops_per_s: rate(record.ops()),
            entries_per_s: rate(record.entries),
            bytes_per_s: rate(record.bytes),
            conflicts: record.conflicts,
            errors: record.errors.clone(),
            latency: (&record.latency).into(),
            first_byte: (!record.first_byte.is_empty()).then(|| (&record.first_byte).into()),
            histogram: bars(&record.latency),
            series: series(record, window),
        }
    }
}

impl Cost {
    /// What a process used between two readings.
    pub fn between(before: &Usage, after: &Usage, length: Duration, ops: u64, payload_bytes: u64) -> Self {
        let cpu = after.cpu_us.saturating_sub(before.cpu_us) as f64;
        let kernel = after.kernel_us.saturating_sub(before.kernel_us) as f64;
        let written = after.written_bytes.saturating_sub(before.written_bytes) as f64;
        let per = |what: f64, count: u64| if count == 0 { 0.0 } else { what / count as f64 };
        Self {
            cpu_us_per_op: per(cpu, ops),
            kernel_us_per_op: per(kernel, ops),
            cores: cpu / length.as_secs_f64() / 1e6,
            resident_bytes: after.resident_bytes,
            resident_growth_bytes: after.resident_bytes as i64 - before.resident_bytes as i64,
            resident_peak_bytes: after.resident_peak_bytes,
            written_per_payload_byte: per(written, payload_bytes),
            descriptors: after.descriptors,
        }
    }
}

fn micros(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e3
}

fn bars(histogram: &Histogram<u64>) -> Vec<Bar> {
    let mut bars = std::collections::BTreeMap::<i64, u64>::new();
    for step in histogram.iter_recorded() {
        let bar = ((step.value_iterated_to().max(1) as f64).log10() * BARS_PER_DECADE).floor() as i64 + 1;
        *bars.entry(bar).or_default() += step.count_at_value();
    }
    let to_us = |bar: i64| 10f64.powf(bar as f64 / BARS_PER_DECADE) / 1e3;
    let (Some(&first), Some(&last)) = (bars.keys().next(), bars.keys().next_back()) else { return Vec::new() };
    (first..=last).map(|bar| Bar { to_us: to_us(bar), count: bars.get(&bar).copied().unwrap_or(0) }).collect()
}

fn series(record: &ClassRecord, window: &Window) -> Vec<Point> {
    let interval = window.interval.as_secs_f64();
    let point = |(index, part): (usize, &crate::engine::record::Interval)| Point {
        at_s: (index + 1) as f64 * interval,
        ops_per_s: part.latency.len() as f64 / interval,
        bytes_per_s: part.bytes as f64 / interval,
        p50_us: micros(part.latency.value_at_quantile(0.5)),
        p99_us: micros(part.latency.value_at_quantile(0.99)),
        max_us: micros(part.latency.max()),
        errors: part.errors,
    };
    record.intervals.iter().enumerate().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_hold_every_operation_between_their_edges() {
        let mut histogram = Histogram::<u64>::new(3).expect("histogram");
        for value in [1_000, 250_000, 260_000, 90_000_000] {
            histogram.record(value).expect("record");
        }
        let bars = bars(&histogram);
        assert_eq!(bars.iter().map(|bar| bar.count).sum::<u64>(), 4);
        assert!(bars[0].to_us > 1.0 && bars[0].count == 1);
        assert!(bars.windows(2).all(|pair| pair[0].to_us < pair[1].to_us));
    }

    #[test]
    fn a_cost_is_per_operation() {
        let before = Usage { cpu_us: 1_000_000, resident_bytes: 10, ..Usage::default() };
        let after = Usage { cpu_us: 3_000_000, resident_bytes: 4, written_bytes: 300, ..Usage::default() };
        let cost = Cost::between(&before, &after, Duration::from_secs(4), 1_000, 100);
        assert_eq!((cost.cpu_us_per_op, cost.cores, cost.written_per_payload_byte), (2_000.0, 0.5, 3.0));
        assert_eq!(cost.resident_growth_bytes, -6);
    }
}
