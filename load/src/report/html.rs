//! The report as one page: figures, and plots as inline SVG. It loads nothing, so that it opens without a network and
//! can be kept beside the figures it shows.

use std::fmt::Write as _;

use super::{
    metrics::told,
    model::{Comparison, Cost, Latency, Limits, Measured, Report, Round, Row, Sample},
    plot::{self, Line},
    terminal::duration,
};

const MEBI: f64 = (1 << 20) as f64;
const STYLE: &str = include_str!("page.css");

/// The whole page.
pub fn page(report: &Report) -> String {
    let mut out = String::from("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    let _ =
        write!(out, "<meta name=\"viewport\" content=\"width=device-width\"><title>{}</title>", escape(&report.work));
    let _ = write!(out, "<style>{STYLE}</style></head><body><h1>{}</h1>", escape(&report.work));
    let machine = &report.machine;
    let _ = write!(
        out,
        "<p class=\"where\">{} · {} cores · {:.0} GiB · Linux {} · {}</p>",
        escape(&machine.cpu),
        machine.cores,
        machine.memory_bytes as f64 / f64::from(1 << 30),
        escape(&machine.kernel),
        escape(&report.began_at)
    );
    for note in &report.notes {
        let _ = write!(out, "<p class=\"note\">{}</p>", escape(note));
    }
    rows(&mut out, report);
    shares(&mut out, report);
    comparisons(&mut out, report);
    for round in &report.rounds {
        self::round(&mut out, round, &round.target);
    }
    if let Some(limits) = &report.limits {
        self::limits(&mut out, limits);
    }
    settings(&mut out, report);
    out.push_str("</body></html>\n");
    out
}

fn shares(out: &mut String, report: &Report) {
    if report.shares.is_empty() {
        return;
    }
    out.push_str("<h2>Share of the machine's limits</h2><table><tr><th>of</th><th>measured</th><th>limit</th><th>share</th></tr>");
    for share in &report.shares {
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{:.0}</td><td>{:.0}</td><td><b>{:.2}</b></td></tr>",
            escape(&share.of),
            share.measured,
            share.limit,
            share.share
        );
    }
    out.push_str("</table>");
}

fn rows(out: &mut String, report: &Report) {
    if report.rows.is_empty() {
        return;
    }
    out.push_str("<table class=\"settings\"><tr><th>work</th><th>goal</th><th>measured</th><th></th></tr>");
    for Row { work, goal, measured, reached, detail } in &report.rows {
        let measured = measured.map_or("not measured".to_owned(), |measured| format!("{measured:.2}"));
        let verdict = reached.map_or("", |reached| if reached { "✓" } else { "✗" });
        let _ = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td><b>{measured}</b></td><td>{verdict} {}</td></tr>",
            escape(work),
            escape(goal),
            escape(detail)
        );
    }
    out.push_str("</table>");
}

fn comparisons(out: &mut String, report: &Report) {
    if report.comparisons.is_empty() {
        return;
    }
    out.push_str("<h2>Ratios</h2><table><tr><th></th><th>figure</th><th>median</th><th>pair by pair</th></tr>");
    for Comparison { first, other, figure, ratios, median } in &report.comparisons {
        let pairs: Vec<_> = ratios.iter().map(|ratio| format!("{ratio:.2}")).collect();
        let _ = write!(
            out,
            "<tr><td>{} / {}</td><td>{}</td><td><b>{median:.2}</b></td><td>{}</td></tr>",
            escape(first),
            escape(other),
            escape(figure),
            pairs.join(" ")
        );
    }
    out.push_str("</table>");
}

fn round(out: &mut String, round: &Round, title: &str) {
    let _ = write!(out, "<h2>{}</h2>", escape(title));
    figures(out, round);
    for class in &round.classes {
        plots(out, class);
    }
    samples(out, round);
}

fn figures(out: &mut String, round: &Round) {
    out.push_str("<table><tr><th></th><th>a second</th><th>entries/s</th><th>MB/s</th><th>p50</th><th>p90</th><th>p99</th><th>p99.9</th><th>max</th><th>conflicts</th><th>failed</th></tr>");
    for class in &round.classes {
        let failed: u64 = class.errors.values().sum();
        let _ = write!(
            out,
            "<tr><td>{}</td><td><b>{:.0}</b></td><td>{:.0}</td><td>{:.1}</td>{}<td>{}</td><td>{failed}</td></tr>",
            escape(&class.class),
            class.ops_per_s,
            class.entries_per_s,
            class.bytes_per_s / 1e6,
            quantiles(&class.latency),
            class.conflicts
        );
        if let Some(first_byte) = &class.first_byte {
            let _ = write!(
                out,
                "<tr><td>first byte</td><td></td><td></td><td></td>{}<td></td><td></td></tr>",
                quantiles(first_byte)
            );
        }
    }
    out.push_str("</table>");
    let costs = [("server", &round.server), ("generator", &round.load)];
    if costs.iter().any(|(_, cost)| cost.is_some()) {
        out.push_str("<table><tr><th></th><th>CPU an operation</th><th>in the kernel</th><th>cores</th><th>resident</th><th>at most</th><th>bytes written a byte</th></tr>");
        for (whose, cost) in costs {
            if let Some(cost) = cost {
                self::cost(out, whose, cost);
            }
        }
        out.push_str("</table>");
    }
    let figures = round.figures.iter().map(|(name, value)| (name.clone(), format!("{value:.2}")));
    let told = told(&round.metrics).into_iter().map(|(words, value)| (format!("server says: {words}"), value));
    let rows: Vec<_> = figures.chain(told).collect();
    if !rows.is_empty() {
        out.push_str("<table class=\"settings\">");
        for (name, value) in rows {
            let _ = write!(out, "<tr><td>{}</td><td>{value}</td></tr>", escape(&name));
        }
        out.push_str("</table>");
    }
    for class in &round.classes {
        for (kind, count) in &class.errors {
            let _ = write!(out, "<p class=\"note\">{}: {count} × {}</p>", escape(&class.class), escape(kind));
        }
    }
}

