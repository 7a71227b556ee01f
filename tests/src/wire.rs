//! The independent wire client: one request over hyper's bare connections, and the answer as it came.

use std::{convert::Infallible, fmt, net::SocketAddr};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Empty, Full, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;

use crate::{
    tls::{self, Tls},
    wait::within,
};

type Body = BoxBody<Bytes, Infallible>;

/// A request in the making.
#[derive(Debug, Clone)]
pub struct Call {
    address: SocketAddr,
    method: String,
    path: String,
    headers: HeaderMap,
    body: Vec<Bytes>,
    chunked: bool,
    tls: Option<Tls>,
}

impl Call {
    /// A request with no headers of its own and no body.
    pub fn new(address: SocketAddr, method: &str, path: &str) -> Self {
        let (method, path) = (method.to_owned(), path.to_owned());
        Self { address, method, path, headers: HeaderMap::new(), body: Vec::new(), chunked: false, tls: None }
    }

    /// Adds a header, beside those of the same name.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        self.headers.append(name, HeaderValue::from_bytes(value.as_ref()).expect("a header value"));
        self
    }

    /// Takes a header away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// Replaces a header.
    #[must_use]
    pub fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).header(name, value)
    }

    /// The same request with another method.
    #[must_use]
    pub fn method(self, method: &str) -> Self {
        Self { method: method.to_owned(), ..self }
    }

    /// `Authorization: Bearer TOKEN`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.with("authorization", format!("Bearer {token}"))
    }

    /// A body of known length.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        (self.body, self.chunked) = (vec![body.into()], false);
        self
    }

    /// A body whose length is not said beforehand.
    #[must_use]
    pub fn chunked(mut self, chunks: Vec<Bytes>) -> Self {
        (self.body, self.chunked) = (chunks, true);
        self
    }

    /// Goes over TLS, if there is any.
    #[must_use]
    pub fn over(mut self, tls: Option<&Tls>) -> Self {
        self.tls = tls.cloned();
        self
    }

    /// Sends it over a connection of its own. Panics where no answer comes.
    pub async fn send(&self) -> Answer {
        match self.attempt().await {
            Ok(answer) => answer,
            Err(error) => panic!("{} {}: no answer: {error}", self.method, self.path),
        }
    }

    /// Sends it over a connection of its own.
    pub async fn attempt(&self) -> Result<Answer, Lost> {
        self.connect().await?.send(self).await
    }

    /// A connection to where it would be sent.
    pub async fn connect(&self) -> Result<Connection, Lost> {
        Connection::open_over(self.address, self.tls.as_ref()).await
    }

    fn request(&self, http2: bool) -> Request<Body> {
        let uri = if http2 { format!("http://{}{}", self.address, self.path) } else { self.path.clone() };
        let body = match (self.chunked, &self.body[..]) {
            (true, chunks) => {
                let frames: Vec<_> =
                    chunks.iter().cloned().map(|chunk| Ok::<_, Infallible>(Frame::data(chunk))).collect();
                StreamBody::new(stream::iter(frames)).boxed()
            }
            (false, [body]) => Full::new(body.clone()).boxed(),
            (false, _) => Empty::new().boxed(),
        };
        let mut request = Request::builder().method(self.method.as_str()).uri(uri).body(body).expect("a request");
        *request.headers_mut() = self.headers.clone();
        if !http2 {
            let host = HeaderValue::from_str(&self.address.to_string()).expect("a host");
            request.headers_mut().entry("host").or_insert(host);
        }
        request
    }
}

/// The connection ended before the answer did: what became of the request is not known.
#[derive(Debug)]
pub struct Lost(String);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Lost {
    fn from(error: E) -> Self {
        Self(format!("{error} ({:?})", error.source().map(ToString::to_string)))
    }
}

/// One connection, kept open from request to request.
#[derive(Debug)]
pub struct Connection(Sender);

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Connection {
    /// Speaks HTTP/1.1.
    pub async fn open(address: SocketAddr) -> Result<Self, Lost> {
        Self::open_over(address, None).await
    }

    /// Speaks what was agreed on under TLS, or HTTP/1.1.
    pub async fn open_over(address: SocketAddr, tls: Option<&Tls>) -> Result<Self, Lost> {
        let socket = tls::socket(address, tls).await?;
        if tls::protocol(&socket) == Some(b"h2") {
            return Self::http2(socket).await;
        }
        let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        Ok(Self(Sender::Http1(sender)))
    }

    /// Speaks HTTP/2 from the first byte on (RFC 9113, section 3.3).
    pub async fn open_http2(address: SocketAddr) -> Result<Self, Lost> {
        Self::http2(tls::socket(address, None).await?).await
    }

    async fn http2(socket: tls::Socket) -> Result<Self, Lost> {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        Ok(Self(Sender::Http2(sender)))
    }

    /// Whether it speaks HTTP/2.
    pub fn is_http2(&self) -> bool {
        matches!(self.0, Sender::Http2(_))
    }

    /// Sends one request, whatever address it names, and reads the whole answer.
    pub async fn send(&mut self, call: &Call) -> Result<Answer, Lost> {
        let exchange = async {
            let (head, body) = self.begin(call).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
        };
        within(&format!("an answer to {} {}", call.method, call.path), exchange).await
    }

    /// Sends one request and gives the answer's head, the body still to come.
    pub async fn begin(&mut self, call: &Call) -> Result<http::Response<Incoming>, Lost> {
        Ok(match &mut self.0 {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(call.request(false)).await?
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(call.request(true)).await?
            }
        })
    }
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Bytes,
}

impl Answer {
    /// A header's one value; `None` where it is absent. Panics where it came twice.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().expect("a header of visible ASCII"));
        assert!(values.next().is_none(), "{name} came twice: {self:?}");
        value
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{} with a body that is not JSON ({error}): {:?}", self.status, self.body),
        }
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The `type` of an error answer.
    #[track_caller]
    pub fn error_type(&self) -> String {
        let json = self.json();
        json["error"]["type"].as_str().unwrap_or_else(|| panic!("no error.type in {json}")).to_owned()
    }

    /// Itself, after a look at the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:?} {:?}", self.headers, String::from_utf8_lossy(&self.body));
        self
    }
}
