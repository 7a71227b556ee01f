//! A client whose delays are recorded instead of waited for, and a server that follows a script.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Duration,
};

use verbatim_client::{Client, ClientBuilder, RetryPolicy, SessionId, SessionWriter, Sleeper};
use verbatim_fake::Server;

/// Every delay that a client was asked to wait for.
#[derive(Clone, Default)]
pub(crate) struct Delays(Arc<Mutex<Vec<Duration>>>);

impl Sleeper for Delays {
    fn sleep(&self, delay: Duration) -> futures_util::future::BoxFuture<'static, ()> {
        self.0.lock().expect("delays").push(delay);
        Box::pin(std::future::ready(()))
    }
}

impl Delays {
    pub(crate) fn taken(&self) -> Vec<Duration> {
        self.0.lock().expect("delays").clone()
    }
}

pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) client: Client,
    pub(crate) session: SessionId,
    pub(crate) writer: SessionWriter,
    pub(crate) delays: Delays,
}

pub(crate) async fn scene() -> Scene {
    scene_with(|builder| builder).await
}

pub(crate) async fn scene_with(set: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Scene {
    let server = Server::start().await;
    let delays = Delays::default();
    let builder = Client::builder(&server.url()).token("t").sleeper(delays.clone());
    let client = set(builder).build().expect("client");
    let session = SessionId::new("s1").expect("session id");
    let writer = client.session(&session);
    Scene { server, client, session, writer, delays }
}

pub(crate) fn attempts(attempts_max: u32) -> RetryPolicy {
    RetryPolicy { attempts_max, ..RetryPolicy::default() }
}

pub(crate) fn nonzero(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).expect("not zero")
}

/// An entry with this uuid.
pub(crate) fn entry(uuid: &str) -> String {
    format!(r#"{{"uuid":"{uuid}","type":"user"}}"#)
}

/// What each request of the server's log said in this header.
pub(crate) fn sent(server: &Server, header: &str) -> Vec<Option<String>> {
    server.requests().iter().map(|request| request.header(header).map(str::to_owned)).collect()
}

/// Methods of the server's log, such as `PUT HEAD PUT`.
pub(crate) fn methods(server: &Server) -> String {
    server.requests().iter().map(|request| request.method.as_str().to_owned()).collect::<Vec<_>>().join(" ")
}
