//! Whether a server stays as it was: growth of what it holds, and drift of how fast it is. Pure.

use std::collections::BTreeMap;

use crate::{
    contest::ratios::median,
    report::{Measured, Round, Sample},
};

/// Growth of memory, by which a soak is judged.
pub const MEMORY: &str = "server memory, MiB grown an hour";

/// The figures of a round; none of a process where none was known.
pub fn figures(round: &Round) -> BTreeMap<String, f64> {
    let mut figures = BTreeMap::new();
    let later = &round.samples[round.samples.len() / 2..];
    let mebi = f64::from(1 << 20);
    for (name, value) in [
        (MEMORY, (|sample| sample.resident_bytes as f64) as fn(&Sample) -> f64),
        ("server descriptors grown an hour", |sample| sample.descriptors as f64),
        ("server threads grown an hour", |sample| sample.threads as f64),
    ] {
        let unit = if name == MEMORY { mebi } else { 1.0 };
        if let Some(slope) = slope(later.iter().map(|sample| (sample.at_s, value(sample) / unit))) {
            figures.insert(name.to_owned(), slope * 3600.0);
        }
    }
    for class in &round.classes {
        figures.extend(drifts(class));
    }
    let appended: f64 = round.classes.iter().filter(|class| class.class.ends_with("append")).map(payload_bytes).sum();
    if let (Some(first), Some(last)) = (round.samples.first(), round.samples.last())
        && appended > 0.0
        && last.data_bytes > 0
    {
        let grown = last.data_bytes as f64 - first.data_bytes as f64;
        figures.insert("data folder, bytes grown a byte appended".to_owned(), grown / appended);
    }
    figures
}

fn payload_bytes(class: &Measured) -> f64 {
    class.bytes_per_s * class.seconds
}

/// The last tenth of the window by the first, of each figure: 1 is no drift.
fn drifts(class: &Measured) -> Vec<(String, f64)> {
    let tenth = class.series.len().div_ceil(10);
    let (first, last) = (&class.series[..tenth], &class.series[class.series.len() - tenth..]);
    let drift = |value: fn(&crate::report::Point) -> f64| {
        let of = |points: &[crate::report::Point]| median(&points.iter().map(value).collect::<Vec<_>>());
        of(last).zip(of(first)).filter(|(_, first)| *first > 0.0).map(|(last, first)| last / first)
    };
    let named = |name: &str, drift: Option<f64>| {
        drift.map(|drift| (format!("{} {name}, last tenth by first", class.class), drift))
    };
    let rate = named("rate", drift(|point| point.ops_per_s));
    let p50 = named("p50", drift(|point| point.p50_us));
    let p99 = named("p99", drift(|point| point.p99_us));
    [rate, p50, p99].into_iter().flatten().collect()
}

/// The slope of the line through some points (least squares); None for fewer than three.
fn slope(points: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let points: Vec<_> = points.collect();
    if points.len() < 3 {
        return None;
    }
    let count = points.len() as f64;
    let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / count;
    let (x_mean, y_mean) = (mean(|point| point.0), mean(|point| point.1));
    let together: f64 = points.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
    let spread: f64 = points.iter().map(|(x, _)| (x - x_mean).powi(2)).sum();
    (spread > 0.0).then_some(together / spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Point;

    #[test]
    fn a_leak_shows_as_growth_an_hour() {
        let sample = |at: u64| Sample {
            at_s: at as f64,
            cores: 1.0,
            resident_bytes: (100 << 20) + at * (1 << 20),
            descriptors: 7,
            threads: 3,
            data_bytes: 0,
        };
        let round = Round { samples: (0..20).map(sample).collect(), ..Round::default() };
        let figures = figures(&round);
        assert!((figures[MEMORY] - 3600.0).abs() < 1e-6);
        assert_eq!(figures["server descriptors grown an hour"], 0.0);
    }

    #[test]
    fn drift_is_the_end_by_the_beginning() {
        let point = |index: u32| Point {
            at_s: index.into(),
            ops_per_s: 100.0,
            bytes_per_s: 0.0,
            p50_us: f64::from(index + 1),
            p99_us: 5.0,
            max_us: 5.0,
            errors: 0,
        };
        let class = Measured { class: "page".to_owned(), series: (0..10).map(point).collect(), ..Measured::default() };
        let drifts: BTreeMap<_, _> = drifts(&class).into_iter().collect();
        assert_eq!(drifts["page p50, last tenth by first"], 10.0);
        assert_eq!(drifts["page p99, last tenth by first"], 1.0);
        assert!(super::drifts(&Measured::default()).is_empty());
    }
}
