//! Appends over the bare wire: `PUT /v1/session_ingress/session/{id}`, and batches to `POST /v1/sessions/{id}/entries`.

use std::{io::Write as _, sync::Arc, time::Duration};

use super::{Appender, Chain, Reply};
use crate::{engine::Failure, target::Target, wire::Connection, workload::Entry};

const SESSION_INGRESS: &str = "/v1/session_ingress/session/";
const SESSIONS: &str = "/v1/sessions/";
/// How long to wait after an attempt that failed on the way.
const PAUSE: Duration = Duration::from_millis(20);
/// The longest that a server's `Retry-After` is obeyed.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A writer of more chains than this uses the organisation's token for all of them instead of one token a session.
const SESSION_TOKENS_MAX: usize = 64;

/// One connection to a server that speaks Verbatim's protocol.
pub struct WireAppender {
    target: Arc<Target>,
    /// Batches are refused to session tokens.
    batches: bool,
    connection: Option<Connection>,
    /// Tokens of the chains by number, in order; one alone, of number 0, that holds for all.
    tokens: Vec<(usize, Arc<str>)>,
    request: Vec<u8>,
    body: Vec<u8>,
}

impl WireAppender {
    /// Not yet connected. `batches`: more than one entry at a time will be sent.
    pub fn new(target: Arc<Target>, batches: bool) -> Self {
        Self { target, batches, connection: None, tokens: Vec::new(), request: Vec::new(), body: Vec::new() }
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    async fn connected(&mut self) -> Result<Connection, Failure> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => Connection::open(self.target.address)
                .await
                .map_err(|error| Failure::passing(format!("connect: {}", error.kind()), PAUSE)),
        }
    }

    fn token(&self, chain: &Chain) -> &str {
        let at = self.tokens.binary_search_by_key(&chain.number, |(number, _)| *number).unwrap_or(0);
        self.tokens.get(at).map_or("", |(_, token)| token)
    }

    fn build(&mut self, chain: &Chain, entries: &[Entry]) {
        let mut request = std::mem::take(&mut self.request);
        request.clear();
        let mut put = |parts: &[&str]| parts.iter().for_each(|part| request.extend_from_slice(part.as_bytes()));
        let session = chain.session.as_str();
        let (length, media_type) = match entries {
            [entry] => {
                put(&["PUT ", SESSION_INGRESS, session]);
                (entry.body.len(), "application/json")
            }
            batch => {
                put(&["POST ", SESSIONS, session, "/entries"]);
                (batch.iter().map(|entry| entry.body.len() + 1).sum(), "application/x-ndjson")
            }
        };
        put(&[" HTTP/1.1\r\nhost: ", &self.target.host, "\r\nauthorization: Bearer ", self.token(chain)]);
        put(&["\r\ncontent-type: ", media_type, "\r\n"]);
        if let Some(head) = &chain.head {
            put(&["last-uuid: ", head.as_str(), "\r\n"]);
        }
        // Writing to a vector cannot fail.
        let _ = write!(request, "content-length: {length}\r\n\r\n");
        for entry in entries {
            request.extend_from_slice(&entry.body);
            if entries.len() > 1 {
                request.push(b'\n');
            }
        }
        self.request = request;
    }
}

impl Appender for WireAppender {
    async fn prepare(&mut self, chains: &[Chain]) -> Result<(), Failure> {
        let tokens = &self.target.tokens;
        let made: Result<Vec<_>, _> = if self.batches || chains.len() > SESSION_TOKENS_MAX {
            tokens.for_organization().map(|token| vec![(0, token)])
        } else {
            chains.iter().map(|chain| Ok((chain.number, tokens.for_session(&chain.session)?))).collect()
        };
        self.tokens = made.map_err(|error| Failure::fatal(error.to_string()))?;
        self.tokens.sort_unstable_by_key(|(number, _)| *number);
        let connection = self.connected().await.map_err(|failure| {
            let Target { name, address, .. } = &*self.target;
            Failure::fatal(format!("{name} at {address} cannot be reached ({}); is it running?", failure.kind))
        })?;
        self.connection = Some(connection);
        Ok(())
    }

    async fn append(&mut self, chain: &Chain, entries: &[Entry]) -> Result<Reply, Failure> {
        self.build(chain, entries);
        let mut connection = self.connected().await?;
        self.body.clear();
        let (answer, _) = connection
            .call(&self.request, &mut self.body)
            .await
            .map_err(|error| Failure::passing(error.to_string(), PAUSE))?;
        if !answer.closes {
            self.connection = Some(connection);
        }
        match answer.status {
            200 | 201 => Ok(Reply::Stored),
            409 => Ok(Reply::Conflict(answer.last_uuid)),
            status => Err(refusal(status, answer.retry_after_s, &self.body)),
        }
    }
}

/// A refusal as a failure: passing where the protocol says that a retry may help (PROTOCOL.md, Errors).
pub fn refusal(status: u16, retry_after_s: Option<u64>, body: &[u8]) -> Failure {
    match status {
        408 | 429 | 500..=599 => {
            let pause = retry_after_s.map_or(PAUSE, |seconds| PAUSE_MAX.min(Duration::from_secs(seconds)));
            Failure::passing(format!("status {status}"), pause)
        }
        _ => {
            let said = String::from_utf8_lossy(&body[..body.len().min(400)]);
            Failure::fatal(format!("the server refuses the work with status {status}: {said}"))
        }
    }
}
