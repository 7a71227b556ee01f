//! A scrape of `/metrics`, read by the rules of Prometheus's text format, each of which is checked on the way.

use std::collections::BTreeMap;

use crate::server::Server;

/// Every series with its value, and every metric's type.
#[derive(Debug, Clone)]
pub struct Scrape {
    /// As it came.
    pub text: String,
    series: BTreeMap<String, f64>,
    /// Metrics and their types.
    pub types: BTreeMap<String, String>,
}

impl Scrape {
    /// Asks a server.
    pub async fn of(server: &Server) -> Self {
        let answer = server.call("GET", "/metrics").send().await.expect(200);
        assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        Self::read(answer.text())
    }

    /// Reads a scrape. Panics where a line is not of the format.
    pub fn read(text: String) -> Self {
        let (mut series, mut types) = (BTreeMap::new(), BTreeMap::new());
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect(line);
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "described twice: {line}");
            } else if !line.starts_with("# HELP ") {
                let (name, value) = line.rsplit_once(' ').expect(line);
                let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
                let bare = name.split('{').next().expect(line);
                let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                assert!(bare.chars().all(is_name), "no name: {line}");
                assert!(!name.contains('{') || name.ends_with("\"}"), "no labels: {line}");
                let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| bare.strip_suffix(end));
                let family = family.filter(|family| types.get(*family).is_some_and(|kind| kind == "histogram"));
                assert!(types.contains_key(family.unwrap_or(bare)), "its type comes first: {line}");
                assert!(series.insert(name.to_owned(), value).is_none(), "told twice: {line}");
            }
        }
        Self { text, series, types }
    }

    /// A series' value, 0 where it has not begun.
    pub fn get(&self, series: &str) -> f64 {
        self.series.get(series).copied().unwrap_or(0.0)
    }

    /// By how much a series has grown.
    pub fn since(&self, before: &Self, series: &str) -> f64 {
        self.get(series) - before.get(series)
    }
}
