//! One open RocksDB: opening and its checks, point reads, the synced write. Knows families and formats, no rules.

use std::{ops::ControlFlow, path::Path};

use rocksdb::{ColumnFamily, DB, WriteBatch};
use verbatim_proto::{EntryUuid, OrganizationId, SessionId};

use super::{
    change::{self, Listed, Replacement},
    commit::Write,
    format::{
        ACTIVITY, ENTRIES, FORMAT_VERSION, IDENTITIES, KIN, META, SESSIONS,
        activity::{self, List, minute},
        entry,
        identity::{self, Identity},
        kin, meta,
        session::{self, Head, Said},
    },
    options::{self, Sizes},
};
use crate::store::{Order, Properties, Session, SessionKey, Snapshot, StoreError};

/// An open database.
pub(super) struct Engine {
    db: DB,
}

impl Engine {
    /// Opens the database in `folder`, making it where there is none. Refuses a format this program does not know.
    pub(super) fn open(folder: &Path, sizes: &Sizes) -> Result<Self, StoreError> {
        let db = DB::open_cf_descriptors(&options::database(sizes), folder, options::families(sizes))
            .map_err(StoreError::engine("open the store"))?;
        let engine = Self { db };
        engine.check_format()?;
        Ok(engine)
    }

    /// Opens what is there for reads alone, for a disk that is too full to open it for more.
    pub(super) fn open_for_reads(folder: &Path, sizes: &Sizes) -> Result<Self, StoreError> {
        let mut all = options::database(sizes);
        all.create_if_missing(false);
        DB::open_cf_descriptors_read_only(&all, folder, options::families(sizes), false)
            .map(|db| Self { db })
            .map_err(StoreError::engine("open the store for reads"))
    }

    fn check_format(&self) -> Result<(), StoreError> {
        let found = self.get(META, meta::FORMAT, "read the format version")?;
        match found.map(|value| meta::decode_format(&value)).transpose()? {
            Some(FORMAT_VERSION) => Ok(()),
            Some(other) => Err(StoreError::Damaged(format!(
                "the data folder has format {other} and this program reads format {FORMAT_VERSION}; run the version of Verbatim that wrote it, or a newer one"
            ))),
            None => {
                let mut batch = WriteBatch::default();
                batch.put_cf(self.family(META)?, meta::FORMAT, FORMAT_VERSION.to_be_bytes());
                self.db.write_opt(batch, &options::synced()).map_err(StoreError::engine("write the format version"))
            }
        }
    }

    /// The number that the next new chain gets.
    pub(super) fn next_chain(&self) -> Result<u64, StoreError> {
        let found = self.get(META, meta::NEXT_CHAIN, "read the next chain's number")?;
        Ok(found.map(|value| meta::decode_next_chain(&value)).transpose()?.unwrap_or(0))
    }

    /// The session's chain as it stands.
    pub(super) fn chain(&self, session: &SessionKey) -> Result<Option<Snapshot>, StoreError> {
        let Some(value) = self.get(SESSIONS, &session::key(session), "read a session")? else { return Ok(None) };
        let mut snapshot = change::empty(&session::decode_head(&value)?);
        self.take_up(&mut snapshot)?;
        Ok(Some(snapshot))
    }

    /// The session as it stands.
    pub(super) fn session(&self, key: &SessionKey) -> Result<Option<Session>, StoreError> {
        let Some(value) = self.get(SESSIONS, &session::key(key), "read a session")? else { return Ok(None) };
        let (head, said) = session::decode(&value)?;
        let mut snapshot = change::empty(&head);
        self.take_up(&mut snapshot)?;
        let session::Said { properties, history } = said;
        Ok(Some(Session { id: key.session.clone(), properties, history, snapshot }))
    }

    /// Shows the sessions of a list, from the one after `after` on.
    pub(super) fn list(
        &self,
        organization: &OrganizationId,
        list: List,
        after: Option<&(u64, SessionId)>,
        visit: &mut dyn FnMut(u64, Session) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let start = match after {
            None => activity::prefix(organization, list).to_vec(),
            Some((minute, id)) => {
                let session = SessionKey { organization: *organization, session: id.clone() };
                let mut past = activity::key(&session, list, *minute);
                past.push(0);
                past
            }
        };
        self.each_from(ACTIVITY, &activity::prefix(organization, list), &start, |key, _| {
            let (minute, session) = activity::decode_key(key)?;
            let session = SessionKey { organization: *organization, session };
            // One that is purged between the two reads is not shown.
            Ok(match self.session(&session)? {
                Some(session) => visit(minute, session),
                None => ControlFlow::Continue(()),
            })
        })
    }

