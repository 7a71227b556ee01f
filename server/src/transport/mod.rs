//! Accepting connections, TLS, HTTP/1.1 and 2, timeouts, caps, drain. Nothing here knows what a session is.

mod stall;
mod tls;

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use self::stall::Stalling;
pub use self::tls::{Tls, TlsError, TlsFiles};
use crate::{
    limits::{HEADER_BYTES_MAX, HTTP2_STREAMS_MAX},
    metrics::ConnectionMetrics,
};

/// What an operator may set of connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Connections at once; more wait to be accepted.
    pub connections_max: usize,
    /// How long a request's headers may take to arrive, and so how long a connection may stay idle.
    pub header_timeout: Duration,
    /// How long a client may take none of what is sent to it.
    pub write_timeout: Duration,
}

/// Accepts until `stop` resolves, then lets every request under way finish, for at most `drain_timeout`.
/// Gives whether all of them did. Connections speak TLS where there is `tls`.
pub async fn serve<H, F, B>(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    handle: H,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()>,
    drain_timeout: Duration,
) -> bool
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data: Send, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let http = Arc::new(http(&limits));
    let graceful = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(limits.connections_max));
    let (stopping, stopped) = watch::channel(());
    let metrics = ConnectionMetrics::default();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, place) = tokio::select! {
            accepted = accept(&listener, &free) => accepted,
            () = &mut stop => break,
        };
        let open = metrics.accepted();
        let stream = Stalling::new(stream, limits.write_timeout);
        let handle = handle.clone();
        let spoken = Arc::new(AtomicBool::new(false));
        let silent = silence(Arc::clone(&spoken), limits.header_timeout);
        let service = service_fn(move |request| {
            spoken.store(true, Ordering::Relaxed);
            let answer = handle(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let (http, tls) = (Arc::clone(&http), tls.clone());
        let (watcher, stopped) = (graceful.watcher(), stopped.clone());
        let connection = async move {
            let Some(stream) = secured(stream, tls, stopped).await? else { return Ok(()) };
            watcher.watch(http.serve_connection(TokioIo::new(stream), service).into_owned()).await
        };
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                }
                () = silent => tracing::debug!("a connection ended that never sent a request"),
            }
            drop((place, open));
        });
    }
    drop((listener, stopping));
    tokio::time::timeout(drain_timeout, graceful.shutdown()).await.is_ok()
}

/// The stream, under TLS where there is `tls`; none where the server stops before that is agreed on.
async fn secured<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    tls: Option<Arc<Tls>>,
    mut stopped: watch::Receiver<()>,
) -> std::io::Result<Option<Either<S, Box<TlsStream<S>>>>> {
    let Some(tls) = tls else { return Ok(Some(Either::Left(stream))) };
    // What TLS keeps is large: a connection without it should not have the room.
    tokio::select! {
        agreed = Box::pin(tls.agree(stream)) => agreed.map(|stream| Some(Either::Right(Box::new(stream)))),
        _ = stopped.changed() => Ok(None),
    }
}

/// Resolves once a connection has had `time` for its first request and sent none: neither the TLS handshake, nor the wait
/// for a first byte, nor that for the rest of HTTP/2's preface has a time of its own.
async fn silence(spoken: Arc<AtomicBool>, time: Duration) {
    tokio::time::sleep(time).await;
    if spoken.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}

fn http(limits: &ConnectionLimits) -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(HEADER_BYTES_MAX.max(8192));
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS_MAX)
        .max_header_list_size(HEADER_BYTES_MAX as u32)
        .keep_alive_interval(limits.header_timeout)
        .keep_alive_timeout(limits.header_timeout);
    http
}

/// The next connection, once there is a place for it.
async fn accept(listener: &TcpListener, free: &Arc<Semaphore>) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    let place = Arc::clone(free).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small and complete: they are to leave at once.
                let _ = stream.set_nodelay(true);
                return (stream, place);
            }
            Err(error) => {
                // Out of file descriptors, most likely: connections that end make room.
                tracing::warn!(%error, "cannot accept a connection; is the limit on open files (ulimit -n) too low?");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Binds `address`; port 0 picks a free one.
pub async fn bind(address: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}
