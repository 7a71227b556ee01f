//! An in-memory server that speaks the three v1 routes to the letter, and the rest as far as the client's tests and doc
//! examples go; and misbehaves on request.
//!
//! For the tests and doc examples of the client: [`Server::start`] gives one that works, [`Server::script`] says what it
//! does instead with the next requests, [`Server::requests`] what it was sent.
#![expect(clippy::expect_used, reason = "a test double: what cannot happen fails the test")]

mod http_side;
mod model;
mod script;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

pub use script::{Hold, Reply, Step};

/// A running server on a free port of 127.0.0.1; it stops when dropped.
pub struct Server {
    url: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    model: model::Model,
    script: script::Script,
    requests: Vec<Request>,
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Path and query.
    pub url: Url,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Server {
    /// Binds a port and serves it on the current runtime.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("bind a free port");
        let url = format!("http://{}", listener.local_addr().expect("local address"));
        let state = Arc::default();
        let task = tokio::spawn(http_side::serve(listener, Arc::clone(&state)));
        Self { url, state, task }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Says what happens to the next requests, one step each; after them it behaves again.
    pub fn script(&self, steps: impl IntoIterator<Item = Step>) {
        self.state().script.extend(steps);
    }

    /// Lets only requests with one of these tokens pass; the others get 401.
    pub fn accept_tokens(&self, tokens: &[&str]) {
        self.state().model.tokens = Some(tokens.iter().map(|token| format!("Bearer {token}")).collect());
    }

    /// Appends as another writer would, whatever the head is.
    pub fn intrude(&self, session: &str, entry: &str) {
        self.state().model.intrude(session, entry.as_bytes());
    }

    /// Every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// A session's entries, as they are stored.
    pub fn entries(&self, session: &str) -> Vec<String> {
        self.state().model.entries(session)
    }

    /// Whether every step of the script has been taken.
    pub fn is_script_done(&self) -> bool {
        self.state().script.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
