//! What the server does to a request instead of, or after, serving it.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::sync::Semaphore;

/// The steps still to come.
pub(crate) type Script = VecDeque<Step>;

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Step {
    /// It is served.
    Serve,
    /// It is not served; this is answered.
    Answer(Reply),
    /// It is served; something else is answered.
    ServeThenAnswer(Reply),
    /// It is not served; the connection is closed.
    Cut,
    /// It is served; the connection is closed without an answer.
    ServeThenCut,
    /// It is served; the answer's body ends cleanly after so many bytes, with a matching length.
    Shorten(usize),
    /// It is served; the connection is closed after so many bytes of the answer's body.
    CutBody(usize),
    /// Another writer appends this entry just before it is served.
    Intrude(&'static str),
    /// It waits until the hold is released, and is then served.
    Wait(Hold),
}

/// An answer that is written beforehand.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Lets a request wait, and knows when it has arrived.
#[derive(Debug, Clone)]
pub struct Hold {
    arrived: Arc<Semaphore>,
    released: Arc<Semaphore>,
}

impl Step {
    /// An error answer of the contract, with `outcome`.
    pub fn refuse(status: u16, code: &str, outcome: &str) -> Self {
        Self::Answer(Reply::error(status, code, outcome))
    }
}

impl Reply {
    /// An empty answer.
    pub fn new(status: u16) -> Self {
        Self { status: StatusCode::from_u16(status).expect("status"), ..Self::default() }
    }

    /// An error answer of the contract, with `outcome`.
    pub fn error(status: u16, code: &str, outcome: &str) -> Self {
        let body = serde_json::json!({"error": {"type": code, "message": "scripted"}, "outcome": outcome});
        Self::new(status).body(body.to_string()).header("request-id", "scripted-request")
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("header value"));
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

impl Default for Hold {
    fn default() -> Self {
        Self { arrived: Arc::new(Semaphore::new(0)), released: Arc::new(Semaphore::new(0)) }
    }
}

impl Hold {
    /// Returns once the request is there.
    pub async fn arrived(&self) {
        self.arrived.acquire().await.expect("never closed").forget();
    }

    /// Lets the request go on.
    pub fn release(&self) {
        self.released.add_permits(1);
    }

    pub(crate) async fn wait(&self) {
        self.arrived.add_permits(1);
        self.released.acquire().await.expect("never closed").forget();
    }
}
