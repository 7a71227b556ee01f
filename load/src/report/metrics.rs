//! What a server counts of itself at `/metrics`, in Prometheus's text format: its change over a run.

use std::collections::BTreeMap;

use super::terminal::duration;
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
    let total = |name: &str| sum_of(&change, name);
    let share = |name: &str| {
        let (hits, misses) =
            (total(&format!("{name}{{result=\"hit\"}}")), total(&format!("{name}{{result=\"miss\"}}")));
        (hits + misses > 0.0).then(|| hits / (hits + misses))
    };
    let payload = total("verbatim_entry_bytes_stored_total");
    let written = total("verbatim_rocksdb_written_bytes_total");
    let derived = [
        (TOKEN_HITS, share("verbatim_token_cache_lookups_total")),
        (HEAD_HITS, share("verbatim_head_cache_lookups_total")),
        (WRITTEN, (payload > 0.0 && written > 0.0).then(|| written / payload)),
    ];
    change.extend(derived.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    change
}

/// A metric over all of its labels.
fn sum_of(change: &BTreeMap<String, f64>, name: &str) -> f64 {
    let of = |own: &str| own.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('{'));
    change.iter().filter(|(own, _)| of(own)).map(|(_, value)| value).sum()
}

const TOKEN_HITS: &str = "verified tokens found in the cache, share";
const HEAD_HITS: &str = "heads found in the cache, share";
const WRITTEN: &str = "bytes RocksDB wrote for each byte of entries";

/// What a reader wants of a Verbatim server's metrics first, as names and values.
pub fn told(change: &BTreeMap<String, f64>) -> Vec<(&'static str, String)> {
    let time = |seconds: f64| duration(seconds * 1e6);
    let share = |share: f64| format!("{:.1} %", share * 100.0);
    type Shown<'a> = &'a dyn Fn(f64) -> String;
    let rows: [(&str, &str, Shown<'_>); 8] = [
        ("verbatim_group_appends, mean", "appends a group", &|count| format!("{count:.1}")),
        ("verbatim_group_bytes, mean", "KiB a group", &|bytes| format!("{:.1}", bytes / 1024.0)),
        ("verbatim_group_queue_wait_seconds, mean", "longest wait for a group", &time),
        ("verbatim_group_decide_seconds, mean", "deciding a group", &time),
        ("verbatim_group_sync_seconds, mean", "writing and syncing a group", &time),
        (HEAD_HITS, "heads cached", &share),
        (TOKEN_HITS, "tokens cached", &share),
        (WRITTEN, "bytes written a byte of entries", &|ratio| format!("{ratio:.2}")),
    ];
    rows.into_iter().filter_map(|(name, words, show)| Some((words, show(*change.get(name)?)))).collect()
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

    #[test]
    fn what_a_reader_wants_first_is_told_in_words() {
        let before = parse("verbatim_group_sync_seconds_sum 1\nverbatim_group_sync_seconds_count 10\n");
        let after = parse(
            "verbatim_group_sync_seconds_sum 1.5\nverbatim_group_sync_seconds_count 1010\n\
             verbatim_group_appends_sum 22000\nverbatim_group_appends_count 1000\n\
             verbatim_head_cache_lookups_total{result=\"hit\"} 3\nverbatim_head_cache_lookups_total{result=\"miss\"} 1\n\
             verbatim_rocksdb_written_bytes_total{by=\"wal\"} 600\nverbatim_rocksdb_written_bytes_total{by=\"flush\"} 300\n\
             verbatim_entry_bytes_stored_total 500\n",
        );
        let told: Vec<_> =
            told(&change(&before, &after)).into_iter().map(|(words, value)| format!("{words} {value}")).collect();
        let expected = [
            "appends a group 22.0",
            "writing and syncing a group 500 µs",
            "heads cached 75.0 %",
            "bytes written a byte of entries 1.80",
        ];
        assert_eq!(told, expected);
    }
}
