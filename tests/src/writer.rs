//! A writer as agents in the field are: it keeps the head it believes in, adopts the one a 409 names, and sends an entry
//! again until its fate is known.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{sync::watch, time};

use crate::{
    entry::entry,
    history::{History, Outcome},
    session::Session,
    wire::{Answer, Connection},
};

/// Before another attempt where the server is away or busy.
const PAUSE: Duration = Duration::from_millis(5);

/// A writer over the bare wire.
#[derive(Debug)]
pub struct Writer {
    session: Session,
    address: watch::Receiver<SocketAddr>,
    connection: Option<Connection>,
    head: Option<String>,
    history: Arc<History>,
}

impl Writer {
    /// Writes to `session` wherever `address` says that the server is at the time, and records what it sees.
    pub fn new(session: Session, address: watch::Receiver<SocketAddr>, history: Arc<History>) -> Self {
        Self { session, address, connection: None, head: None, history }
    }

    /// Sends one attempt and adopts what head it tells of.
    pub async fn attempt(&mut self, uuid: &str) -> Outcome {
        let last = self.head.clone();
        let begun = self.history.now();
        let outcome = match self.send(last.as_deref(), uuid).await {
            Some(answer) => self.adopt(uuid, &answer),
            None => Outcome::Unknown,
        };
        self.history.append(uuid, last.as_deref(), begun, outcome.clone());
        outcome
    }

    /// Sends the entry until it is acknowledged; gives its seq.
    pub async fn settle(&mut self, uuid: &str) -> u64 {
        loop {
            match self.attempt(uuid).await {
                Outcome::Stored(seq) | Outcome::AlreadyStored(seq) => return seq,
                Outcome::Conflict(_) => {}
                Outcome::NotStored | Outcome::Unknown => time::sleep(PAUSE).await,
            }
        }
    }

    async fn send(&mut self, last: Option<&str>, uuid: &str) -> Option<Answer> {
        let address = *self.address.borrow();
        let call = self.session.at(address).put(last, entry(uuid));
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(address).await.ok()?,
        };
        let answer = connection.send(&call).await.ok()?;
        self.connection = Some(connection);
        Some(answer)
    }

    fn adopt(&mut self, uuid: &str, answer: &Answer) -> Outcome {
        let head = answer.header("x-last-uuid").map(str::to_owned);
        let seq = || answer.json()["seq"].as_u64().expect("a receipt with its seq");
        match answer.status {
            201 => {
                assert_eq!(head.as_deref(), Some(uuid), "x-last-uuid of a 201 is the entry itself");
                self.head = head;
                Outcome::Stored(seq())
            }
            200 => {
                assert!(head.is_some(), "a session with this entry has a head: {answer:?}");
                self.head = head;
                Outcome::AlreadyStored(seq())
            }
            409 => {
                self.head.clone_from(&head);
                Outcome::Conflict(head)
            }
            500..600 if answer.json()["outcome"] == "not_stored" => Outcome::NotStored,
            500..600 => Outcome::Unknown,
            _ => panic!("no answer to a sound append: {answer:?}"),
        }
    }
}
