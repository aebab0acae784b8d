//! The links of this host: added and removed while the service runs, and attached again after a
//! restart.

use imds_core::InstanceId;

use crate::keys;
use crate::records::Link;
use crate::store::{Records, Store, StoreError, Stored, Transaction, UnreadableRecord};

/// How many links one host has at most.
pub const MAX_LINKS: usize = 4096;

/// A link with its number.
pub type NumberedLink = (u32, Stored<Link>);

/// Why a link is not added or removed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LinkRecordError {
    /// There is no link with this number.
    #[error("there is no link {0}; `imds link list` shows all")]
    Unknown(u32),
    /// The place has a link already.
    #[error("{place} is link {number} already; remove that one first: imds link remove {number}")]
    Duplicate {
        /// The place.
        place: String,
        /// The number of its link.
        number: u32,
    },
    /// There are as many as there may be.
    #[error("there are {MAX_LINKS} links already, and no more are allowed; remove one first")]
    TooMany,
    /// The links cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a link, and returns its number; `now` is in seconds since 1970.
///
/// # Errors
/// [`StoreError::Conflict`] if another link is added at this moment: try again.
pub fn add(
    store: &Store,
    place: &str,
    instance: Option<InstanceId>,
    now: u64,
) -> Result<u32, LinkRecordError> {
    let links = list(store)?;
    if links.len() >= MAX_LINKS {
        return Err(LinkRecordError::TooMany);
    }
    if let Some((number, _)) = links.iter().find(|(_, link)| link.record.place == place) {
        return Err(LinkRecordError::Duplicate { place: place.to_owned(), number: *number });
    }
    let (number, transaction) = next_number(store)?;
    let link = Link { place: place.to_owned(), instance, created_at: now };
    store.commit(transaction.write(&keys::link(store.host(), number), &link))?;
    Ok(number)
}

/// A number for a link that has no record, such as one of the settings.
pub fn reserve(store: &Store) -> Result<u32, LinkRecordError> {
    loop {
        let (number, transaction) = next_number(store)?;
        match store.commit(transaction) {
            Ok(_) => return Ok(number),
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The next number, and what takes it: whoever adds a link writes the last number, so two that add one
/// at the same time conflict.
fn next_number(store: &Store) -> Result<(u32, Transaction), LinkRecordError> {
    let last = store.read(&keys::last_link(store.host()))?;
    let number = last.as_ref().map_or(0, |last| last.record).checked_add(1);
    let number = number.ok_or(LinkRecordError::TooMany)?;
    let transaction = Transaction::new()
        .if_unchanged(&keys::last_link(store.host()), last.as_ref())
        .write(&keys::last_link(store.host()), &number);
    Ok((number, transaction))
}

/// Removes a link.
///
/// # Errors
/// [`LinkRecordError::Unknown`] if there is none with this number. A record that cannot be read is
/// removed as well.
pub fn remove(store: &Store, number: u32) -> Result<(), LinkRecordError> {
    let key = keys::link(store.host(), number);
    match store.read(&key) {
        Ok(None) => return Err(LinkRecordError::Unknown(number)),
        Ok(Some(_)) | Err(StoreError::Unreadable(_)) => {}
        Err(error) => return Err(error.into()),
    }
    store.commit(Transaction::new().remove(&key))?;
    Ok(())
}

/// All links that can be read, in the order of their numbers.
pub fn list(store: &Store) -> Result<Vec<NumberedLink>, StoreError> {
    Ok(scan(store)?.0)
}

/// The links that can be read, in the order of their numbers, and those that cannot.
pub fn scan(store: &Store) -> Result<(Vec<NumberedLink>, Vec<UnreadableRecord>), StoreError> {
    let Records { records, unreadable, .. } = store.scan(&keys::links(store.host()))?;
    let links = records.into_iter();
    let links = links.filter_map(|(rest, link)| Some((rest.parse().ok()?, link))).collect();
    Ok((links, unreadable))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(store: &Store) -> Vec<(u32, String)> {
        let links = list(store).unwrap();
        links.into_iter().map(|(number, link)| (number, link.record.place)).collect()
    }

    #[test]
    fn a_number_is_never_used_twice() {
        let store = Store::in_memory();
        assert_eq!(places(&store), []);
        assert_eq!(add(&store, "netns=/run/netns/a", None, 1).unwrap(), 1);
        assert_eq!(add(&store, "netns=/run/netns/b", None, 2).unwrap(), 2);
        remove(&store, 2).unwrap();
        assert!(matches!(remove(&store, 2), Err(LinkRecordError::Unknown(2))));
        let instance = "i-11111111".parse().ok();
        assert_eq!(add(&store, "netns=/run/netns/b", instance.clone(), 3).unwrap(), 3);
        let link = list(&store).unwrap().pop().unwrap().1.record;
        assert_eq!((link.instance, link.created_at), (instance, 3));
        let expected = [(1, "netns=/run/netns/a".to_owned()), (3, "netns=/run/netns/b".to_owned())];
        assert_eq!(places(&store), expected);
    }

    #[test]
    fn a_place_has_one_link() {
        let store = Store::in_memory();
        add(&store, "host", None, 1).unwrap();
        let error = add(&store, "host", None, 2).unwrap_err();
        assert!(matches!(&error, LinkRecordError::Duplicate { number: 1, .. }), "{error}");
        assert_eq!(places(&store).len(), 1);
    }

    #[test]
    fn a_record_that_cannot_be_read_is_told_and_removed() {
        let store = Store::in_memory();
        add(&store, "host", None, 1).unwrap();
        let name = keys::link(None, 7).as_str().to_owned();
        store.kv().commit(imds_kv::Transaction::new().put(name, b"no record".to_vec())).unwrap();
        let (links, unreadable) = scan(&store).unwrap();
        assert_eq!((links.len(), unreadable.len()), (1, 1));
        remove(&store, 7).unwrap();
        assert!(matches!(remove(&store, 7), Err(LinkRecordError::Unknown(7))));
        assert!(scan(&store).unwrap().1.is_empty());
    }

    #[test]
    fn links_are_bounded() {
        let store = Store::in_memory();
        let link = Link { place: String::new(), instance: None, created_at: 1 };
        let all = (1..=4096).fold(Transaction::new(), |all, number| {
            let link = Link { place: format!("pid={number}"), ..link.clone() };
            all.write(&keys::link(None, number), &link)
        });
        store.commit(all.write(&keys::last_link(None), &4096)).unwrap();
        assert!(matches!(add(&store, "host", None, 2), Err(LinkRecordError::TooMany)));
        remove(&store, 7).unwrap();
        assert_eq!(add(&store, "host", None, 2).unwrap(), 4097);
    }
}
