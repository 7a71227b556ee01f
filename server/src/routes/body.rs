//! Bodies: of answers, whole or streamed; of requests, collected under a bound, a budget and a time.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use tokio::time::{Instant, timeout_at};

use super::Problem;
use crate::{
    limits::{LINGER_BYTES_MAX, LINGER_TIMEOUT},
    service::{Service, Streamed},
    store::{Permit, StoreError},
};

/// The body of an answer.
pub struct Body(Kind);

enum Kind {
    Whole(Option<Bytes>),
    Chunks(Pin<Box<dyn Stream<Item = Result<Bytes, StoreError>> + Send>>),
}

impl Body {
    /// No body.
    pub fn empty() -> Self {
        Self(Kind::Whole(None))
    }

    /// All of these bytes.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Whole(Some(bytes.into()).filter(|bytes: &Bytes| !bytes.is_empty())))
    }

    /// Chunks that may end at any time, so that nothing is missing where they do.
    pub fn endless(chunks: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self(Kind::Chunks(Box::pin(chunks.map(Ok))))
    }
}

impl<S: Stream<Item = Result<Bytes, StoreError>> + Send + 'static> From<Streamed<S>> for Body {
    fn from(streamed: Streamed<S>) -> Self {
        match streamed {
            Streamed::Whole(bytes) => Self::whole(bytes),
            Streamed::Chunks(chunks) => Self(Kind::Chunks(Box::pin(chunks))),
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = StoreError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StoreError>>> {
        match &mut self.0 {
            Kind::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            // The connection is cut, so that the client sees that something is missing; the cause is for the log.
            Kind::Chunks(chunks) => chunks.as_mut().poll_next(cx).map(|chunk| {
                chunk.map(|chunk| {
                    chunk.map(Frame::data).inspect_err(|error| tracing::error!(%error, "an answer was cut off"))
                })
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Kind::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Kind::Chunks(_) => SizeHint::default(),
        }
    }
}

/// Reads what is left of a body after its request was answered without it, within bounds, and throws it away. A client
/// that is still sending gets to read its answer, where a connection closed under it would lose it (RFC 9112, section 9.6).
pub(super) async fn linger(mut body: Incoming) {
    let mut left = LINGER_BYTES_MAX;
    let drained = async {
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    };
    // A body that does not end in time takes its connection with it.
    let _ = tokio::time::timeout(LINGER_TIMEOUT, drained).await;
}

/// Collects a request's body: at most the entry limit, admitted to the budget before it is read, within `time`.
pub(super) async fn collect(
    body: &mut Incoming,
    service: &Service,
    time: Duration,
) -> Result<(Bytes, Permit), Problem> {
    collect_at_most(body, service.entry_bytes_max(), service, time).await
}

/// As [`collect`], with another bound.
pub(super) async fn collect_at_most(
    body: &mut Incoming,
    bytes_max: usize,
    service: &Service,
    time: Duration,
) -> Result<(Bytes, Permit), Problem> {
    let declared = body.size_hint().exact().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    if declared.is_some_and(|bytes| bytes > bytes_max) {
        return Err(Problem::too_large(bytes_max));
    }
    let deadline = Instant::now() + time;
    let mut permit = service.admit(declared.unwrap_or(0))?;
    let mut all = Collected::None;
    loop {
        let frame = timeout_at(deadline, body.frame()).await.map_err(|_| Problem::timeout(time))?;
        let Some(frame) = frame else { return Ok((all.into_bytes(), permit)) };
        let frame = frame.map_err(|_| Problem::invalid("the body broke off; send it whole"))?;
        let Ok(data) = frame.into_data() else { continue };
        if all.len() + data.len() > bytes_max {
            return Err(Problem::too_large(bytes_max));
        }
        permit.grow_to(all.len() + data.len())?;
        all.push(data, declared);
    }
}

/// A body that came in one piece is not copied.
enum Collected {
    None,
    One(Bytes),
    Many(BytesMut),
}

impl Collected {
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(bytes) => bytes.len(),
            Self::Many(bytes) => bytes.len(),
        }
    }

    fn push(&mut self, data: Bytes, declared: Option<usize>) {
        match self {
            Self::None => *self = Self::One(data),
            Self::One(first) => {
                let mut all = BytesMut::with_capacity(declared.unwrap_or(0).max(first.len() + data.len()));
                all.extend_from_slice(first);
                all.extend_from_slice(&data);
                *self = Self::Many(all);
            }
            Self::Many(all) => all.extend_from_slice(&data),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::None => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes.freeze(),
        }
    }
}
