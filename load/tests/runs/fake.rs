//! A server of a few lines for the tests of the harness: what it answers is up to each test.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Method and target of a request, and its head as text.
pub struct Request {
    pub method: String,
    pub target: String,
    pub head: String,
}

/// What to answer: status, further headers (each with its CRLF), body; and whether to close afterwards.
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
    pub close: bool,
}

impl Answer {
    pub fn json(status: u16, body: &str) -> Self {
        Self { status, headers: String::new(), body: body.as_bytes().to_vec(), close: false }
    }
}

/// Serves on a free port, on a thread of its own, until the process ends.
pub fn serve(answer: impl Fn(&Request) -> Answer + Send + Sync + Clone + 'static) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("listen");
    listener.set_nonblocking(true).expect("nonblocking");
    let address = listener.local_addr().expect("address");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("listener");
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, answer.clone()));
            }
        });
    });
    address
}

async fn connection(mut stream: TcpStream, answer: impl Fn(&Request) -> Answer) -> Option<()> {
    let mut input = Vec::new();
    loop {
        let (head_bytes, body_bytes, request) = loop {
            if let Some(found) = request(&input) {
                break found;
            }
            if stream.read_buf(&mut input).await.ok()? == 0 {
                return None;
            }
        };
        while input.len() < head_bytes + body_bytes {
            if stream.read_buf(&mut input).await.ok()? == 0 {
                return None;
            }
        }
        input.drain(..head_bytes + body_bytes);
        let Answer { status, headers, body, close } = answer(&request);
        let head = format!("HTTP/1.1 {status} x\r\n{headers}content-length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body].concat()).await.ok()?;
        if close {
            return None;
        }
    }
}

fn request(input: &[u8]) -> Option<(usize, usize, Request)> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut parsed = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head_bytes) = parsed.parse(input).ok()? else { return None };
    let length = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let body_bytes = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok()).unwrap_or(0);
    let head = String::from_utf8_lossy(&input[..head_bytes]).into_owned();
    let request = Request { method: parsed.method?.to_owned(), target: parsed.path?.to_owned(), head };
    Some((head_bytes, body_bytes, request))
}
