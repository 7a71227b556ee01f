//! What a server counts of itself at `/metrics`, in Prometheus's text format: its change over a run.

use std::collections::BTreeMap;

use crate::{
    target::Target,
    wire::{Connection, WireError},
};

/// Samples by their name with labels, as they were at one moment.
pub type Scrape = BTreeMap<String, f64>;

/// Asks a server; None where it does not tell.
pub async fn scrape(target: &Target) -> Option<Scrape> {
    let asked = async {
        let mut connection = Connection::open(target.address).await?;
        let mut body = Vec::new();
        let request = format!("GET /metrics HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", target.host);
        let (answer, _) = connection.call(request.as_bytes(), &mut body).await?;
        Ok::<_, WireError>((answer.status == 200).then(|| parse(&String::from_utf8_lossy(&body))))
    };
    asked.await.ok().flatten()
}

/// What changed between two scrapes: means of histograms and summaries, and totals of counters.
pub fn change(before: &Scrape, after: &Scrape) -> BTreeMap<String, f64> {
    let grown =
        |name: &str| after.get(name).map(|now| now - before.get(name).unwrap_or(&0.0)).filter(|grown| *grown > 0.0);
    let mut change = BTreeMap::new();
    for name in after.keys() {
        let (base, labels) = name.split_at(name.find('{').unwrap_or(name.len()));
        if let Some(base) = base.strip_suffix("_sum") {
            let count = grown(&format!("{base}_count{labels}"));
            if let (Some(sum), Some(count)) = (grown(name), count) {
                change.insert(format!("{base}{labels}, mean"), sum / count);
            }
        } else if base.ends_with("_total")
            && let Some(total) = grown(name)
        {
            change.insert(name.clone(), total);
        }
    }
    change
}

fn parse(text: &str) -> Scrape {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        // Labels may hold blanks; the value stands after the last brace, or after the name.
        let end = line.rfind('}').map_or_else(|| line.find(' '), |brace| Some(brace + 1))?;
        let value = line[end..].split_whitespace().next()?.parse().ok()?;
        Some((line[..end].to_owned(), value))
    };
    lines.filter_map(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_grow_and_histograms_have_means() {
        let before = parse("# HELP a x\na_total{route=\"GET /x y\"} 3\nsize_sum 10\nsize_count 2\ngauge 7\n");
        let after =
            parse("a_total{route=\"GET /x y\"} 5 1700000000\nsize_sum 70\nsize_count 5\ngauge 9\nnew_total 0\n");
        let expected = [("a_total{route=\"GET /x y\"}", 2.0), ("size, mean", 20.0)];
        assert_eq!(change(&before, &after), expected.map(|(name, value)| (name.to_owned(), value)).into());
    }
}
