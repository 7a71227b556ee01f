//! The whole route table: which operation a method and path mean. Dispatch, `Allow` and the log all go by it.

use http::Method;

use crate::metrics::RouteMetrics;

/// One operation of the wire contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    /// The process answers.
    Health,
    /// It takes appends.
    Ready,
    /// What the server counts of itself.
    Metrics,
    /// The contract as an OpenAPI document.
    Document,
    /// Append one entry.
    AppendEntry,
    /// Read the whole transcript.
    ReadTranscript,
    /// Where the transcript stands.
    ReadStanding,
    /// One page of the transcript.
    TeleportPage,
    /// One page of a session's entries.
    EntriesPage,
    /// One entry of a session.
    OneEntry,
    /// A session's entries as they come.
    Stream,
    /// Append a batch.
    AppendBatch,
    /// Create a session.
    CreateSession,
    /// List an organisation's sessions.
    ListSessions,
    /// Show a session.
    ShowSession,
    /// Change what is said of a session.
    PatchSession,
    /// Put a session into the bin.
    DeleteSession,
    /// Take a session out of the bin.
    RestoreSession,
    /// Fork a session.
    ForkSession,
    /// Begin a new chain.
    ResetSession,
    /// Take an entry's content away.
    RedactEntry,
    /// The last lines of many sessions.
    PreviewSessions,
    /// What happens to the organisation's sessions.
    Changes,
    /// How much the organisation keeps.
    Usage,
    /// What is set for the organisation.
    ShowSettings,
    /// Set it.
    PatchSettings,
    /// What will go.
    ListExpiring,
}

/// Every route. A `GET` answers `HEAD` as well, unless the table says otherwise.
pub(super) const ROUTES: &[(&str, &[(Method, Operation)])] = &[
    ("/healthz", &[(Method::GET, Operation::Health)]),
    ("/readyz", &[(Method::GET, Operation::Ready)]),
    ("/metrics", &[(Method::GET, Operation::Metrics)]),
    ("/openapi.json", &[(Method::GET, Operation::Document)]),
    (
        "/v1/session_ingress/session/{session_id}",
        &[
            (Method::PUT, Operation::AppendEntry),
            (Method::GET, Operation::ReadTranscript),
            (Method::HEAD, Operation::ReadStanding),
        ],
    ),
    ("/v1/code/sessions/{session_id}/teleport-events", &[(Method::GET, Operation::TeleportPage)]),
    ("/v1/sessions", &[(Method::GET, Operation::ListSessions), (Method::POST, Operation::CreateSession)]),
    // A session may have this name too.
    (
        "/v1/sessions/previews",
        &[
            (Method::POST, Operation::PreviewSessions),
            (Method::GET, Operation::ShowSession),
            (Method::PATCH, Operation::PatchSession),
            (Method::DELETE, Operation::DeleteSession),
        ],
    ),
    (
        "/v1/sessions/{session_id}",
        &[
            (Method::GET, Operation::ShowSession),
            (Method::PATCH, Operation::PatchSession),
            (Method::DELETE, Operation::DeleteSession),
        ],
    ),
    ("/v1/sessions/{session_id}/restore", &[(Method::POST, Operation::RestoreSession)]),
    ("/v1/sessions/{session_id}/fork", &[(Method::POST, Operation::ForkSession)]),
    ("/v1/sessions/{session_id}/reset", &[(Method::POST, Operation::ResetSession)]),
    (
        "/v1/sessions/{session_id}/entries",
        &[(Method::POST, Operation::AppendBatch), (Method::GET, Operation::EntriesPage)],
    ),
    (
        "/v1/sessions/{session_id}/entries/{event_id}",
        &[(Method::GET, Operation::OneEntry), (Method::DELETE, Operation::RedactEntry)],
    ),
    ("/v1/sessions/{session_id}/stream", &[(Method::GET, Operation::Stream)]),
    ("/v1/organization/changes", &[(Method::GET, Operation::Changes)]),
    ("/v1/organization/usage", &[(Method::GET, Operation::Usage)]),
    ("/v1/organization/settings", &[(Method::GET, Operation::ShowSettings), (Method::PATCH, Operation::PatchSettings)]),
    ("/v1/organization/expiring", &[(Method::GET, Operation::ListExpiring)]),
];

