//! What the service asks of a store, and one folder an engine that gives it.
//!
//! The contract, which `conformance` checks on every engine:
//! - an append is answered with success only once it would survive loss of power;
//! - nothing that is not yet safe is ever visible, to a read or through an answer;
//! - a chain's entries are numbered from 0 without gaps and never change, so a snapshot of a chain is its length;
//! - an answer of "not stored" means that nothing was stored; where that cannot be known the answer is "unknown".
//!
//! Deliberately absent: HTTP, tokens, JSON. An engine sees ids, bytes and hashes.

mod budget;
mod command;
mod error;
mod feeds;
mod lineage;
mod organization;
pub mod rocks;
mod session;
mod snapshot;
mod tails;

#[cfg(test)]
mod conformance;

use std::{
    ops::{ControlFlow, Range},
    sync::Arc,
};

use async_trait::async_trait;
use verbatim_proto::{
    EntryUuid, OrganizationId, SessionId, Timestamp,
    organization::{self as wire, Settings},
};

pub use budget::{Budget, Overloaded, Permit};
pub use command::{Append, Appended, Expected, NewEntry, Refusal, Standing};
pub use error::{AppendError, StoreError};
pub use feeds::{Feed, Feeds, News};
pub use lineage::{Lineage, Segment};
pub use organization::{Usage, day_of};
pub use rocks::List;
pub use session::{
    Change, Changed, Deleted, Due, ForkAt, History, OnlyIf, Patch, Properties, Purged, Reset, Session, Subject, What,
    Whereto,
};
pub use snapshot::{EntryRef, Order, SessionKey, SessionStatus, Snapshot};
pub use tails::{Tail, Tails};

/// A store of chains.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Decides one append and, where it is to be stored, stores it. Waits for the sync that the answer rests on.
    ///
    /// Dropping the future gives up the answer and not the append.
    async fn append(&self, append: Append) -> Result<Appended, AppendError>;

    /// Decides one change of a session that is no append and, where it changes something, stores it. Waits for its sync.
    async fn change(&self, change: Change) -> Result<Changed, AppendError>;

    /// The session as it stands, or none where there is none. May block: call it on a blocking thread.
    fn session(&self, session: &SessionKey) -> Result<Option<Session>, StoreError>;

    /// Shows the organisation's sessions to `visit` until it breaks, those that grew last first, from `after` on where it
    /// is given: its minute since 1970 and its id. May block: call it on a blocking thread.
    fn list(
        &self,
        organization: &OrganizationId,
        list: List,
        after: Option<&(u64, SessionId)>,
        visit: &mut dyn FnMut(u64, Session) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// The sub-agents' sessions of a session. May block: call it on a blocking thread.
    fn children(&self, session: &SessionKey) -> Result<Vec<SessionId>, StoreError>;

    /// The sessions that were forked from a session. May block: call it on a blocking thread.
    fn forks(&self, session: &SessionKey) -> Result<Vec<SessionId>, StoreError>;

    /// The chain as it stands, or none where there is no such session. May block: call it on a blocking thread.
    fn snapshot(&self, session: &SessionKey) -> Result<Option<Snapshot>, StoreError>;

    /// Shows the snapshot's entries with a seq in `range` to `visit`, in `order`, until it breaks.
    /// A seq past the snapshot's length is not shown. May block: call it on a blocking thread.
    fn visit(
        &self,
        snapshot: &Snapshot,
        range: Range<u64>,
        order: Order,
        visit: &mut dyn FnMut(&EntryRef<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// The seq of the snapshot's entry with this uuid. May block: call it on a blocking thread.
    fn seq_of(&self, snapshot: &Snapshot, uuid: &EntryUuid) -> Result<Option<u64>, StoreError>;

    /// Shows the organisation's sessions to `visit` until it breaks, those that grew last last, from the one `after` this
    /// minute and id on. May block: call it on a blocking thread.
    fn list_oldest_first(
        &self,
        organization: &OrganizationId,
        after: (u64, Option<&SessionId>),
        visit: &mut dyn FnMut(u64, Session) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Shows what happened to the organisation's sessions, appends aside, to `visit` until it breaks: in order, each with
    /// its number, from the number `from` on. May block: call it on a blocking thread.
    fn changes(
        &self,
        organization: &OrganizationId,
        from: u64,
        visit: &mut dyn FnMut(u64, wire::Change) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// The number that the next change gets, and a time: every append that was stamped before it can be read.
    fn now(&self) -> (u64, Timestamp);

    /// How much the organisation keeps. May block: call it on a blocking thread.
    fn usage(&self, organization: &OrganizationId) -> Result<Usage, StoreError>;

    /// What is set for the organisation. May block: call it on a blocking thread.
    fn settings(&self, organization: &OrganizationId) -> Result<Settings, StoreError>;

    /// Sets it, and returns once it would survive loss of power. May block: call it on a blocking thread.
    fn set_settings(&self, organization: &OrganizationId, settings: &Settings) -> Result<(), StoreError>;

    /// Shows what goes by itself, the next first, from behind `after` on, to `visit` until it breaks. May block: call it on
    /// a blocking thread.
    fn due(
        &self,
        organization: &OrganizationId,
        after: Option<&Due>,
        visit: &mut dyn FnMut(Due) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Every organisation that ever stored anything. May block: call it on a blocking thread.
    fn organizations(&self) -> Result<Vec<OrganizationId>, StoreError>;

    /// Who waits for sessions to grow.
    fn tails(&self) -> &Arc<Tails>;

    /// Who waits for changes of an organisation's sessions.
    fn feeds(&self) -> &Arc<Feeds>;

    /// Whether appends are taken now; else why not.
    fn ready(&self) -> Result<(), StoreError>;

    /// Brings up to date what the engine tells of itself in metrics. May block: call it on a blocking thread.
    fn show_metrics(&self);

    /// Takes no more appends, answers those it has, closes. May block: call it on a blocking thread.
    fn close(&self);
}
