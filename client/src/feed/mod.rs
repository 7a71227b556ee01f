//! Server-sent events that never end: a stream that goes on where it was cut off, so that nothing is missed. What the
//! events are is their feed's business.

mod frames;

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream, stream::BoxStream};
use http::{Method, header};
use url::Url;
use verbatim_proto::names::LAST_EVENT_ID;

use self::frames::{Event, Frame, Frames};
use crate::{
    exchange::{Answer, Live, Opened, open},
    failure::Failure,
    read::{ReadError, request::no_token},
    retry::Retries,
    token::Credentials,
    wire::Wire,
};

/// A stream is cut off after this long without a sign of life; the server gives one every 15 s.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// What a stream is of.
pub(crate) trait Feed: Send + 'static {
    /// What it gives.
    type Item: Send;
    /// What its events are called.
    const EVENT: &'static str;
    /// Whether what is followed can go away.
    const MAY_GO: bool;

    /// Settles where the stream begins, where that moves on. It is asked once.
    fn begin(&mut self) -> impl Future<Output = Result<Begun<Self::Item>, ReadError>> + Send;

    /// Where to ask for the stream; once it `is_resumed`, without saying where it begins.
    fn url(&self, is_resumed: bool) -> Url;

    /// The item of an event, whose `cursor` is the point to go on from; none for one that was given before. Error: what is
    /// wrong with it.
    fn take(&mut self, data: &[u8], cursor: &str) -> Result<Option<Self::Item>, String>;
}

/// Where a stream begins.
pub(crate) struct Begun<T> {
    /// What was learnt of it on the way.
    pub(crate) first: Option<T>,
    /// The point to resume from, where there is one already.
    pub(crate) cursor: Option<String>,
}

/// A feed that is followed.
pub(crate) struct Follow<F> {
    wire: Arc<Wire>,
    credentials: Arc<Credentials>,
    feed: F,
    has_begun: bool,
    /// The point to resume from.
    cursor: Option<String>,
    items: u64,
    retries: Retries,
    attempts: u32,
    is_renewed: bool,
    connection: Option<(Live, Frames)>,
    is_ended: bool,
}

impl<F: Feed> Follow<F> {
    pub(crate) fn new(wire: Arc<Wire>, credentials: Arc<Credentials>, feed: F) -> Self {
        Self {
            retries: Retries::new(&wire.retry),
            wire,
            credentials,
            feed,
            has_begun: false,
            cursor: None,
            items: 0,
            attempts: 0,
            is_renewed: false,
            connection: None,
            is_ended: false,
        }
    }

    /// The items, and then at most one error.
    pub(crate) fn stream(self) -> BoxStream<'static, Result<F::Item, ReadError>> {
        let step = |mut follow: Self| async move { Ok(follow.next().await?.map(|item| (item, follow))) };
        stream::try_unfold(self, step).boxed()
    }

    async fn next(&mut self) -> Result<Option<F::Item>, ReadError> {
        if self.is_ended {
            return Ok(None);
        }
        if !self.has_begun {
            let Begun { first, cursor } = self.feed.begin().await?;
            self.has_begun = true;
            self.cursor = cursor;
            if first.is_some() {
                self.items += 1;
                return Ok(first);
            }
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
                Ok(Frame::Event(event)) if event.name == F::EVENT => match self.take(event) {
                    Ok(Some(item)) => return Ok(Some(item)),
                    Ok(None) => {}
                    Err(why) => {
                        let damaged = Failure::local(None, format_args!("the stream is damaged: {why}"));
                        self.wait(None, damaged).await?;
                    }
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

    fn take(&mut self, event: Event) -> Result<Option<F::Item>, String> {
        if event.id.is_empty() {
            return Err(format!("{} comes without the point to go on from", F::EVENT));
        }
        let Some(item) = self.feed.take(&event.data, &event.id)? else { return Ok(None) };
        self.cursor = Some(event.id);
        self.items += 1;
        self.moved_on();
        Ok(Some(item))
    }

    fn moved_on(&mut self) {
        self.retries = Retries::new(&self.wire.retry);
        self.attempts = 0;
        self.is_renewed = false;
    }

    async fn connect(&mut self) -> Result<Live, ReadError> {
        let (wire, credentials) = (self.wire.clone(), self.credentials.clone());
        loop {
            let token = credentials.current().await.map_err(no_token)?;
            self.attempts += 1;
            let url = self.feed.url(self.cursor.is_some());
            let mut request = wire.request(Method::GET, url, &token).header(header::ACCEPT, "text/event-stream");
            if let Some(cursor) = &self.cursor {
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
            404 if F::MAY_GO && self.cursor.is_some() => ReadError::GoneMidway { entries_read: self.items, failure },
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
        let subject = &self.credentials.subject;
        tracing::debug!(%subject, attempts = self.attempts, ?delay, %failure, "follow again");
        self.wire.sleeper.sleep(delay).await;
        Ok(())
    }
}
