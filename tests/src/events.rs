//! A reader of server-sent events, written from the HTML Standard, section 9.2.6.

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;

use crate::{
    wait::within,
    wire::{Call, Connection},
};

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// The last `id:` seen, where there was one.
    pub id: Option<String>,
    /// `event:`.
    pub name: String,
    /// The `data:` lines, joined.
    pub data: String,
}

impl Event {
    /// The data as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }
}

/// What a stream says.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// An event.
    Event(Event),
    /// A comment.
    Comment(String),
    /// The end, which came as one.
    End,
    /// The connection was cut.
    Cut,
}

/// A stream of events, being read.
#[derive(Debug)]
pub struct Events {
    /// The headers of the answer.
    pub headers: HeaderMap,
    body: Incoming,
    unread: Vec<u8>,
    event: Event,
    /// Held so that the connection lives.
    _connection: Connection,
}

impl Events {
    /// Opens the stream over a connection of its own. Panics where there is none.
    pub async fn open(call: &Call) -> Self {
        match Self::attempt(call).await {
            Some(events) => events,
            None => panic!("no answer to {call:?}"),
        }
    }

    /// Opens the stream, if the server is there.
    pub async fn attempt(call: &Call) -> Option<Self> {
        let mut connection = call.connect().await.ok()?;
        let (head, body) = within("the head of a stream", connection.begin(call)).await.ok()?.into_parts();
        if head.status == 503 {
            return None;
        }
        assert_eq!(head.status, 200, "{call:?}");
        assert_eq!(head.headers["content-type"], "text/event-stream");
        Some(Self { headers: head.headers, body, unread: Vec::new(), event: Event::default(), _connection: connection })
    }

    /// What the stream says next.
    pub async fn said(&mut self) -> Said {
        loop {
            while let Some(line) = self.line() {
                if let Some(said) = self.take(&line) {
                    return said;
                }
            }
            match within("a stream to say something", self.body.frame()).await {
                Some(Ok(frame)) => self.unread.extend(frame.into_data().unwrap_or_else(|_| Bytes::new())),
                Some(Err(_)) => return Said::Cut,
                None => return Said::End,
            }
        }
    }

    /// The next event; `None` once the stream has ended, in whatever way. Comments are passed over.
    pub async fn next(&mut self) -> Option<Event> {
        // A stream that only says that it is alive does not get on.
        let next = async {
            loop {
                match self.said().await {
                    Said::Event(event) => return Some(event),
                    Said::Comment(_) => {}
                    Said::End | Said::Cut => return None,
                }
            }
        };
        within("an event", next).await
    }

    /// The `event_id`s of the next `count` entries.
    pub async fn ids(&mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        while ids.len() < count {
            let event = self.next().await.expect("the stream to go on");
            assert_eq!(event.name, "entry", "{event:?}");
            ids.push(event.json()["event_id"].as_str().expect("an event_id").to_owned());
        }
        ids
    }

    /// A line, if all of it is there. It ends at LF, CR LF or CR.
    fn line(&mut self) -> Option<String> {
        let end = self.unread.iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
        let next = match self.unread[end..] {
            // Whether an LF follows is not known yet.
            [b'\r'] => return None,
            [b'\r', b'\n', ..] => end + 2,
            _ => end + 1,
        };
        let line = String::from_utf8(self.unread[..end].to_vec()).expect("UTF-8");
        self.unread.drain(..next);
        Some(line)
    }

    fn take(&mut self, line: &str) -> Option<Said> {
        if line.is_empty() {
            let event = Event { id: self.event.id.clone(), ..Event::default() };
            let mut event = std::mem::replace(&mut self.event, event);
            if event.data.is_empty() {
                return None;
            }
            event.data.truncate(event.data.len() - 1);
            return Some(Said::Event(event));
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" => return Some(Said::Comment(value.to_owned())),
            "id" => self.event.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                self.event.data.push_str(value);
                self.event.data.push('\n');
            }
            "retry" => assert!(value.bytes().all(|byte| byte.is_ascii_digit()), "{line}"),
            _ => panic!("a field that clients do not know: {line}"),
        }
        None
    }
}