/// Whether `pattern` is another one with its places filled in, whose `method` means the same: there for the sake of the
/// path's other methods alone.
pub(super) fn fills_in_another(pattern: &str, method: &Method, operation: Operation) -> bool {
    let is_filled_in = |other: &str| {
        let (parts, of) = (pattern.split('/'), other.split('/'));
        other != pattern
            && parts.clone().count() == of.clone().count()
            && parts.zip(of).all(|(part, of)| part == of || of.starts_with('{'))
    };
    ROUTES.iter().any(|(other, methods)| is_filled_in(other) && methods.contains(&(method.clone(), operation)))
}

/// The table, ready to be asked.
pub(super) struct Table {
    paths: matchit::Router<Path>,
}

/// What one path takes.
pub(super) struct Path {
    /// The path as the table has it: without what differs from call to call.
    pub(super) pattern: &'static str,
    methods: &'static [(Method, Operation)],
    allow: String,
    /// Counts what is asked of it.
    pub(super) metrics: RouteMetrics,
}

impl Table {
    /// Builds the table. Error: two routes of it are in each other's way.
    pub(super) fn new() -> Result<Self, matchit::InsertError> {
        let mut paths = matchit::Router::new();
        for (pattern, methods) in ROUTES {
            paths.insert(
                *pattern,
                Path { pattern, methods, allow: allow(methods), metrics: RouteMetrics::new(pattern) },
            )?;
        }
        Ok(Self { paths })
    }

    /// The path of the table that `path` matches, and what stands in its places.
    pub(super) fn find<'a>(&'a self, path: &'a str) -> Option<matchit::Match<'a, 'a, &'a Path>> {
        self.paths.at(path).ok()
    }
}

impl Path {
    /// What `method` means here.
    pub(super) fn operation(&self, method: &Method) -> Option<Operation> {
        let of = |method| self.methods.iter().find(|(own, _)| own == method).map(|(_, operation)| *operation);
        of(method).or_else(|| if method == Method::HEAD { of(&Method::GET) } else { None })
    }

    /// The methods it takes, as `Allow` lists them (RFC 9110, section 10.2.1).
    pub(super) fn allow(&self) -> &str {
        &self.allow
    }
}

fn allow(methods: &[(Method, Operation)]) -> String {
    let mut names: Vec<_> = methods.iter().map(|(method, _)| method.as_str()).collect();
    if names.contains(&"GET") && !names.contains(&"HEAD") {
        names.push("HEAD");
    }
    names.sort_unstable();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_found_under_its_own_pattern() {
        let table = Table::new().expect("the table is sound");
        for (pattern, methods) in ROUTES {
            let path = pattern.replace("{session_id}", "s-1").replace("{event_id}", "e");
            let found = table.find(&path).expect(pattern);
            assert_eq!(found.value.pattern, *pattern);
            for (method, operation) in *methods {
                assert_eq!(found.value.operation(method), Some(*operation), "{method} {pattern}");
            }
        }
    }

    #[test]
    fn a_get_answers_head_and_nothing_else_is_taken() {
        let table = Table::new().expect("the table is sound");
        let path = table.find("/healthz").expect("a route").value;
        assert_eq!(path.operation(&Method::HEAD), Some(Operation::Health));
        assert_eq!(path.operation(&Method::PUT), None);
        assert_eq!(path.allow(), "GET, HEAD");
        for none in ["/", "", "/healthz/", "/v1/session_ingress/session/", "/v1/session_ingress/session/a/b"] {
            assert!(table.find(none).is_none(), "{none}");
        }
    }
}
