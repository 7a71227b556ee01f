//! The ways in to a Verbatim server: the bare wire, a plain hyper client, or the client crate.
//!
//! The bare wire costs least and so leaves the machine to the server; the others tell what a program pays that does
//! not write its own HTTP.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode, Uri,
    client::conn::http1::{self, SendRequest},
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use verbatim_client::{AppendError, Client, RetryPolicy, SessionWriter};
use verbatim_proto::{EntryUuid, names};

use super::{Appender, Chain, Reply, wire::WireAppender};
use crate::{engine::Failure, target::Target, workload::Entry};

const PAUSE: Duration = Duration::from_millis(20);

/// Which way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Through {
    /// Bare HTTP/1.1, the cheapest there is
    Wire,
    /// A plain hyper HTTP/1.1 client
    Hyper,
    /// The client crate, with its queue and its retries
    Client,
}

/// An appender for each way in.
pub enum AnyAppender {
    /// [`Through::Wire`].
    Wire(WireAppender),
    /// [`Through::Hyper`].
    Hyper(HyperAppender),
    /// [`Through::Client`].
    Client(ClientAppender),
}

impl AnyAppender {
    /// Not yet connected. `batches`: more than one entry at a time will be sent.
    pub fn new(through: Through, target: Arc<Target>, batches: bool) -> Self {
        match through {
            Through::Wire => Self::Wire(WireAppender::new(target, batches)),
            Through::Hyper => Self::Hyper(HyperAppender { target, requests: Vec::new(), sender: None }),
            Through::Client => Self::Client(ClientAppender { target, writers: Vec::new() }),
        }
    }
}

impl Appender for AnyAppender {
    async fn prepare(&mut self, chains: &[Chain]) -> Result<(), Failure> {
        match self {
            Self::Wire(appender) => appender.prepare(chains).await,
            Self::Hyper(appender) => appender.prepare(chains).await,
            Self::Client(appender) => appender.prepare(chains).await,
        }
    }

    async fn append(&mut self, chain: &Chain, entries: &[Entry]) -> Result<Reply, Failure> {
        match (self, entries) {
            (Self::Wire(appender), entries) => appender.append(chain, entries).await,
            (Self::Hyper(appender), [entry]) => appender.append(chain, entry).await,
            (Self::Client(appender), [entry]) => appender.append(chain, entry).await,
            _ => Err(Failure::fatal("batches go through the bare wire alone; leave --through out")),
        }
    }
}

/// One connection of a plain hyper client.
pub struct HyperAppender {
    target: Arc<Target>,
    /// For each chain, by number: where it goes and with which token.
    requests: Vec<(usize, Uri, HeaderValue)>,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl HyperAppender {
    async fn prepare(&mut self, chains: &[Chain]) -> Result<(), Failure> {
        for chain in chains {
            let token = token(&self.target, chain)?;
            let uri = names::session_ingress_path(&chain.session).parse();
            let uri = uri.map_err(|_| Failure::fatal("a session's path is no URI"))?;
            let header = HeaderValue::try_from(format!("Bearer {token}"));
            let header = header.map_err(|_| Failure::fatal("the token does not fit a header"))?;
            self.requests.push((chain.number, uri, header));
        }
        self.requests.sort_unstable_by_key(|(number, ..)| *number);
        let sender = self.connected().await.map_err(|failure| Failure::fatal(failure.kind))?;
        self.sender = Some(sender);
        Ok(())
    }

    async fn connected(&mut self) -> Result<SendRequest<Full<Bytes>>, Failure> {
        if let Some(sender) = self.sender.take().filter(|sender| !sender.is_closed()) {
            return Ok(sender);
        }
        let failed = |error: &dyn std::fmt::Display| Failure::passing(format!("connect: {error}"), PAUSE);
        let stream = TcpStream::connect(self.target.address).await.map_err(|error| failed(&error.kind()))?;
        stream.set_nodelay(true).map_err(|error| failed(&error.kind()))?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
        tokio::task::spawn_local(async move { drop(connection.await) });
        Ok(sender)
    }

    async fn append(&mut self, chain: &Chain, entry: &Entry) -> Result<Reply, Failure> {
        let mut sender = self.connected().await?;
        let at = self.requests.binary_search_by_key(&chain.number, |(number, ..)| *number).unwrap_or(0);
        let (_, uri, token) = &self.requests[at];
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(&entry.body)));
        *request.method_mut() = Method::PUT;
        *request.uri_mut() = uri.clone();
        let value = |text: &str| HeaderValue::try_from(text).map_err(|_| Failure::fatal("a header out of form"));
        let headers = request.headers_mut();
        headers.insert(HOST, value(&self.target.host)?);
        headers.insert(AUTHORIZATION, token.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(head) = &chain.head {
            headers.insert(names::LAST_UUID, value(head.as_str())?);
        }
        let broken = |error: hyper::Error| Failure::passing(error.to_string(), PAUSE);
        let answer = sender.send_request(request).await.map_err(broken)?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(broken)?.to_bytes();
        self.sender = Some(sender);
        match parts.status {
            StatusCode::OK | StatusCode::CREATED => Ok(Reply::Stored),
            StatusCode::CONFLICT => {
                let head = parts.headers.get(names::X_LAST_UUID).and_then(|head| head.to_str().ok());
                Ok(Reply::Conflict(head.and_then(|head| EntryUuid::new(head).ok())))
            }
            status => Err(super::wire::refusal(status.as_u16(), None, &body)),
        }
    }
}

/// One client of the client crate, with a writer for each chain.
pub struct ClientAppender {
    target: Arc<Target>,
    writers: Vec<(usize, SessionWriter)>,
}

impl ClientAppender {
    async fn prepare(&mut self, chains: &[Chain]) -> Result<(), Failure> {
        let url = format!("http://{}", self.target.host);
        for chain in chains {
            let builder = Client::builder(&url).token(&token(&self.target, chain)?).retry(RetryPolicy::default());
            let client = builder.build().map_err(|error| Failure::fatal(error.to_string()))?;
            self.writers.push((chain.number, client.session(&chain.session)));
        }
        self.writers.sort_unstable_by_key(|(number, _)| *number);
        Ok(())
    }

    async fn append(&mut self, chain: &Chain, entry: &Entry) -> Result<Reply, Failure> {
        let at = self.writers.binary_search_by_key(&chain.number, |(number, _)| *number).unwrap_or(0);
        match self.writers[at].1.append(Bytes::copy_from_slice(&entry.body)).await {
            Ok(_) => Ok(Reply::Stored),
            Err(AppendError::OutcomeUnknown(_)) => Err(Failure::passing("outcome unknown", PAUSE)),
            Err(error) => Err(Failure::fatal(error.to_string())),
        }
    }
}

fn token(target: &Target, chain: &Chain) -> Result<Arc<str>, Failure> {
    target.tokens.for_session(&chain.session).map_err(|error| Failure::fatal(error.to_string()))
}
