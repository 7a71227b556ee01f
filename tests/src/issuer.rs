//! An issuer that publishes its keys over HTTP, and can be made to fail.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::wait::within;

/// A server that answers every request alike.
#[derive(Debug)]
pub struct Issuer {
    address: SocketAddr,
    answer: Arc<Mutex<String>>,
    asked: watch::Sender<usize>,
}

impl Issuer {
    /// Publishes `document`.
    pub async fn start(document: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let issuer = Self { address, answer: Arc::default(), asked: watch::Sender::new(0) };
        issuer.publish(document);
        let (answer, asked) = (Arc::clone(&issuer.answer), issuer.asked.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let text = answer.lock().expect("the answer").clone();
                let asked = asked.clone();
                tokio::spawn(async move {
                    respond(socket, &text).await;
                    asked.send_modify(|asked| *asked += 1);
                });
            }
        });
        issuer
    }

    /// Where it publishes.
    pub fn url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    /// Publishes `document` from now on.
    pub fn publish(&self, document: &str) {
        self.answer_with("200 OK", document);
    }

    /// Answers with this status line and body from now on.
    pub fn answer_with(&self, status: &str, body: &str) {
        let length = body.len();
        *self.answer.lock().expect("the answer") =
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    }

    /// How often it has answered.
    pub fn asked(&self) -> usize {
        *self.asked.borrow()
    }

    /// Waits until it has answered more than `count` times.
    pub async fn asked_more_than(&self, count: usize) {
        let mut asked = self.asked.subscribe();
        let _ = within("the issuer to be asked", asked.wait_for(|&asked| asked > count)).await;
    }
}

async fn respond(mut socket: TcpStream, text: &str) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let _ = socket.write_all(text.as_bytes()).await;
    let _ = socket.shutdown().await;
}
