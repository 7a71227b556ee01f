//! Appends over Verbatim's bare wire: `PUT /v1/session_ingress/session/{id}`.

use std::{io::Write as _, sync::Arc, time::Duration};

use super::{Appender, Chain, Reply};
use crate::{
    engine::Failure,
    target::Target,
    wire::{Answer, Connection},
    workload::Entry,
};

const SESSION_INGRESS: &str = "/v1/session_ingress/session/";
/// How long to wait after an attempt that failed on the way.
const PAUSE: Duration = Duration::from_millis(20);
/// The longest that a server's `Retry-After` is obeyed.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A writer of more chains than this uses the organisation's token for all of them instead of one token a session.
const SESSION_TOKENS_MAX: usize = 64;

/// One connection to a server that speaks Verbatim's protocol.
pub struct VerbatimAppender {
    target: Arc<Target>,
    connection: Option<Connection>,
    /// Tokens of the chains by number, in order; one alone, of number 0, that holds for all.
    tokens: Vec<(usize, Arc<str>)>,
    request: Vec<u8>,
    body: Vec<u8>,
}

impl VerbatimAppender {
    /// Not yet connected.
    pub fn new(target: Arc<Target>) -> Self {
        Self { target, connection: None, tokens: Vec::new(), request: Vec::new(), body: Vec::new() }
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

    fn build(&mut self, chain: &Chain, entry: &Entry) {
        let mut request = std::mem::take(&mut self.request);
        request.clear();
        let mut put = |parts: &[&str]| parts.iter().for_each(|part| request.extend_from_slice(part.as_bytes()));
        put(&["PUT ", SESSION_INGRESS, chain.session.as_str(), " HTTP/1.1\r\nhost: ", &self.target.host]);
        put(&["\r\nauthorization: Bearer ", self.token(chain), "\r\ncontent-type: application/json\r\n"]);
        if let Some(head) = &chain.head {
            put(&["last-uuid: ", head.as_str(), "\r\n"]);
        }
        // Writing to a vector cannot fail.
        let _ = write!(request, "content-length: {}\r\n\r\n", entry.body.len());
        request.extend_from_slice(&entry.body);
        self.request = request;
    }
}

impl Appender for VerbatimAppender {
    async fn prepare(&mut self, chains: &[Chain]) -> Result<(), Failure> {
        let tokens = &self.target.tokens;
        let made: Result<Vec<_>, _> = if chains.len() > SESSION_TOKENS_MAX {
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

    async fn append(&mut self, chain: &Chain, entry: &Entry) -> Result<Reply, Failure> {
        self.build(chain, entry);
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
            _ => Err(refusal(&answer, &self.body)),
        }
    }
}

/// A refusal as a failure: passing where the protocol says that a retry may help (PROTOCOL.md, Errors).
pub fn refusal(answer: &Answer, body: &[u8]) -> Failure {
    match answer.status {
        408 | 429 | 500..=599 => {
            let pause = answer.retry_after_s.map_or(PAUSE, |seconds| PAUSE_MAX.min(Duration::from_secs(seconds)));
            Failure::passing(format!("status {}", answer.status), pause)
        }
        status => {
            let said = String::from_utf8_lossy(&body[..body.len().min(400)]);
            Failure::fatal(format!("the server refuses the work with status {status}: {said}"))
        }
    }
}
