//! Requests by route, method and status. Routes come from the table, and methods and statuses from lists, so that no
//! caller can make up a new series.

use std::{sync::OnceLock, time::Duration};

use metrics::{Counter, Histogram};

use super::catalog::{HTTP_REQUESTS, HTTP_SECONDS};

const METHODS: [&str; 7] = ["PUT", "GET", "POST", "HEAD", "PATCH", "DELETE", "other"];
/// The most frequent first, as they are searched in this order. The last stands for all others.
const STATUSES: [(u16, &str); 19] = [
    (201, "201"),
    (200, "200"),
    (409, "409"),
    (400, "400"),
    (401, "401"),
    (403, "403"),
    (404, "404"),
    (405, "405"),
    (408, "408"),
    (410, "410"),
    (412, "412"),
    (413, "413"),
    (415, "415"),
    (422, "422"),
    (429, "429"),
    (500, "500"),
    (503, "503"),
    (304, "304"),
    (0, "other"),
];

/// Counts the requests for one path of the table.
pub struct RouteMetrics {
    route: &'static str,
    methods: [OnceLock<MethodMetrics>; METHODS.len()],
}

/// Made when the first such request comes.
struct MethodMetrics {
    seconds: Histogram,
    statuses: [OnceLock<Counter>; STATUSES.len()],
}

impl RouteMetrics {
    /// Of the path that the table has as `route`.
    pub fn new(route: &'static str) -> Self {
        Self { route, methods: Default::default() }
    }

    /// Counts a request.
    pub fn answered(&self, method: &str, status: u16, time: Duration) {
        let (at, method) = place(&METHODS, |own| *own == method);
        let metrics = self.methods[at].get_or_init(|| MethodMetrics {
            seconds: HTTP_SECONDS.histogram(&[("route", self.route), ("method", *method)]),
            statuses: Default::default(),
        });
        let (at, (_, status)) = place(&STATUSES, |(own, _)| *own == status);
        let counter = metrics.statuses[at]
            .get_or_init(|| HTTP_REQUESTS.counter(&[("route", self.route), ("method", *method), ("status", *status)]));
        counter.increment(1);
        metrics.seconds.record(time);
    }
}

/// The item that is looked for, or the last one.
fn place<T>(items: &'static [T], is: impl Fn(&T) -> bool) -> (usize, &'static T) {
    let at = items.iter().position(is).unwrap_or(items.len() - 1);
    (at, &items[at])
}
