//! The null server: the same HTTP library as Verbatim's, reading each body and answering at once. What it reaches is
//! what the transport allows on this machine, generator included.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::net::TcpListener;
use verbatim_proto::names;

use crate::error::{LoadError, While};

const HEADER_TIMEOUT: Duration = Duration::from_secs(75);
/// As long as a real receipt.
const RECEIPT: &str = r#"{"status":"stored","uuid":"00000000-0000-4000-8000-000000000000","seq":100,"created_at":"2026-01-01T00:00:00.000000Z"}"#;
const UUID: &str = "00000000-0000-4000-8000-000000000000";

/// Serves for ever: 201 with a receipt to what writes, `page` to a GET. Prints where it listens.
pub async fn serve(listen: SocketAddr, page: Bytes) -> Result<(), LoadError> {
    let listener = TcpListener::bind(listen).await.while_doing(format!("listen on {listen}"))?;
    let address = listener.local_addr().while_doing("read the bound address")?;
    println!("listening on http://{address}");
    let answers = Arc::new(Answers { page });
    loop {
        let (stream, _) = listener.accept().await.while_doing("accept a connection")?;
        stream.set_nodelay(true).while_doing("set TCP_NODELAY")?;
        let answers = Arc::clone(&answers);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let answers = Arc::clone(&answers);
                async move { Ok::<_, Infallible>(answers.answer(request).await) }
            });
            // A connection that breaks is the client's to report.
            let _ = http().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// The server's own settings of the library: what they cost is part of the limit.
fn http() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    http
}

struct Answers {
    page: Bytes,
}

impl Answers {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let append = request.method() != Method::GET;
        if let Ok(body) = request.into_body().collect().await {
            std::hint::black_box(body.to_bytes());
        }
        let body = if append { Bytes::from_static(RECEIPT.as_bytes()) } else { self.page.clone() };
        let mut response = Response::new(Full::new(body));
        if append {
            *response.status_mut() = hyper::StatusCode::CREATED;
        }
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(names::REQUEST_ID, HeaderValue::from_static(UUID));
        headers.insert(names::X_LAST_UUID, HeaderValue::from_static(UUID));
        response
    }
}
