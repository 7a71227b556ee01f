//! Client of Verbatim: appends to sessions in order, each entry once, and reads them back byte for byte.
//!
//! Five rooms: [`Client`] holds the connections and knows which sessions are open; a [`SessionWriter`] owns the one
//! queue of a session, with one append in flight; a [`Reader`] gives a transcript whole, as a stream of pages, or as it
//! grows; [`Sessions`] creates, lists, changes, forks and deletes sessions, and appends batches; [`Organization`] follows
//! what happens to them, and tells how much there is and what will go.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = verbatim_fake::Server::start().await;
//! # let url = server.url();
//! use verbatim_client::{Client, SessionId};
//!
//! let client = Client::builder(&url).token("my-token").build()?;
//! let session = SessionId::new("my-session")?;
//!
//! let writer = client.session(&session);
//! let receipt = writer.append(r#"{"uuid":"u1","type":"user","message":"hello"}"#).await?;
//! assert_eq!(receipt.seq, 0);
//!
//! let transcript = client.reader(&session).read_all().await?;
//! assert_eq!(transcript.loglines[0].get(), r#"{"uuid":"u1","type":"user","message":"hello"}"#);
//! # Ok(())
//! # }
//! ```
//!
//! # When an append fails
//!
//! [`AppendError`] is named by what to do next, and gives the entry back. Its one distinction that must never be lost:
//! [`AppendError::OutcomeUnknown`] says that the entry may be stored, every other variant that it is not.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = verbatim_fake::Server::start().await;
//! # let client = verbatim_client::Client::builder(&server.url()).token("t").build()?;
//! use verbatim_client::{AppendError, SessionId};
//!
//! let writer = client.session(&SessionId::new("my-session")?);
//! match writer.append("this is no entry").await {
//!     Ok(receipt) => println!("stored as number {}", receipt.seq),
//!     Err(AppendError::Rejected(refused)) => assert_eq!(refused.entry, "this is no entry"),
//!     Err(AppendError::OutcomeUnknown(open)) => println!("append it again with the key {:?}", open.key),
//!     Err(other) => println!("keep {} bytes for later: {other}", other.entry().len()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What was taken away
//!
//! The payload of an entry that was redacted is a stub. [`Event::is_redacted`] and [`Entry::is_redacted`] tell, and for the
//! payloads of a [`Transcript`] the function [`redaction`]; most entries show by their first member that they are none.
//!
//! # What happens to the entries queued behind a failed one
//!
//! An entry that can never be stored as it is ([`AppendError::Rejected`]) stops nobody: the head has not moved, and what
//! queued behind it goes on. After every other failure the failed entry may still come, so that to go on would reorder the
//! transcript: each entry that was queued behind it is given back as [`AppendError::NotSent`], until the failed append has
//! returned to its caller. After that the writer takes entries again, and it is the caller who decides their order.

mod builder;
mod call;
mod change;
mod client;
mod decode;
mod exchange;
mod failure;
mod feed;
pub mod organization;
mod paged;
pub mod read;
mod retry;
pub mod sessions;
mod tls;
mod token;
mod wire;
pub mod writer;

pub use builder::{BuildError, ClientBuilder};
pub use client::Client;
pub use failure::Failure;
pub use organization::Organization;
pub use read::{Completeness, Head, ReadError, Reader, Teleport};
pub use retry::{RetryPolicy, Sleeper, TokioSleeper};
pub use sessions::{Batch, BatchError, ChangeError, Described, Reset, SessionFilter, Sessions};
pub use token::{Token, TokenError, TokenProvider};
pub use verbatim_proto::{
    EntryUuid, ErrorCode, EventId, IdempotencyKey, OrganizationId, SessionId,
    entry::{Redaction, redaction},
    messages::{
        AppendReceipt, AppendStatus, BatchReceipt, BatchResult, EntriesPage, Entry, Event, EventsPage, Transcript,
    },
    organization::{Cause, Change, ChangeKind, ChangesPage, Expiring, Expiry, PatchSettings, Settings, Usage},
    sessions::{
        CreateSession, ForkSession, FoundPreview, Metadata, PatchSession, Preview, PreviewItem, PreviewSessions,
        PurgedSession, Session, SessionsPage, Status,
    },
};
pub use writer::{AppendError, SessionWriter};
