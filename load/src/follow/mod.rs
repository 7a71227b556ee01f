//! Live followers: many readers of `GET /v1/sessions/{id}/stream`, and how long an entry takes to reach them.

pub mod command;
pub mod events;

use std::{sync::Arc, time::Instant};

use events::Events;
use verbatim_proto::SessionId;

use crate::{
    engine::{Agent, Done, Failure, Group, Lane, Window},
    read::Stored,
    target::Target,
    wire::{Answer, Connection},
    workload::clock,
};

const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// Followers of `sessions` in turn; each entry that reaches one is one operation, begun when it was sent.
pub fn group(target: &Arc<Target>, sessions: &Arc<[Stored]>, followers: usize) -> Group {
    let (target, sessions) = (Arc::clone(target), Arc::clone(sessions));
    Group::custom("follow", followers, None, move |index, lane| {
        let stored = &sessions[index % sessions.len()];
        let follower = Follower::new(Arc::clone(&target), stored.session.clone(), stored.entries.unwrap_or(0));
        Box::pin(follower.follow(lane))
    })
}

struct Follower {
    target: Arc<Target>,
    session: SessionId,
    token: Arc<str>,
    open: Option<(Connection, Answer)>,
    events: Events,
}

impl Follower {
    fn new(target: Arc<Target>, session: SessionId, from_seq: u64) -> Self {
        Self { target, session, token: "".into(), open: None, events: Events::from_seq(from_seq) }
    }

    async fn follow(mut self, mut lane: Lane) {
        let Some((_, window)) = lane.ready(&mut self).await else { return };
        while Instant::now() < window.end && !lane.aborted() {
            if let Err(failure) = self.read_on(&lane, &window).await {
                lane.failed(&window, Instant::now(), &failure).await;
            }
        }
    }

    /// Reads until the stream ends or the window does; then, or after a failure, a next call goes on where it stood.
    async fn read_on(&mut self, lane: &Lane, window: &Window) -> Result<(), Failure> {
        let (mut connection, mut answer) = match self.open.take() {
            Some(open) => open,
            None => self.connect().await?,
        };
        let end = lane.pacer.until(window.end);
        tokio::pin!(end);
        loop {
            let more = tokio::select! {
                more = connection.part(&mut answer, &mut self.events) => more,
                () = &mut end => return Ok(()),
            };
            let more = more.map_err(|error| Failure::passing(error.to_string(), PAUSE))?;
            let now = Instant::now();
            for arrival in self.events.arrivals() {
                let sent = arrival.sent_ns.map_or(now, clock::at);
                lane.done(window, sent, now, &Done { entries: 1, bytes: arrival.bytes, ..Done::default() });
            }
            if let Some(wrong) = self.events.wrong() {
                return Err(Failure::fatal(format!("{}: {wrong}", self.session)));
            }
            if !more {
                return Err(Failure::passing("stream ended by the server", PAUSE));
            }
        }
    }

    async fn connect(&mut self) -> Result<(Connection, Answer), Failure> {
        let Self { target, session, token, .. } = self;
        let broken = |error: &dyn std::fmt::Display| Failure::passing(format!("connect: {error}"), PAUSE);
        let mut connection = Connection::open(target.address).await.map_err(|error| broken(&error.kind()))?;
        let (query, resume) = match self.events.last_id() {
            Some(id) => (String::new(), format!("last-event-id: {id}\r\n")),
            None => (format!("?from_seq={}", self.events.next_seq()), String::new()),
        };
        let request = format!(
            "GET /v1/sessions/{session}/stream{query} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
             accept: text/event-stream\r\n{resume}\r\n",
            target.host
        );
        connection.send(request.as_bytes()).await.map_err(|error| broken(&error))?;
        let mut answer = connection.head().await.map_err(|error| broken(&error))?;
        if answer.status == 200 {
            self.events.begin();
            return Ok((connection, answer));
        }
        let mut body = Vec::new();
        connection.body(&mut answer, &mut body).await.map_err(|error| broken(&error))?;
        Err(crate::append::wire::refusal(answer.status, answer.retry_after_s, &body))
    }
}

impl Agent for Follower {
    async fn prepare(&mut self) -> Result<(), Failure> {
        let token = self.target.tokens.for_session(&self.session);
        self.token = token.map_err(|error| Failure::fatal(error.to_string()))?;
        self.open = Some(self.connect().await?);
        Ok(())
    }

    async fn operate(&mut self) -> Result<Done, Failure> {
        Err(Failure::fatal("a follower is driven by what arrives"))
    }
}
