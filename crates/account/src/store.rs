//! Records in a key-value store: each key knows the type of its record.

mod reader;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::sync::Arc;

use imds_kv::{
    Entry, Kv, KvError, Lease, Listing, Memory, OpenError, Revision, UnreadableEntry, Watch,
};

use crate::host_name::HostName;
use crate::keys::{Key, Prefix};
use crate::records::{self, Record, RecordError};
use crate::telling;
pub use reader::StateReader;

/// A record with the revision at which it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stored<R> {
    /// The record.
    pub record: R,
    /// The commit that last wrote it.
    pub revision: Revision,
}

impl<R: Record> Stored<R> {
    fn decode(entry: &Entry) -> Result<Self, UnreadableRecord> {
        match records::decode(&entry.value) {
            Ok(record) => Ok(Self { record, revision: entry.revision }),
            Err(error) => Err(UnreadableRecord { key: entry.key.clone(), source: error.into() }),
        }
    }
}

/// A record that cannot be read: a later release or another program wrote it, or the disk damaged it.
/// Use that release, restore a copy, or delete the key.
#[derive(Debug, thiserror::Error)]
#[error("the record at {key} cannot be read")]
pub struct UnreadableRecord {
    /// The key.
    pub key: String,
    /// What is wrong with it.
    pub source: UnreadableCause,
}

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableCause {
    /// Its bytes are not such a record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Its bytes are not those that were written.
    #[error("{0}")]
    Damaged(String),
}

impl From<UnreadableEntry> for UnreadableRecord {
    fn from(entry: UnreadableEntry) -> Self {
        Self { key: entry.key, source: UnreadableCause::Damaged(entry.reason) }
    }
}

/// Why records cannot be read or written. What is stored is as it was, except as
/// [`KvError::OutcomeUnknown`] says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another writer changed the key in the meantime. Read it again, and decide again.
    #[error("{key} was changed by another writer")]
    Conflict {
        /// The first key whose comparison failed.
        key: String,
    },
    /// One record cannot be read; others can.
    #[error(transparent)]
    Unreadable(#[from] UnreadableRecord),
    /// The engine failed, now and perhaps later: see [`KvError::Unavailable`],
    /// [`KvError::OutcomeUnknown`], [`KvError::TooLarge`], [`KvError::Compacted`] and
    /// [`KvError::LeaseEnded`].
    #[error(transparent)]
    Kv(KvError),
}

impl From<KvError> for StoreError {
    fn from(error: KvError) -> Self {
        match error {
            KvError::Conflict { key } => Self::Conflict { key },
            KvError::Unreadable(entry) => Self::Unreadable(entry.into()),
            other => Self::Kv(other),
        }
    }
}

/// How many records are in memory at once where all are read in pages.
const PAGE: usize = 500;

/// The account's records. Cheap to clone; calls block.
#[derive(Clone)]
pub struct Store {
    kv: Arc<dyn Kv>,
    host: Option<HostName>,
}

impl Store {
    /// The records in `kv`.
    pub fn new(kv: Arc<dyn Kv>) -> Self {
        Self { kv, host: None }
    }

    /// The records in `kv`, which several hosts share, as this host sees them.
    pub fn of_host(kv: Arc<dyn Kv>, host: HostName) -> Self {
        Self { kv, host: Some(host) }
    }

    /// This host's name, where several share the state.
    pub fn host(&self) -> Option<&HostName> {
        self.host.as_ref()
    }

    /// The records at `url`: `memory`, `sqlite:PATH`, or the path of a file.
    pub fn open(url: impl AsRef<OsStr>) -> Result<Self, OpenError> {
        imds_kv::open(url).map(Self::new)
    }

    /// Records in memory, lost with the process.
    pub fn in_memory() -> Self {
        Self::new(Arc::new(Memory::new()))
    }

    /// The engine below.
    pub fn kv(&self) -> &dyn Kv {
        &*self.kv
    }

    /// The record at `key`.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if the value at `key` is not such a record.
    pub fn read<R: Record>(&self, key: &Key<R>) -> Result<Option<Stored<R>>, StoreError> {
        let entry = self.kv.get(key.as_str())?;
        Ok(entry.as_ref().map(Stored::decode).transpose()?)
    }

