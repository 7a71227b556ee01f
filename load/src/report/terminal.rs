//! The report as text, for a terminal or a log.

use std::fmt::Write as _;

use super::{
    metrics::told,
    model::{Comparison, Cost, Latency, Limits, Measured, Report, Round, Row},
};

/// The whole report.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    let machine = &report.machine;
    line(&mut out, format!("{} · {} cores · Linux {}", machine.cpu, machine.cores, machine.kernel));
    line(&mut out, report.work.clone());
    for round in &report.rounds {
        self::round(&mut out, round);
    }
    if let Some(limits) = &report.limits {
        self::limits(&mut out, limits);
    }
    if !report.shares.is_empty() {
        line(&mut out, "\nshare of the limits");
        for share in &report.shares {
            line(&mut out, format!("  {:>6.2}  of {} ({:.0})", share.share, share.of, share.limit));
        }
    }
    rows(&mut out, &report.rows);
    if !report.comparisons.is_empty() {
        line(&mut out, "\nratios, median and pair by pair");
    }
    for Comparison { first, other, figure, ratios, median } in &report.comparisons {
        let pairs: Vec<_> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
        line(&mut out, format!("  {median:>6.2}  {first} / {other}, {figure} ({})", pairs.join(" ")));
    }
    for note in &report.notes {
        line(&mut out, format!("\nnote: {note}"));
    }
    out
}

fn line(out: &mut String, line: impl AsRef<str>) {
    out.push_str(line.as_ref());
    out.push('\n');
}

/// As a Markdown table, so that it can be pasted.
fn rows(out: &mut String, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    line(out, "\n| work | goal | measured | |\n| --- | --- | ---: | --- |");
    for Row { work, goal, measured, reached, detail } in rows {
        let measured = measured.map_or("not measured".to_owned(), |measured| format!("{measured:.2}"));
        let reached = match reached {
            Some(true) => "reached",
            Some(false) => "missed",
            None => "",
        };
        let sep = if reached.is_empty() || detail.is_empty() { "" } else { "; " };
        line(out, format!("| {work} | {goal} | {measured} | {reached}{sep}{detail} |"));
    }
}

fn round(out: &mut String, round: &Round) {
    line(out, format!("\n{}", round.target));
    for class in &round.classes {
        measured(out, class);
    }
    for (whose, cost) in [("server", &round.server), ("generator", &round.load)] {
        if let Some(cost) = cost {
            self::cost(out, whose, cost);
        }
    }
    for (name, value) in &round.figures {
        line(out, format!("  {name}: {value:.2}"));
    }
    let told: Vec<_> = told(&round.metrics).into_iter().map(|(words, value)| format!("{words} {value}")).collect();
    if !told.is_empty() {
        line(out, format!("  server says  {}", told.join(" · ")));
    }
}

fn measured(out: &mut String, class: &Measured) {
    let mut rates = format!("  {:<11}  {:.0}/s", class.class, class.ops_per_s);
    if (class.entries_per_s - class.ops_per_s).abs() > 0.5 {
        let _ = write!(rates, " · {:.0} entries/s", class.entries_per_s);
    }
    let _ = write!(rates, " · {:.1} MB/s · {} in {:.1} s", class.bytes_per_s / 1e6, class.ops, class.seconds);
    line(out, rates);
    line(out, format!("  latency      {}", latency(&class.latency)));
    if let Some(first_byte) = &class.first_byte {
        line(out, format!("  first byte   {}", latency(first_byte)));
    }
    if class.conflicts > 0 {
        line(out, format!("  conflicts    {}", class.conflicts));
    }
    for (kind, count) in &class.errors {
        line(out, format!("  failed       {count} × {kind}"));
    }
}

fn latency(latency: &Latency) -> String {
    let Latency { p50_us, p90_us, p99_us, p999_us, max_us, .. } = *latency;
    let [p50, p90, p99, p999, max] = [p50_us, p90_us, p99_us, p999_us, max_us].map(duration);
    format!("p50 {p50} · p90 {p90} · p99 {p99} · p99.9 {p999} · max {max}")
}

/// Microseconds as a person reads them.
pub fn duration(micros: f64) -> String {
    match micros {
        0.0..1_000.0 => format!("{micros:.0} µs"),
        1_000.0..100_000.0 => format!("{:.2} ms", micros / 1e3),
        100_000.0..1_000_000.0 => format!("{:.0} ms", micros / 1e3),
        _ => format!("{:.2} s", micros / 1e6),
    }
}

fn cost(out: &mut String, whose: &str, cost: &Cost) {
    let mebi = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let mut text = format!(
        "  {whose:<11}  {:.1} µs CPU an operation ({:.1} in the kernel) · {:.2} cores · {:.0} MiB resident, {:.0} at most",
        cost.cpu_us_per_op,
        cost.kernel_us_per_op,
        cost.cores,
        mebi(cost.resident_bytes),
        mebi(cost.resident_peak_bytes),
    );
    if cost.written_per_payload_byte > 0.0 {
        let _ = write!(text, " · {:.2} bytes written a byte", cost.written_per_payload_byte);
    }
    line(out, text);
}

fn limits(out: &mut String, limits: &Limits) {
    if let Some(null) = &limits.null {
        line(out, "\nlimit of the transport: the same requests against a server that answers at once");
        round(out, null);
    }
    if !limits.disk.is_empty() {
        line(out, format!("\nlimit of the disk ({}): the same bytes written and synced in groups", limits.filesystem));
    }
    for disk in &limits.disk {
        line(
            out,
            format!(
                "  groups of {:<4} {:>9.0} entries/s · {:.1} MB/s · sync p50 {} p99 {}",
                disk.group,
                disk.entries_per_s,
                disk.bytes_per_s / 1e6,
                duration(disk.latency.p50_us),
                duration(disk.latency.p99_us)
            ),
        );
    }
}