    /// The sub-agents' sessions of a session.
    pub(super) fn children(&self, session: &SessionKey) -> Result<Vec<SessionId>, StoreError> {
        let prefix = kin::children_prefix(session);
        let mut children = Vec::new();
        self.each_from(KIN, &prefix, &prefix, |key, _| {
            children.push(kin::decode_child(key, &prefix)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(children)
    }

    /// The sessions that read entries of a chain which is not their own, each with the seq after the last of them.
    pub(super) fn forks(&self, chain: u64) -> Result<Vec<(u64, SessionKey)>, StoreError> {
        let prefix = kin::forks_prefix(chain);
        let mut forks = Vec::new();
        self.each_from(KIN, &prefix, &prefix, |_, value| {
            forks.push(kin::decode_fork(value)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(forks)
    }

    /// Shows the keys that begin with `prefix`, from `start` on, until one breaks.
    fn each_from(
        &self,
        family: &'static str,
        prefix: &[u8],
        start: &[u8],
        mut show: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut rows = self.db.raw_iterator_cf(self.family(family)?);
        rows.seek(start);
        while let Some((key, value)) = rows.item() {
            if !key.starts_with(prefix) || show(key, value)?.is_break() {
                break;
            }
            rows.next();
        }
        rows.status().map_err(StoreError::engine("read a list"))
    }

    /// Takes the running state of a chain from its newest entry, its own or the last one that it shares.
    fn take_up(&self, snapshot: &mut Snapshot) -> Result<(), StoreError> {
        let newest = self.entries_at(snapshot.chain, u64::MAX, Order::Descending)?;
        let own = newest.key().map(entry::decode_key).transpose()?;
        newest.status().map_err(StoreError::engine("read the newest entry"))?;
        let seq = match (own, snapshot.lineage.shared()) {
            (Some((_, seq)), _) => seq,
            (None, 0) => return Ok(()),
            (None, shared) => shared - 1,
        };
        snapshot.length = seq + 1;
        let (running, uuid) = self.entry(snapshot, seq, |record| Ok((record.running, head(record.uuid)?)))?;
        snapshot.head_seq = running.head_seq;
        snapshot.digest = running.digest;
        snapshot.bytes = running.bytes;
        snapshot.boundary_count = running.boundary_count;
        snapshot.last_boundary = running.last_boundary;
        snapshot.last_at = running.created_at.max(snapshot.created_at);
        snapshot.head = match running.head_seq {
            Some(head_seq) if head_seq != seq => self.entry(snapshot, head_seq, |record| head(record.uuid))?,
            _ => uuid,
        };
        Ok(())
    }

    /// The seq of the entry that the chain knows by this identity, whether its own or shared.
    pub(super) fn seq(&self, chain: &Snapshot, identity: &Identity) -> Result<Option<u64>, StoreError> {
        if let Some(seq) = self.seq_in(chain.chain, identity)? {
            return Ok(Some(seq));
        }
        for shared in chain.lineage.segments().iter().rev() {
            if let Some(seq) = self.seq_in(shared.chain, identity)?.filter(|seq| *seq < shared.end) {
                return Ok(Some(seq));
            }
        }
        Ok(None)
    }

    fn seq_in(&self, chain: u64, identity: &Identity) -> Result<Option<u64>, StoreError> {
        let value = self.get(IDENTITIES, &identity::key(chain, identity), "look a uuid up")?;
        value.map(|value| identity::decode(&value)).transpose()
    }

    /// One entry that must be there.
    fn entry<T>(
        &self,
        chain: &Snapshot,
        seq: u64,
        read: impl FnOnce(entry::Record<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let place = chain.lineage.locate(chain.chain, seq..seq + 1).first().map_or(chain.chain, |(chain, _)| *chain);
        match self.get(ENTRIES, &entry::key(place, seq), "read an entry")? {
            Some(value) => read(entry::decode(&value)?),
            None => Err(StoreError::Damaged(format!("entry {seq} of chain {place} is missing"))),
        }
    }

    /// An iterator over a chain's own entries, standing on the first at or after `seq`, or at or before it.
    pub(super) fn entries_at(
        &self,
        chain: u64,
        seq: u64,
        order: Order,
    ) -> Result<rocksdb::DBRawIterator<'_>, StoreError> {
        let mut entries = self.chain_iterator(chain)?;
        match order {
            Order::Ascending => entries.seek(entry::key(chain, seq)),
            Order::Descending => entries.seek_for_prev(entry::key(chain, seq)),
        }
        Ok(entries)
    }

    fn chain_iterator(&self, chain: u64) -> Result<rocksdb::DBRawIterator<'_>, StoreError> {
        let mut bounds = rocksdb::ReadOptions::default();
        bounds.set_iterate_lower_bound(entry::key(chain, 0));
        bounds.set_iterate_upper_bound(entry::key(chain + 1, 0));
        Ok(self.db.raw_iterator_cf_opt(self.family(ENTRIES)?, bounds))
    }

    /// Writes a group as one, and returns once it would survive loss of power.
    pub(super) fn write(&self, writes: &[Write<'_>], next_chain: u64, scratch: &mut Vec<u8>) -> Result<(), StoreError> {
        let (sessions, entries, identities) = (self.family(SESSIONS)?, self.family(ENTRIES)?, self.family(IDENTITIES)?);
        let mut batch = WriteBatch::default();
        for write in writes {
            match write {
                Write::Session(key, chain) => {
                    let head = Head {
                        chain: chain.chain,
                        status: chain.status,
                        created_at: chain.created_at,
                        lineage: chain.lineage.clone(),
                    };
                    let history = change::created(chain.created_at);
                    let said = Said { properties: Properties::default(), history };
                    batch.put_cf(sessions, session::key(key), session::encode(&head, &said));
                    batch.put_cf(self.family(META)?, meta::NEXT_CHAIN, next_chain.to_be_bytes());
                }
                Write::Activity(key, before, now) => {
                    let activity = self.family(ACTIVITY)?;
                    if let Some(before) = before {
                        batch.delete_cf(activity, activity::key(key, List::Live, minute(*before)));
                    }
                    batch.put_cf(activity, activity::key(key, List::Live, minute(*now)), []);
                }
                Write::Entry(chain, seq, running, new) => {
                    entry::encode(scratch, running, new);
                    batch.put_cf(entries, entry::key(*chain, *seq), &*scratch);
                }
                Write::Identity(chain, id, seq) => {
                    batch.put_cf(identities, identity::key(*chain, id), identity::encode(*seq));
                }
            }
        }
        self.db.write_opt(batch, &options::synced()).map_err(StoreError::of_write("write a group of appends"))
    }

    /// Writes what a change replaces, and returns once it would survive loss of power.
    pub(super) fn replace(&self, new: &Replacement, next_chain: u64) -> Result<(), StoreError> {
        let Replacement { session: key, head, said, before, after } = new;
        let (activity, kin) = (self.family(ACTIVITY)?, self.family(KIN)?);
        let mut batch = WriteBatch::default();
        batch.put_cf(self.family(SESSIONS)?, session::key(key), session::encode(head, said));
        if let Some(before) = before {
            batch.delete_cf(activity, listed_key(key, *before));
        }
        batch.put_cf(activity, listed_key(key, *after), []);
        if before.is_none() {
            batch.put_cf(self.family(META)?, meta::NEXT_CHAIN, next_chain.to_be_bytes());
            if let Some(parent) = &said.properties.parent_session_id {
                let parent = SessionKey { organization: key.organization, session: parent.clone() };
                batch.put_cf(kin, kin::child_key(&parent, &key.session), []);
            }
            for shared in head.lineage.segments() {
                batch.put_cf(kin, kin::fork_key(shared.chain, head.chain), kin::encode_fork(shared.end, key));
            }
        }
        self.db.write_opt(batch, &options::synced()).map_err(StoreError::of_write("write a session"))
    }

    /// Stops compactions, so that closing takes no longer than it must.
    pub(super) fn stop_background_work(&self) {
        self.db.cancel_all_background_work(true);
    }

    fn get(
        &self,
        family: &'static str,
        key: &[u8],
        during: &'static str,
    ) -> Result<Option<rocksdb::DBPinnableSlice<'_>>, StoreError> {
        self.db.get_pinned_cf(self.family(family)?, key).map_err(StoreError::engine(during))
    }

    fn family(&self, name: &'static str) -> Result<&ColumnFamily, StoreError> {
        self.db.cf_handle(name).ok_or_else(|| StoreError::Damaged(format!("the column family {name} is missing")))
    }
}

fn head(uuid: Option<&str>) -> Result<Option<EntryUuid>, StoreError> {
    uuid.map(|uuid| uuid.parse().map_err(|_| StoreError::Damaged("an entry's uuid is out of form".to_owned())))
        .transpose()
}

fn listed_key(session: &SessionKey, listed: Listed) -> Vec<u8> {
    match listed {
        Listed::Live(at) => activity::key(session, List::Live, minute(at)),
        Listed::Bin(at) => activity::key(session, List::Bin, minute(at)),
    }
}
