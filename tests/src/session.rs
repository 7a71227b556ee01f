//! One session as a test addresses it: its paths, its token, and the requests of the contract.

use std::net::SocketAddr;

use bytes::Bytes;
use serde_json::Value;

use crate::{
    pages::{self, Event},
    tls::Tls,
    wire::{Answer, Call, Connection},
};

/// A session and the token to reach it with.
#[derive(Debug, Clone)]
pub struct Session {
    address: SocketAddr,
    id: String,
    token: String,
    tls: Option<Tls>,
}

impl Session {
    /// The session `id` on the server at `address`.
    pub fn new(address: SocketAddr, id: &str, token: &str) -> Self {
        Self { address, id: id.to_owned(), token: token.to_owned(), tls: None }
    }

    /// The same session, reached over TLS, if there is any.
    #[must_use]
    pub fn over(self, tls: Option<&Tls>) -> Self {
        Self { tls: tls.cloned(), ..self }
    }

    /// The same session, reached elsewhere: through a proxy, or after a restart.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The token in use.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A connection to its server, to send many requests over.
    pub async fn connect(&self) -> Connection {
        Connection::open_over(self.address, self.tls.as_ref()).await.expect("a connection")
    }

    /// The path of append and whole transcript.
    pub fn path(&self) -> String {
        format!("/v1/session_ingress/session/{}", self.id)
    }

    /// The path of the pages.
    pub fn pages_path(&self) -> String {
        format!("/v1/code/sessions/{}/teleport-events", self.id)
    }

    fn call(&self, method: &str, path: &str) -> Call {
        Call::new(self.address, method, path).over(self.tls.as_ref()).bearer(&self.token)
    }

    /// An append.
    pub fn put(&self, last: Option<&str>, body: impl Into<Bytes>) -> Call {
        let call = self.call("PUT", &self.path()).header("content-type", "application/json").body(body);
        match last {
            Some(last) => call.header("last-uuid", last),
            None => call,
        }
    }

    /// A read of the whole transcript; `query` is empty or begins with `?`.
    pub fn get(&self, query: &str) -> Call {
        self.call("GET", &format!("{}{query}", self.path()))
    }

    /// A look at head and length.
    pub fn head(&self) -> Call {
        self.call("HEAD", &self.path())
    }

    /// A page; `query` is empty or begins with `?`.
    pub fn page(&self, query: &str) -> Call {
        self.call("GET", &format!("{}{query}", self.pages_path()))
    }

    /// A read of the session as a resource: `path` is what follows its id.
    pub fn read(&self, path: &str) -> Call {
        self.call("GET", &format!("/v1/sessions/{}{path}", self.id))
    }

    /// Appends.
    pub async fn append(&self, last: Option<&str>, body: impl Into<Bytes>) -> Answer {
        self.put(last, body).send().await
    }

    /// Appends what must be stored; gives the receipt.
    #[track_caller]
    pub fn store(&self, last: Option<&str>, body: impl Into<Bytes>) -> impl Future<Output = Value> {
        let call = self.put(last, body);
        let caller = std::panic::Location::caller();
        async move {
            let answer = call.send().await;
            assert_eq!(answer.status, 201, "at {caller}: {answer:?}");
            answer.json()
        }
    }

    /// Appends a chain of user entries with these uuids, after `last`.
    pub async fn store_all(&self, mut last: Option<&str>, uuids: &[&'static str]) {
        for &uuid in uuids {
            self.store(last, crate::entry::entry(uuid)).await;
            last = Some(uuid);
        }
    }

    /// Head and length, as `HEAD` tells them; `(None, 0)` for an unknown session.
    pub async fn state(&self) -> (Option<String>, u64) {
        let answer = self.head().send().await;
        match answer.status {
            404 => (None, 0),
            _ => {
                let answer = answer.expect(200);
                let count = answer.header("x-entry-count").expect("x-entry-count").parse().expect("a count");
                (answer.header("x-last-uuid").map(str::to_owned), count)
            }
        }
    }

    /// The whole chain, read page by page and checked for what holds of every chain.
    pub async fn chain(&self) -> Vec<Event> {
        pages::read(self, 1000).await
    }

    /// The event ids of the whole chain.
    pub async fn ids(&self) -> Vec<String> {
        self.chain().await.into_iter().map(|event| event.event_id).collect()
    }
}
