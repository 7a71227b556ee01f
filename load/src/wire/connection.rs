//! One connection: send a request, read its answer.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Answer, Sink, body::Framing};

const INPUT_BYTES_MIN: usize = 4 * 1024;
/// One read takes this much at most, once bodies have shown that they are large.
const INPUT_BYTES_MAX: usize = 256 * 1024;

/// Why a connection is of no more use.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The server closed it before the answer was whole.
    #[error("connection closed")]
    Closed,
    /// What came is not HTTP/1.1.
    #[error("answer is not HTTP/1.1")]
    Malformed,
    /// The system's own error.
    #[error("{}", .0.kind())]
    Io(#[from] io::Error),
}

/// A connection with at most one request under way. After an error it must be dropped.
pub struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    /// Where unread input begins, and ends.
    start: usize,
    end: usize,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, input: vec![0; INPUT_BYTES_MIN], start: 0, end: 0 })
    }

    /// Sends a whole request.
    pub async fn send(&mut self, request: &[u8]) -> Result<(), WireError> {
        Ok(self.stream.write_all(request).await?)
    }

    /// Reads the head of the next answer; its body must be read next.
    pub async fn head(&mut self) -> Result<Answer, WireError> {
        loop {
            match Answer::parse(&self.input[self.start..self.end]) {
                Ok(Some((answer, length))) => {
                    self.start += length;
                    if answer.status >= 200 {
                        return Ok(answer);
                    }
                }
                Ok(None) => self.fill().await?,
                Err(_) => return Err(WireError::Malformed),
            }
        }
    }

    /// Reads the rest of an answer's body. Answers when its first byte was there.
    pub async fn body(&mut self, answer: &mut Answer, sink: &mut impl Sink) -> Result<Instant, WireError> {
        if self.start == self.end && answer.framing != Framing::Over && answer.framing != Framing::Length(0) {
            self.fill().await?;
        }
        let first_byte = Instant::now();
        while self.part(answer, sink).await? {}
        Ok(first_byte)
    }

    /// Reads the next part of an answer's body, as much as there is; waits only where there is none. False: it is over.
    pub async fn part(&mut self, answer: &mut Answer, sink: &mut impl Sink) -> Result<bool, WireError> {
        loop {
            let input = &self.input[self.start..self.end];
            let used = answer.framing.advance(input, sink).map_err(|_| WireError::Malformed)?;
            self.start += used;
            if answer.framing == Framing::Over {
                return Ok(false);
            }
            if used > 0 {
                return Ok(true);
            }
            self.fill().await?;
        }
    }

    /// Sends a request and reads its whole answer. With it, the time to the first byte of the body.
    pub async fn call(&mut self, request: &[u8], sink: &mut impl Sink) -> Result<(Answer, Duration), WireError> {
        let sent = Instant::now();
        self.send(request).await?;
        let mut answer = self.head().await?;
        let first_byte = self.body(&mut answer, sink).await?;
        Ok((answer, first_byte - sent))
    }

    async fn fill(&mut self) -> Result<(), WireError> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.input.len() {
            self.input.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.input.len() {
            return Err(WireError::Malformed);
        }
        let count = self.stream.read(&mut self.input[self.end..]).await?;
        if count == 0 {
            return Err(WireError::Closed);
        }
        self.end += count;
        if self.end == self.input.len() && self.end < INPUT_BYTES_MAX {
            self.input.resize(self.end * 4, 0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_part_is_given_at_once_and_not_with_the_next() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let mut connection = Connection::open(listener.local_addr().expect("address")).await.expect("connect");
        let (mut server, _) = listener.accept().await.expect("accept");
        server.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n").await.expect("write");
        let mut answer = connection.head().await.expect("head");
        let mut body = Vec::new();
        let part = tokio::time::timeout(Duration::from_secs(20), connection.part(&mut answer, &mut body));
        assert!(part.await.expect("the server sends no more").expect("part"));
        assert_eq!(body, b"abc");
        server.write_all(b"0\r\n\r\n").await.expect("write");
        while connection.part(&mut answer, &mut body).await.expect("part") {}
        assert_eq!(body, b"abc");
    }
}