    /// The records at `keys` ([`Key::as_str`]), of whatever types, all as they were at one revision.
    pub fn read_many(&self, keys: &[&str]) -> Result<RecordSnapshot, StoreError> {
        let snapshot = self.kv.get_many(keys)?;
        let entries = keys.iter().copied().map(str::to_owned).zip(snapshot.entries).collect();
        Ok(RecordSnapshot { revision: snapshot.revision, entries })
    }

    /// The record at `key`; where there is none, `make` makes it. Of several that make it at the same
    /// time, all get the record of one.
    pub fn read_or_make<R: Record, E: From<StoreError>>(
        &self,
        key: &Key<R>,
        make: impl FnOnce() -> Result<R, E>,
    ) -> Result<R, E> {
        if let Some(stored) = self.read(key)? {
            return Ok(stored.record);
        }
        let made = make()?;
        let transaction = Transaction::new().if_unchanged(key, None).write(key, &made);
        match self.commit(transaction) {
            Ok(_) => Ok(made),
            Err(error @ StoreError::Conflict { .. }) => Ok(self.read(key)?.ok_or(error)?.record),
            Err(error) => Err(error.into()),
        }
    }

    /// All records below `prefix` in the order of their keys.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if one of them cannot be read: see [`scan`](Self::scan).
    pub fn read_all<R: Record>(&self, prefix: &Prefix<R>) -> Result<Records<R>, StoreError> {
        self.scan(prefix)?.all_readable()
    }

    /// The first `limit` records below `prefix` whose key has a rest greater than `after`.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if one of them cannot be read: see
    /// [`scan_page`](Self::scan_page).
    pub fn read_page<R: Record>(
        &self,
        prefix: &Prefix<R>,
        after: &str,
        limit: usize,
    ) -> Result<Records<R>, StoreError> {
        self.scan_page(prefix, after, limit)?.all_readable()
    }

    /// All records below `prefix` in the order of their keys, and beside them those that cannot be
    /// read: one such record does not hide the others.
    pub fn scan<R: Record>(&self, prefix: &Prefix<R>) -> Result<Records<R>, StoreError> {
        self.scan_page(prefix, "", usize::MAX)
    }

    /// The first `limit` records below `prefix` whose key has a rest greater than `after`, readable
    /// or not.
    pub fn scan_page<R: Record>(
        &self,
        prefix: &Prefix<R>,
        after: &str,
        limit: usize,
    ) -> Result<Records<R>, StoreError> {
        let after = format!("{}{after}", prefix.as_str());
        Ok(Records::decode(prefix, self.kv.page(prefix.as_str(), Some(&after), limit)?))
    }

    /// All records below `prefix` in the order of their keys, in pages, so that they need not be in
    /// memory together. What is changed meanwhile may be in a page as it was or as it is: all that
    /// happened after the first page's revision is to be looked at again.
    pub fn pages<R: Record>(
        &self,
        prefix: &Prefix<R>,
    ) -> impl Iterator<Item = Result<Records<R>, StoreError>> {
        let mut after = Some(String::new());
        std::iter::from_fn(move || {
            let page = self.scan_page(prefix, &after.take()?, PAGE);
            after = page.as_ref().ok().and_then(|page| page.next.clone());
            Some(page)
        })
    }

    /// The rest of each key below `prefix`, whether its record can be read or not.
    pub fn names<R>(&self, prefix: &Prefix<R>) -> Result<Vec<String>, StoreError> {
        let keys = self.kv.keys(prefix.as_str())?;
        Ok(keys.iter().filter_map(|key| prefix.rest(key)).map(str::to_owned).collect())
    }

    /// Commits all of `transaction` or nothing; durable when it returns. Hosts that follow the instances of
    /// which it writes something are told in the same commit.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a comparison fails.
    pub fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        match &self.host {
            Some(_) => Ok(telling::commit(&*self.kv, transaction.0)?),
            None => self.commit_alone(transaction),
        }
    }

    /// The same, and no host is told of it.
    pub(crate) fn commit_alone(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        Ok(self.kv.commit(transaction.0)?)
    }

    /// Follows the changes of all keys that begin with one of `prefixes` ([`Prefix::as_str`],
    /// [`Key::as_str`]), from the first commit after the revision `after`.
    pub fn watch(&self, prefixes: &[&str], after: Revision) -> Result<Watch, StoreError> {
        Ok(self.kv.watch(prefixes, after)?)
    }
}

