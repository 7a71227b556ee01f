//! What the peers that speak HTTP share: one bare connection each, and a place in each chain that is counted here.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::process::Place;
use crate::{
    engine::Failure,
    wire::{Answer, Connection},
};

/// How long to wait after an attempt that failed on the way.
pub(super) const PAUSE: Duration = Duration::from_millis(20);

/// A connection that is opened again when it breaks, and how many entries each chain has as far as is known.
pub(super) struct HttpPeer {
    place: Arc<Place>,
    connection: Option<Connection>,
    /// The last answer's body.
    pub(super) body: Vec<u8>,
    /// By the chain's number.
    pub(super) lengths: HashMap<usize, u64>,
}

impl HttpPeer {
    pub(super) fn new(place: Arc<Place>) -> Self {
        Self { place, connection: None, body: Vec::new(), lengths: HashMap::new() }
    }

    /// What the `host` header says.
    pub(super) fn host(&self) -> String {
        self.place.address.to_string()
    }

    pub(super) async fn call(&mut self, request: &[u8]) -> Result<Answer, Failure> {
        let broken = |error: crate::wire::WireError| Failure::passing(error.to_string(), PAUSE);
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.place.address).await.map_err(|error| broken(error.into()))?,
        };
        self.body.clear();
        let (answer, _) = connection.call(request, &mut self.body).await.map_err(broken)?;
        if !answer.closes {
            self.connection = Some(connection);
        }
        Ok(answer)
    }

    /// What the peer said, for a failure's message.
    pub(super) fn said(&self, status: u16) -> String {
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(300)]);
        format!("{} answers {status}: {body}", self.place.name)
    }
}
