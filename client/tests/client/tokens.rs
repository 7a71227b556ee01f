//! Tokens: asked for when needed, once more when refused, never a third time.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use verbatim_client::{AppendError, Client, ReadError, SessionId, Token, TokenError};
use verbatim_fake::Server;

use crate::support::*;

/// Gives `token-0`, `token-1`, … and counts how often it was asked.
async fn counting(server: &Server) -> (Client, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let provider = move |_: SessionId| {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Token::new(&format!("token-{number}")))
    };
    let client = Client::builder(&server.url()).token_provider(provider).build().expect("client");
    (client, asked)
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_kept() {
    let server = Server::start().await;
    server.accept_tokens(&["token-1"]);
    let (client, asked) = counting(&server).await;
    let writer = client.session(&SessionId::new("s1").expect("id"));
    writer.append(entry("u1")).await.expect("append");
    writer.append(entry("u2")).await.expect("append");
    assert_eq!(asked.load(Ordering::Relaxed), 2);
    assert_eq!(methods(&server), "PUT PUT PUT");
}

#[tokio::test]
async fn the_second_refusal_stops_appends_and_reads() {
    let server = Server::start().await;
    server.accept_tokens(&[]);
    let (client, asked) = counting(&server).await;
    let session = SessionId::new("s1").expect("id");
    let error = client.session(&session).append(entry("u1")).await.expect_err("refused");
    assert!(matches!(&error, AppendError::NotAllowed(refused) if refused.entry == entry("u1")), "{error:?}");
    assert_eq!((asked.load(Ordering::Relaxed), server.requests().len()), (2, 2));
    let error = client.reader(&session).read_all().await.expect_err("refused");
    assert!(matches!(error, ReadError::NotAllowed(_)), "{error:?}");
    assert_eq!((asked.load(Ordering::Relaxed), server.requests().len()), (4, 4));
}

#[tokio::test]
async fn a_token_that_cannot_change_is_not_sent_twice() {
    let scene = scene().await;
    scene.server.accept_tokens(&["another"]);
    let error = scene.writer.append(entry("u1")).await.expect_err("refused");
    assert!(matches!(error, AppendError::NotAllowed(_)), "{error:?}");
    assert_eq!(scene.server.requests().len(), 1);
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let server = Server::start().await;
    let provider = |_: SessionId| std::future::ready(Err(TokenError::new("the key store is closed")));
    let client = Client::builder(&server.url()).token_provider(provider).build().expect("client");
    let session = SessionId::new("s1").expect("id");
    let error = client.session(&session).append(entry("u1")).await.expect_err("no token");
    assert!(matches!(&error, AppendError::NotAllowed(_)), "{error:?}");
    assert!(error.to_string().contains("the key store is closed"), "{error}");
    assert!(matches!(client.reader(&session).head().await, Err(ReadError::NotAllowed(_))));
    assert!(server.requests().is_empty());
}
