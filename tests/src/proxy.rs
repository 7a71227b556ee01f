//! A proxy that cuts: the request goes through, the server answers, and the answer never arrives.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::wait::within;

/// A TCP proxy on a port of its own.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upstream: watch::Sender<SocketAddr>,
    to_cut: AtomicUsize,
    cut: watch::Sender<usize>,
    open: watch::Sender<bool>,
}

impl Proxy {
    /// Starts one before `upstream`.
    pub async fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (cut, open, upstream) = (watch::Sender::new(0), watch::Sender::new(true), watch::Sender::new(upstream));
        let shared = Arc::new(Shared { upstream, to_cut: AtomicUsize::new(0), cut, open });
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(relay(socket, Arc::clone(&accepting)));
            }
        });
        Self { address, shared }
    }

    /// Cuts the connection under each of the next `count` answers.
    pub fn cut_answers(&self, count: usize) {
        self.shared.to_cut.store(count, Ordering::SeqCst);
    }

    /// Lets new connections wait until [`release`](Self::release).
    pub fn hold(&self) {
        self.shared.open.send_replace(false);
    }

    /// Lets them go on.
    pub fn release(&self) {
        self.shared.open.send_replace(true);
    }

    /// Sends new connections to another server.
    pub fn redirect(&self, upstream: SocketAddr) {
        self.shared.upstream.send_replace(upstream);
    }

    /// Waits until `count` answers in all have been cut off.
    pub async fn has_cut(&self, count: usize) {
        let mut cut = self.shared.cut.subscribe();
        within("an answer to cut off", cut.wait_for(|&done| done >= count)).await.expect("a living proxy");
    }

    /// How many answers have been cut off.
    pub fn cuts(&self) -> usize {
        *self.shared.cut.borrow()
    }
}

async fn relay(socket: TcpStream, shared: Arc<Shared>) {
    if shared.open.subscribe().wait_for(|&open| open).await.is_err() {
        return;
    }
    let upstream = *shared.upstream.borrow();
    let Ok(server) = TcpStream::connect(upstream).await else { return };
    let (mut from_client, mut to_client) = socket.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let requests = async {
        let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
        let _ = to_server.shutdown().await;
    };
    let answers = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from_server.read(&mut buffer).await {
            let spent = shared.to_cut.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            if spent.is_ok() {
                shared.cut.send_modify(|cuts| *cuts += 1);
                return;
            }
            if to_client.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = answers => {}
        () = async { requests.await; std::future::pending::<()>().await } => {}
    }
}
