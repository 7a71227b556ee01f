//! Everything that can be counted is described, is in the handbook, and comes out as it went in.

use std::{collections::BTreeSet, time::Duration};

use super::{
    catalog::{ALL, Kind},
    exporter::recorder,
    *,
};

const HANDBOOK: &str = include_str!("../../../docs/OPERATING.md");

/// A scrape after each thing that can be counted was counted once.
fn scraped() -> String {
    let recorder = recorder().expect("a recorder");
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        let exporter = Exporter::begun(handle);
        RouteMetrics::new("/a/{b}").answered("PUT", 201, Duration::from_millis(2));
        let appends = AppendMetrics::new(&["full", "closed"]);
        appends.count(AppendOutcome::Stored);
        appends.count(AppendOutcome::NotStored("full"));
        let connections = ConnectionMetrics::default();
        let (_open, closed) = (connections.accepted(), connections.accepted());
        drop(closed);
        let groups = GroupMetrics::default();
        groups.taken(22, 22 * 1024, Duration::from_micros(300));
        groups.decided(Duration::from_micros(40), Lookups { hits: 20, misses: 2 });
        groups.synced(Duration::from_micros(230));
        groups.stored(22, 22 * 1024);
        LookupMetrics::tokens().hit();
        let service = ServiceMetrics::default();
        service.refused();
        service.show(&ServiceFigures {
            session_followers: 3,
            organization_followers: 1,
            budget_used_bytes: 2048,
            budget_bytes: 4096,
            is_ready: true,
        });
        StoreMetrics::default().show(Some(&StoreFigures { log_written_bytes: 7, ..StoreFigures::default() }));
        exporter.render()
    })
}

#[test]
fn every_metric_is_recorded_described_and_in_the_handbook() {
    let text = scraped();
    let of = |prefix: &str| -> BTreeSet<&str> {
        text.lines().filter_map(|line| line.strip_prefix(prefix)?.split(' ').next()).collect()
    };
    let all: BTreeSet<&str> = ALL.iter().map(|metric| metric.name).collect();
    assert_eq!(of("# TYPE "), all, "what is recorded is what the catalogue has");
    assert_eq!(of("# HELP "), all, "and it is described");
    let row = |line: &'static str| line.strip_prefix("| `verbatim_")?.split(['`', '{']).next();
    let told: BTreeSet<String> = HANDBOOK.lines().filter_map(row).map(|name| format!("verbatim_{name}")).collect();
    assert_eq!(told, all.iter().map(|name| (*name).to_owned()).collect(), "docs/OPERATING.md has a row for each");
}

#[test]
fn names_tell_what_prometheus_expects_of_them() {
    for metric in ALL {
        assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
        assert!(metric.name.starts_with("verbatim_"), "{}", metric.name);
        assert!(metric.help.ends_with('.'), "{}", metric.name);
    }
}

#[test]
fn what_is_counted_comes_out() {
    let text = scraped();
    for line in [
        "verbatim_http_requests_total{route=\"/a/{b}\",method=\"PUT\",status=\"201\"} 1",
        "verbatim_http_request_duration_seconds_bucket{route=\"/a/{b}\",method=\"PUT\",le=\"0.001\"} 0",
        "verbatim_http_request_duration_seconds_bucket{route=\"/a/{b}\",method=\"PUT\",le=\"0.0025\"} 1",
        "verbatim_appends_total{outcome=\"stored\"} 1",
        "verbatim_appends_total{outcome=\"conflict\"} 0",
        "verbatim_appends_total{outcome=\"not_stored\",cause=\"full\"} 1",
        "verbatim_connections 1",
        "verbatim_connections_accepted_total 2",
        "verbatim_group_appends_bucket{le=\"16\"} 0",
        "verbatim_group_appends_sum 22",
        "verbatim_head_cache_lookups_total{result=\"hit\"} 20",
        "verbatim_followers{of=\"session\"} 3",
        "verbatim_rocksdb_written_bytes_total{by=\"wal\"} 7",
        "verbatim_ready 1",
    ] {
        assert!(text.lines().any(|own| own == line), "{line} is not in\n{text}");
    }
}
