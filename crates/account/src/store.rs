//! Records in a key-value store: each key knows the type of its record.

mod reader;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::sync::Arc;

use imds_kv::{Entry, Kv, Listing, Memory, OpenError, Revision, UnreadableEntry, Watch};

use crate::host_name::HostName;
use crate::keys::{Key, Prefix};
use crate::records::Record;
pub use crate::stored::{StoreError, Stored, UnreadableCause, UnreadableRecord};
use crate::telling;
pub use crate::transaction::Transaction;
pub use reader::StateReader;

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
            Some(_) => telling::commit(&*self.kv, transaction),
            None => self.commit_alone(transaction),
        }
    }

    /// The same, and no host is told of it.
    pub(crate) fn commit_alone(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        Ok(self.kv.commit(transaction.kv)?)
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

#[cfg(test)]
mod tests;
