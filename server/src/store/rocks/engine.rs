//! One open RocksDB: opening and its checks, point reads, the synced write. Knows families and formats, no rules.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use rocksdb::{ColumnFamily, DB, Options, WriteBatch};
use verbatim_proto::EntryUuid;

use super::{
    change,
    commit::{Group, Next, Write},
    format::{
        ACTIVITY, AUDIT, ENTRIES, FORMAT_VERSION, IDENTITIES, META, ORGANIZATIONS, SESSIONS,
        activity::{self, List, minute},
        audit, entry,
        identity::{self, Identity},
        meta, organization,
        session::{self, Head, Said},
    },
    options::{self, Sizes},
};
use crate::store::{Order, Properties, SessionKey, Snapshot, StoreError};

/// An open database.
pub(super) struct Engine {
    pub(super) db: DB,
    stopping: AtomicBool,
}

impl Engine {
    /// Opens the database in `folder`, making it where there is none. Refuses a format this program does not know.
    pub(super) fn open(folder: &Path, sizes: &Sizes, database: &Options) -> Result<Self, StoreError> {
        let db = DB::open_cf_descriptors(database, folder, options::families(sizes)).map_err(open_error)?;
        let engine = Self { db, stopping: AtomicBool::new(false) };
        engine.check_format()?;
        Ok(engine)
    }

    /// Opens what is there for reads alone, for a disk that is too full to open it for more.
    pub(super) fn open_for_reads(folder: &Path, sizes: &Sizes) -> Result<Self, StoreError> {
        let mut all = options::database(sizes);
        all.create_if_missing(false);
        DB::open_cf_descriptors_read_only(&all, folder, options::families(sizes), false)
            .map(|db| Self { db, stopping: AtomicBool::new(false) })
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

    /// The numbers that the next chain and change get.
    pub(super) fn next(&self) -> Result<Next, StoreError> {
        let next = |name| {
            let found = self.get(META, name, "read the number of the next chain or change")?;
            Ok(found.map(|value| meta::decode_next(&value)).transpose()?.unwrap_or(0))
        };
        Ok(Next { chain: next(meta::NEXT_CHAIN)?, change: next(meta::NEXT_CHANGE)? })
    }

    /// Adds the numbers that the next chain and change get to a batch that uses some up.
    pub(super) fn put_next(&self, batch: &mut WriteBatch, next: Next) -> Result<(), StoreError> {
        let meta = self.family(META)?;
        batch.put_cf(meta, meta::NEXT_CHAIN, next.chain.to_be_bytes());
        batch.put_cf(meta, meta::NEXT_CHANGE, next.change.to_be_bytes());
        Ok(())
    }

    /// The session's chain as it stands.
    pub(super) fn chain(&self, session: &SessionKey) -> Result<Option<Snapshot>, StoreError> {
        let Some(value) = self.get(SESSIONS, &session::key(session), "read a session")? else { return Ok(None) };
        self.snapshot(&session::decode_head(&value)?).map(Some)
    }

    /// The chain of a session with this head as it stands.
    pub(super) fn snapshot(&self, head: &Head) -> Result<Snapshot, StoreError> {
        let mut snapshot = change::empty(head);
        // What a fork may still read of the chain of a purged session is not that session's any more.
        if !head.is_purged {
            self.take_up(&mut snapshot)?;
        }
        Ok(snapshot)
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

    /// Bytes of the entries that a chain shares.
    pub(super) fn shared_bytes(&self, snapshot: &Snapshot) -> Result<u64, StoreError> {
        match snapshot.lineage.shared().checked_sub(1) {
            Some(last) => self.entry(snapshot, last, |record| Ok(record.running.bytes)),
            None => Ok(0),
        }
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

    /// What is to be written of a group, as one.
    pub(super) fn batch_of_group(&self, group: &Group<'_>, scratch: &mut Vec<u8>) -> Result<WriteBatch, StoreError> {
        let (sessions, entries, identities) = (self.family(SESSIONS)?, self.family(ENTRIES)?, self.family(IDENTITIES)?);
        let mut batch = WriteBatch::default();
        // Neighbours in a table are put side by side, so that each is found from the one before it.
        let mut rows: Vec<_> = group.writes().iter().collect();
        rows.sort_by_key(|write| write.chain());
        for write in rows {
            match write {
                Write::Session(key, chain) => {
                    let head = change::new_head(chain.chain, chain.created_at);
                    let history = change::created(chain.created_at);
                    let said = Said { properties: Properties::default(), history };
                    batch.put_cf(sessions, session::key(key), session::encode(&head, &said));
                    self.put_next(&mut batch, group.next())?;
                }
                Write::Audit(organization, number, change) => {
                    batch.put_cf(self.family(AUDIT)?, audit::key(organization, *number), audit::encode(change));
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
        for (id, usage) in group.usages() {
            let key = organization::usage_key(id);
            batch.put_cf(self.family(ORGANIZATIONS)?, key, organization::encode_usage(usage));
        }
        Ok(batch)
    }

    /// Stops compactions, so that closing takes no longer than it must.
    pub(super) fn stop_background_work(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.db.cancel_all_background_work(true);
    }

    /// Whether compactions are stopped.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    pub(super) fn get(
        &self,
        family: &'static str,
        key: &[u8],
        during: &'static str,
    ) -> Result<Option<rocksdb::DBPinnableSlice<'_>>, StoreError> {
        self.db.get_pinned_cf(self.family(family)?, key).map_err(StoreError::engine(during))
    }

    pub(super) fn family(&self, name: &'static str) -> Result<&ColumnFamily, StoreError> {
        self.db.cf_handle(name).ok_or_else(|| StoreError::Damaged(format!("the column family {name} is missing")))
    }
}

fn head(uuid: Option<&str>) -> Result<Option<EntryUuid>, StoreError> {
    uuid.map(|uuid| uuid.parse().map_err(|_| StoreError::Damaged("an entry's uuid is out of form".to_owned())))
        .transpose()
}

/// RocksDB's words for a folder that another process holds are about a file of its own.
fn open_error(error: rocksdb::Error) -> StoreError {
    if error.to_string().contains("lock file") {
        return StoreError::InUse;
    }
    StoreError::engine("open the store")(error)
}
