//! Records in a key-value store: read as what their key says they are.

use std::path::Path;
use std::sync::Arc;

use imds_kv::{Entry, Kv, KvError, MemoryStore, Revision, SqliteReader};

use crate::keys::{Key, Prefix};
use crate::records::{self, Record, RecordError};

/// A record with the revision at which it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Kept<R> {
    /// The record.
    pub record: R,
    /// The commit that last wrote it.
    pub revision: Revision,
}

impl<R: Record> Kept<R> {
    fn decode(entry: &Entry) -> Result<Self, StoreError> {
        let unreadable = |source| StoreError::Unreadable { key: entry.key.clone(), source };
        let record = records::decode(&entry.value).map_err(unreadable)?;
        Ok(Self { record, revision: entry.revision })
    }
}

/// Why records cannot be read or written. What is stored is as it was.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer changed the key in the meantime. Read it again, and decide again.
    #[error("{key} was changed by another writer")]
    Conflict {
        /// The first key whose requirement is not met.
        key: String,
    },
    /// A later release wrote the record, or another program did. Use that release, or restore a
    /// copy.
    #[error("the record at {key} cannot be read")]
    Unreadable {
        /// The key.
        key: String,
        /// What is wrong with it.
        source: RecordError,
    },
    /// The engine failed.
    #[error(transparent)]
    Kv(KvError),
}

impl From<KvError> for StoreError {
    fn from(error: KvError) -> Self {
        match error {
            KvError::Conflict { key } => Self::Conflict { key },
            other => Self::Kv(other),
        }
    }
}

/// The account's records. Cheap to clone; calls block.
#[derive(Clone)]
pub struct Store {
    kv: Arc<dyn Kv>,
}

impl Store {
    /// The records in `kv`.
    pub fn new(kv: Arc<dyn Kv>) -> Self {
        Self { kv }
    }

    /// Records in memory, lost with the process.
    pub fn in_memory() -> Self {
        Self::new(Arc::new(MemoryStore::new()))
    }

    /// The engine below.
    pub fn kv(&self) -> &dyn Kv {
        &*self.kv
    }

    /// The record at `key`.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if the value there is not such a record.
    pub fn read<R: Record>(&self, key: &Key<R>) -> Result<Option<Kept<R>>, StoreError> {
        self.kv.get(key.as_str())?.as_ref().map(Kept::decode).transpose()
    }

    /// All records below `prefix` in the order of their keys, each with the rest of its key; and the
    /// revision at which they were so.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if one of them is not such a record.
    pub fn read_all<R: Record>(&self, prefix: &Prefix<R>) -> Result<Records<R>, StoreError> {
        self.read_page(prefix, "", usize::MAX)
    }

    /// The first `limit` records below `prefix` whose key has a rest greater than `after`.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if one of them is not such a record.
    pub fn read_page<R: Record>(
        &self,
        prefix: &Prefix<R>,
        after: &str,
        limit: usize,
    ) -> Result<Records<R>, StoreError> {
        let after = format!("{}{after}", prefix.as_str());
        let listing = self.kv.page(prefix.as_str(), Some(&after), limit)?;
        let records = decode_all(prefix, &listing.entries)?;
        Ok(Records { revision: listing.revision, records })
    }

    /// The rest of each key below `prefix`, whatever its record is.
    pub fn names<R>(&self, prefix: &Prefix<R>) -> Result<Vec<String>, StoreError> {
        let listing = self.kv.list(prefix.as_str())?;
        let names = listing.entries.iter().filter_map(|entry| prefix.rest(&entry.key));
        Ok(names.map(str::to_owned).collect())
    }

    /// Commits all of `transaction` or nothing; durable when it returns.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a requirement is not met.
    pub fn commit(&self, transaction: Transaction) -> Result<Revision, StoreError> {
        Ok(self.kv.commit(transaction.0)?)
    }
}

/// The records that one process keeps in a file, read by another one without a lock.
pub struct StateReader(SqliteReader);

impl StateReader {
    /// Opens the state file, which must exist.
    ///
    /// # Errors
    /// [`KvError::Unavailable`] with [`std::io::ErrorKind::NotFound`] where there is none.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self(SqliteReader::open(path)?))
    }

    /// The record at `key`.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if the value there is not such a record.
    pub fn read<R: Record>(&mut self, key: &Key<R>) -> Result<Option<Kept<R>>, StoreError> {
        self.0.get(key.as_str())?.as_ref().map(Kept::decode).transpose()
    }

    /// All records below `prefix` in the order of their keys, each with the rest of its key.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if one of them is not such a record.
    pub fn read_all<R: Record>(
        &mut self,
        prefix: &Prefix<R>,
    ) -> Result<Vec<(String, Kept<R>)>, StoreError> {
        decode_all(prefix, &self.0.list(prefix.as_str())?)
    }
}

fn decode_all<R: Record>(
    prefix: &Prefix<R>,
    entries: &[Entry],
) -> Result<Vec<(String, Kept<R>)>, StoreError> {
    let name = |entry: &Entry| prefix.rest(&entry.key).unwrap_or_default().to_owned();
    entries.iter().map(|entry| Ok((name(entry), Kept::decode(entry)?))).collect()
}

/// Records below a prefix.
#[derive(Clone, Debug)]
pub struct Records<R> {
    /// The newest revision when they were read.
    pub revision: Revision,
    /// The records, each with the rest of its key, in the order of the keys.
    pub records: Vec<(String, Kept<R>)>,
}

/// Records to write together or not at all, and what must hold for that.
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

    /// Removes a record.
    #[must_use]
    pub fn remove<R>(self, key: &Key<R>) -> Self {
        Self(self.0.delete(key.as_str()))
    }

    /// Commits only if the record at `key` is still as it was read; with `None`, only if there still
    /// is none.
    #[must_use]
    pub fn if_unchanged<R>(self, key: &Key<R>, read: Option<&Kept<R>>) -> Self {
        Self(self.0.require(key.as_str(), read.map(|kept| kept.revision)))
    }
}
