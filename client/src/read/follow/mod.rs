//! Entries as they come, over server-sent events: a stream that goes on where it was cut off, so that nothing is missed
//! and nothing comes twice.

mod frames;

use std::time::Duration;

use futures_util::{StreamExt, stream, stream::BoxStream};
use http::{Method, header};
use verbatim_proto::{
    messages::Entry,
    names::{LAST_EVENT_ID, session_stream_path},
};

use self::frames::{Event, Frame, Frames};
use super::{Begin, ReadError, Reader, request::no_token};
use crate::{
    exchange::{Answer, Live, Opened, open},
    failure::Failure,
    paged::place,
    retry::Retries,
};

/// Entries as they come, and then at most one error. It ends without one once the session has ended and all is read.
pub type Following = BoxStream<'static, Result<Followed, ReadError>>;

/// An entry of a stream.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The entry.
    pub entry: Entry,
    /// Where to go on behind it: [`Begin::Cursor`].
    pub cursor: String,
}

/// A stream is cut off after this long without a sign of life; the server gives one every 15 s.
const SILENCE_MAX: Duration = Duration::from_secs(45);

impl Reader {
    /// Follows the session: what there is from `from` on, then every further entry as it is stored, each once and in
    /// chain order. A connection that breaks, or that the server ends, is made again where the last entry left off, after
    /// the delays of the client's [`RetryPolicy`](crate::RetryPolicy); its attempts count anew once the stream has
    /// moved on.
    ///
    /// Line ends between a payload's tokens may come as others than were sent; all else is as it was appended.
    ///
    /// ```no_run
    /// # async fn follow(client: verbatim_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use futures_util::TryStreamExt;
    /// use verbatim_client::{SessionId, read::Begin};
    ///
    /// let reader = client.reader(&SessionId::new("s1")?);
    /// let mut entries = reader.follow(Begin::Tail(10));
    /// while let Some(followed) = entries.try_next().await? {
    ///     println!("{} {}", followed.entry.seq, followed.entry.event_type);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow(&self, from: Begin) -> Following {
        let follow = Follow {
            is_resumed: matches!(from, Begin::Cursor(_)),
            retries: Retries::new(&self.wire.retry),
            reader: self.clone(),
            from,
            next_seq: None,
            entries: 0,
            attempts: 0,
            is_renewed: false,
            connection: None,
            is_ended: false,
        };
        let step = |mut follow: Follow| async move { Ok(follow.next().await?.map(|followed| (followed, follow))) };
        stream::try_unfold(follow, step).boxed()
    }
}

struct Follow {
    reader: Reader,
    from: Begin,
    is_resumed: bool,
    /// The number that the next entry must have, once one was given.
    next_seq: Option<u64>,
    entries: u64,
    retries: Retries,
    attempts: u32,
    is_renewed: bool,
    connection: Option<(Live, Frames)>,
    is_ended: bool,
}

impl Follow {
    async fn next(&mut self) -> Result<Option<Followed>, ReadError> {
        if self.is_ended {
            return Ok(None);
        }
        // The end moves: where it is now is where the stream begins, however often it is asked for.
        if let Begin::Tail(entries) = self.from {
            self.from = Begin::Seq(self.reader.total().await?.saturating_sub(entries));
        }
        loop {
            if self.connection.is_none() {
                self.connection = Some((self.connect().await?, Frames::default()));
            }
            match self.frame().await {
                Ok(Frame::Sign) => self.moved_on(),
                Ok(Frame::Event(event)) if event.name == "end" => {
                    self.is_ended = true;
                    self.connection = None;
                    return Ok(None);
                }
                Ok(Frame::Event(event)) if event.name == "entry" => match self.take(event) {
                    Ok(Some(followed)) => return Ok(Some(followed)),
                    Ok(None) => {}
                    Err(failure) => self.wait(None, failure).await?,
                },
                Ok(Frame::Event(_)) => {}
                Err(failure) => self.wait(None, failure).await?,
            }
        }
    }

