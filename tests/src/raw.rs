//! Bytes on a socket, for requests that no HTTP library would send.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::either::Either;

use crate::{
    tls::{Socket, Tls},
    wait::within,
};

/// A bare connection.
#[derive(Debug)]
pub struct Raw(Socket);

impl Raw {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        Self(Either::Left(TcpStream::connect(address).await.expect("connect")))
    }

    /// Connects under TLS.
    pub async fn open_over(address: SocketAddr, tls: &Tls) -> Self {
        Self(Either::Right(tls.connect(address).await.expect("connect")))
    }

    /// Sends these bytes. The other end may have hung up by then, which its answer, if any, will tell.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref()).await;
        let _ = self.0.flush().await;
    }

    /// Reads up to the end of an answer's head: the status line and the headers, lower-cased.
    pub async fn head(&mut self) -> String {
        let read = async {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match self.0.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(error) => panic!("no answer ({error}), only {:?}", String::from_utf8_lossy(&head)),
                }
            }
            String::from_utf8_lossy(&head).to_lowercase()
        };
        within("the head of an answer", read).await
    }

    /// Reads until the other end closes.
    pub async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        let read = async {
            // A reset ends the stream as well as a close does.
            let _ = self.0.read_to_end(&mut rest).await;
        };
        within("the connection to close", read).await;
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Reads some bytes; none once the other end has closed.
    pub async fn some(&mut self) -> Vec<u8> {
        let mut buffer = vec![0; 64 * 1024];
        let count = within("bytes", self.0.read(&mut buffer)).await.unwrap_or(0);
        buffer.truncate(count);
        buffer
    }
}
