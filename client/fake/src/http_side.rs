//! The sockets: hyper in front of the model, and the script in between.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Response, header};
use http_body_util::BodyExt;
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet};
use url::Url;

use crate::{
    Request, State, lock,
    script::{Reply, Step},
};

pub(crate) async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let service = service_fn(|request| answer(request, &state));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn answer(request: hyper::Request<Incoming>, state: &Mutex<State>) -> io::Result<Response<Cuttable>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let url = Url::parse("http://fake").and_then(|base| base.join(&parts.uri.to_string())).map_err(io::Error::other)?;
    let request = Request { method: parts.method, url, headers: parts.headers, body };
    let step = {
        let mut state = lock(state);
        state.requests.push(request.clone());
        state.script.pop_front().unwrap_or(Step::Serve)
    };
    if let Step::Wait(hold) = &step {
        hold.wait().await;
    }
    let serve = || lock(state).model.serve(&request);
    let cut = || io::Error::other("cut on purpose");
    match step {
        Step::Serve | Step::Wait(_) => Ok(whole(serve())),
        Step::Answer(reply) => Ok(whole(reply)),
        Step::ServeThenAnswer(reply) => {
            serve();
            Ok(whole(reply))
        }
        Step::Cut => Err(cut()),
        Step::ServeThenCut => {
            serve();
            Err(cut())
        }
        Step::Shorten(bytes) => {
            let mut reply = serve();
            reply.body.truncate(bytes);
            Ok(whole(reply))
        }
        Step::CutBody(bytes) => {
            let mut reply = serve();
            let announced = reply.body.len() as u64;
            reply.body.truncate(bytes);
            Ok(response(reply, announced))
        }
        Step::Intrude(entry) => {
            let session = request.url.path().rsplit('/').next().unwrap_or_default();
            lock(state).model.intrude(session, entry.as_bytes());
            Ok(whole(serve()))
        }
    }
}

fn whole(reply: Reply) -> Response<Cuttable> {
    let announced = reply.body.len() as u64;
    response(reply, announced)
}

fn response(reply: Reply, announced: u64) -> Response<Cuttable> {
    let mut response = Response::new(Cuttable { bytes: Some(reply.body), announced });
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response.headers_mut().entry(header::CONTENT_TYPE).or_insert(header::HeaderValue::from_static("application/json"));
    response
}

/// A body that may end before the length it announced, at which hyper closes the connection.
struct Cuttable {
    bytes: Option<Bytes>,
    announced: u64,
}

impl Body for Cuttable {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.bytes.take().filter(|bytes| !bytes.is_empty()).map(|bytes| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