    async fn frame(&mut self) -> Result<Frame, Failure> {
        let failed = |message: &str| Failure::local(None, message);
        let Some((live, frames)) = &mut self.connection else { return Err(failed("the stream is not open")) };
        loop {
            match frames.next() {
                Ok(Some(frame)) => return Ok(frame),
                Ok(None) => {}
                Err(_) => return Err(failed("the stream is damaged: a line of it does not end")),
            }
            match live.chunk(SILENCE_MAX).await {
                Ok(Some(chunk)) => frames.push(&chunk),
                Ok(None) => return Err(failed("the server ended the stream for now")),
                Err(lost) => return Err(Failure::lost(&lost, self.attempts)),
            }
        }
    }

    /// The entry of an event; none for one that was given before.
    fn take(&mut self, event: Event) -> Result<Option<Followed>, Failure> {
        let damaged = |why: String| Failure::local(None, format_args!("the stream is damaged: {why}"));
        let entry: Entry = serde_json::from_slice(&event.data).map_err(|error| damaged(place(&error)))?;
        if event.id.is_empty() {
            return Err(damaged("an entry comes without the point to go on from".to_owned()));
        }
        match self.next_seq {
            Some(next) if entry.seq < next => return Ok(None),
            Some(next) if entry.seq > next => return Err(damaged(format!("entry {next} is left out"))),
            _ => {}
        }
        self.next_seq = Some(entry.seq + 1);
        self.from = Begin::Cursor(event.id.clone());
        self.entries += 1;
        self.moved_on();
        Ok(Some(Followed { entry, cursor: event.id }))
    }

    fn moved_on(&mut self) {
        self.retries = Retries::new(&self.reader.wire.retry);
        self.attempts = 0;
        self.is_renewed = false;
    }

    async fn connect(&mut self) -> Result<Live, ReadError> {
        let Reader { wire, credentials, .. } = self.reader.clone();
        loop {
            let token = credentials.current().await.map_err(no_token)?;
            self.attempts += 1;
            let mut url = wire.url(&session_stream_path(self.reader.session()));
            self.from.ask(&mut url);
            let mut request = wire.request(Method::GET, url, &token).header(header::ACCEPT, "text/event-stream");
            if let Begin::Cursor(cursor) = &self.from {
                request = request.header(LAST_EVENT_ID, cursor);
            }
            let answer = match open(request, wire.read_idle_timeout).await {
                Ok(Opened::Live(live)) => return Ok(live),
                Ok(Opened::Refused(answer)) => answer,
                Err(lost) => {
                    self.wait(None, Failure::lost(&lost, self.attempts)).await?;
                    continue;
                }
            };
            let failure = Failure::answered(&answer, self.attempts);
            match answer.status.as_u16() {
                401 if !std::mem::replace(&mut self.is_renewed, true) => {
                    if credentials.renewed(&token).await.map_err(no_token)?.is_none() {
                        return Err(ReadError::NotAllowed(failure.into()));
                    }
                }
                408 | 429 | 500.. => self.wait(answer.retry_after(), failure).await?,
                _ => return Err(self.refused(&answer, failure)),
            }
        }
    }

    fn refused(&self, answer: &Answer, failure: Failure) -> ReadError {
        let failure = Box::new(failure);
        match answer.status.as_u16() {
            401 | 403 => ReadError::NotAllowed(failure),
            404 if self.entries > 0 || self.is_resumed => ReadError::GoneMidway { entries_read: self.entries, failure },
            404 => ReadError::NotFound(failure),
            _ => ReadError::Rejected(failure),
        }
    }

    /// Gives the connection up, and waits before the next.
    async fn wait(&mut self, retry_after: Option<Duration>, failure: Failure) -> Result<(), ReadError> {
        self.connection = None;
        let Some(delay) = self.retries.after_failure(retry_after) else {
            return Err(ReadError::Unavailable(failure.into()));
        };
        let session = self.reader.session();
        tracing::debug!(%session, attempts = self.attempts, ?delay, %failure, "follow again");
        self.reader.wire.sleeper.sleep(delay).await;
        Ok(())
    }
}
