//! Records in a store: read as what their key says they are.

use crate::keys::{Key, Prefix};
use crate::records::{self, Record};
use crate::{Entry, Revision, Store, StoreError, Transaction};

/// A record as it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Kept<R> {
    /// The record.
    pub record: R,
    /// The commit that last wrote it.
    pub revision: Revision,
}

impl<R: Record> Kept<R> {
    pub(crate) fn new(entry: &Entry) -> Result<Self, StoreError> {
        let unreadable = |source| StoreError::Unreadable { key: entry.key.clone(), source };
        let record = records::decode(&entry.value).map_err(unreadable)?;
        Ok(Self { record, revision: entry.revision })
    }
}

impl dyn Store + '_ {
    /// The record under `key`.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if what is kept there is not such a record.
    pub fn read<R: Record>(&self, key: &Key<R>) -> Result<Option<Kept<R>>, StoreError> {
        self.get(key.as_str())?.as_ref().map(Kept::new).transpose()
    }

    /// All records below `prefix` in the order of their keys, each with what its key has behind the
    /// prefix; and the revision at which they were so.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] if one of them is not such a record.
    pub fn read_all<R: Record>(&self, prefix: &Prefix<R>) -> Result<Records<R>, StoreError> {
        self.read_page(prefix, "", usize::MAX)
    }

    /// The same, but only the first `limit` records behind the one that is called `after`.
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
        let listing = self.page(prefix.as_str(), Some(&after), limit)?;
        let name = |entry: &Entry| prefix.rest(&entry.key).unwrap_or_default().to_owned();
        let records = listing.entries.iter().map(|entry| Ok((name(entry), Kept::new(entry)?)));
        Ok(Records { revision: listing.revision, records: records.collect::<Result<_, _>>()? })
    }
}

/// Records below a prefix.
#[derive(Clone, Debug)]
pub struct Records<R> {
    /// The newest revision when they were read.
    pub revision: Revision,
    /// The records, by what their keys have behind the prefix, in the order of the keys.
    pub records: Vec<(String, Kept<R>)>,
}

impl Transaction {
    /// Writes a record.
    #[must_use]
    pub fn write<R: Record>(self, key: &Key<R>, record: &R) -> Self {
        self.put(key.as_str(), records::encode(record))
    }

    /// Removes a record.
    #[must_use]
    pub fn remove<R>(self, key: &Key<R>) -> Self {
        self.delete(key.as_str())
    }

    /// Only if the record under `key` is still as it was read, be it that there was none.
    #[must_use]
    pub fn expect<R>(self, key: &Key<R>, read: Option<&Kept<R>>) -> Self {
        self.require(key.as_str(), read.map(|kept| kept.revision))
    }
}