/// Records that were read together: [`Store::read_many`].
#[derive(Debug)]
pub struct RecordSnapshot {
    revision: Revision,
    entries: BTreeMap<String, Result<Option<Entry>, UnreadableEntry>>,
}

impl RecordSnapshot {
    /// The newest revision when they were read.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Whether there was something at `key`, readable or not.
    pub fn has<R>(&self, key: &Key<R>) -> bool {
        !matches!(self.entries.get(key.as_str()), Some(Ok(None)) | None)
    }

    /// The record at `key`; also `None` if `key` was not among the requested keys.
    ///
    /// # Errors
    /// [`UnreadableRecord`] if it cannot be read.
    pub fn read<R: Record>(&self, key: &Key<R>) -> Result<Option<Stored<R>>, UnreadableRecord> {
        match self.entries.get(key.as_str()) {
            Some(Ok(Some(entry))) => Stored::decode(entry).map(Some),
            Some(Ok(None)) | None => Ok(None),
            Some(Err(unreadable)) => Err(unreadable.clone().into()),
        }
    }
}

/// Records below a prefix.
#[derive(Debug)]
pub struct Records<R> {
    /// The newest revision when they were read: [`Store::watch`] continues from here.
    pub revision: Revision,
    /// The records, each with the rest of its key, in the order of the keys.
    pub records: Vec<(String, Stored<R>)>,
    /// Those that cannot be read, in the order of the keys. Empty unless they come from a
    /// [`scan`](Store::scan).
    pub unreadable: Vec<UnreadableRecord>,
    /// The rest of the last key, readable or not, if more records follow: pass it as `after` for the
    /// next page.
    pub next: Option<String>,
}

impl<R: Record> Records<R> {
    fn decode(prefix: &Prefix<R>, listing: Listing) -> Self {
        let name = |key: &str| prefix.rest(key).unwrap_or_default().to_owned();
        let mut unreadable: Vec<UnreadableRecord> =
            listing.unreadable.into_iter().map(Into::into).collect();
        let mut records = Vec::with_capacity(listing.entries.len());
        for entry in &listing.entries {
            match Stored::decode(entry) {
                Ok(stored) => records.push((name(&entry.key), stored)),
                Err(error) => unreadable.push(error),
            }
        }
        unreadable.sort_by(|one, other| one.key.cmp(&other.key));
        let next = listing.next.as_deref().map(name);
        Self { revision: listing.revision, records, unreadable, next }
    }

    /// The same records if all can be read.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] with the first that cannot.
    pub fn all_readable(mut self) -> Result<Self, StoreError> {
        if self.unreadable.is_empty() { Ok(self) } else { Err(self.unreadable.remove(0).into()) }
    }
}

/// Records to write together or not at all, and the comparisons on which that depends.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Transaction(imds_kv::Transaction);

impl Transaction {
    /// A transaction that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a record.
    #[must_use]
    pub fn write<R: Record>(self, key: &Key<R>, record: &R) -> Self {
        Self(self.0.put(key.as_str(), records::encode(record)))
    }

    /// Writes a record that is deleted when `lease` ends.
    #[must_use]
    pub fn write_for<R: Record>(self, lease: Lease, key: &Key<R>, record: &R) -> Self {
        Self(self.0.put_for(lease, key.as_str(), records::encode(record)))
    }

    /// Removes a record.
    #[must_use]
    pub fn remove<R>(self, key: &Key<R>) -> Self {
        Self(self.0.delete(key.as_str()))
    }

    /// The number of its comparisons or of its writes, whichever is greater.
    pub(crate) fn operations(&self) -> usize {
        self.0.operations()
    }

    /// The bytes of its keys and values.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes()
    }

    /// Does what `other` does as well, under the conditions of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0.and(other.0))
    }

    /// Commits only if the record at `key` is still as it was read; with `None`, only if there still
    /// is none.
    #[must_use]
    pub fn if_unchanged<R>(self, key: &Key<R>, read: Option<&Stored<R>>) -> Self {
        Self(self.0.if_revision(key.as_str(), read.map(|stored| stored.revision)))
    }
}

#[cfg(test)]
mod tests;