fn quantiles(latency: &Latency) -> String {
    let Latency { p50_us, p90_us, p99_us, p999_us, max_us, .. } = *latency;
    [p50_us, p90_us, p99_us, p999_us, max_us].map(|micros| format!("<td>{}</td>", duration(micros))).concat()
}

fn cost(out: &mut String, whose: &str, cost: &Cost) {
    let mebi = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let _ = write!(
        out,
        "<tr><td>{whose}</td><td><b>{:.1} µs</b></td><td>{:.1} µs</td><td>{:.2}</td><td>{:.0} MiB</td><td>{:.0} MiB</td><td>{:.2}</td></tr>",
        cost.cpu_us_per_op,
        cost.kernel_us_per_op,
        cost.cores,
        mebi(cost.resident_bytes),
        mebi(cost.resident_peak_bytes),
        cost.written_per_payload_byte
    );
}

fn plots(out: &mut String, class: &Measured) {
    let over_time =
        |value: fn(&super::model::Point) -> f64| class.series.iter().map(|point| (point.at_s, value(point))).collect();
    let latency = [
        Line { name: "p50", class: "p50", points: over_time(|point| point.p50_us / 1e3) },
        Line { name: "p99", class: "p99", points: over_time(|point| point.p99_us / 1e3) },
        Line { name: "longest", class: "max", points: over_time(|point| point.max_us / 1e3) },
    ];
    let throughput = [Line { name: "a second", class: "p50", points: over_time(|point| point.ops_per_s) }];
    let bars: Vec<_> = class.histogram.iter().map(|bar| (bar.to_us / 1e3, bar.count as f64)).collect();
    for (title, svg) in [
        ("latency over time", plot::lines(&latency, "seconds", "milliseconds", true)),
        ("throughput", plot::lines(&throughput, "seconds", "operations a second", false)),
        ("how many took how long", plot::bars(&bars, "milliseconds", "operations")),
    ] {
        if !svg.is_empty() {
            let _ = write!(out, "<figure><figcaption>{}: {title}</figcaption>{svg}</figure>", escape(&class.class));
        }
    }
}

fn samples(out: &mut String, round: &Round) {
    let over_time =
        |value: fn(&Sample) -> f64| round.samples.iter().map(|sample| (sample.at_s, value(sample))).collect();
    for (title, label, value) in [
        ("memory of the server", "MiB resident", (|sample| sample.resident_bytes as f64 / MEBI) as fn(&Sample) -> f64),
        ("CPU of the server", "cores", |sample| sample.cores),
        ("data folder", "MiB", |sample| sample.data_bytes as f64 / MEBI),
    ] {
        let svg = plot::lines(&[Line { name: label, class: "p50", points: over_time(value) }], "seconds", label, false);
        if !svg.is_empty() {
            let _ = write!(out, "<figure><figcaption>{title}</figcaption>{svg}</figure>");
        }
    }
}

fn limits(out: &mut String, limits: &Limits) {
    if let Some(null) = &limits.null {
        out.push_str("<h2>Limit of the transport</h2><p>The same requests against a server that reads them and answers at once.</p>");
        figures(out, null);
        null.classes.iter().for_each(|class| plots(out, class));
    }
    if limits.disk.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "<h2>Limit of the disk</h2><p>The same bytes, written and synced in groups ({}).</p>",
        escape(&limits.filesystem)
    );
    out.push_str("<table><tr><th>entries a group</th><th>entries/s</th><th>MB/s</th><th>p50</th><th>p90</th><th>p99</th><th>p99.9</th><th>max</th></tr>");
    for disk in &limits.disk {
        let _ = write!(
            out,
            "<tr><td>{}</td><td><b>{:.0}</b></td><td>{:.1}</td>{}</tr>",
            disk.group,
            disk.entries_per_s,
            disk.bytes_per_s / 1e6,
            quantiles(&disk.latency)
        );
    }
    out.push_str("</table>");
}

fn settings(out: &mut String, report: &Report) {
    out.push_str("<h2>Settings</h2><table class=\"settings\">");
    for (name, value) in &report.settings {
        let _ = write!(out, "<tr><td>{}</td><td>{}</td></tr>", escape(name), escape(value));
    }
    let _ = write!(out, "<tr><td>harness</td><td>{}</td></tr></table>", escape(&report.version));
}

/// Text as it may stand in HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_loads_nothing_and_escapes_what_it_shows() {
        let mut report = Report::new("a <b> & c".to_owned(), Default::default());
        let classes = vec![Measured { class: "append".to_owned(), ..Measured::default() }];
        report.rounds.push(Round { target: "x".to_owned(), classes, ..Round::default() });
        let page = page(&report);
        assert!(page.contains("a &lt;b&gt; &amp; c"));
        for loads in ["http://", "https://", "<script", "<link", "@import", "url("] {
            assert!(!page.contains(loads), "{loads}");
        }
    }
}
