//! Accepting connections, HTTP/1.1 and 2, timeouts, caps, drain. Nothing here knows what a session is.

mod stall;

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
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use self::stall::Stalling;
use crate::limits::{HEADER_BYTES_MAX, HTTP2_STREAMS_MAX};

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
/// Gives whether all of them did.
pub async fn serve<H, F, B>(
    listener: TcpListener,
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
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, place) = tokio::select! {
            accepted = accept(&listener, &free) => accepted,
            () = &mut stop => break,
        };
        let handle = handle.clone();
        let spoken = Arc::new(AtomicBool::new(false));
        let said = Arc::clone(&spoken);
        let service = service_fn(move |request| {
            said.store(true, Ordering::Relaxed);
            let answer = handle(request);
            async move { Ok::<_, Infallible>(answer.await) }
        });
        let connection =
            http.serve_connection(TokioIo::new(Stalling::new(stream, limits.write_timeout)), service).into_owned();
        let connection = graceful.watch(connection);
        let silent = silence(spoken, limits.header_timeout);
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a connection ended early");
                    }
                }
                () = silent => tracing::debug!("a connection ended that never sent a request"),
            }
            drop(place);
        });
    }
    drop(listener);
    tokio::time::timeout(drain_timeout, graceful.shutdown()).await.is_ok()
}

/// Resolves once a connection has had `time` for its first request and sent none: neither the wait for a first byte nor
/// that for the rest of HTTP/2's preface has a time of its own.
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
