//! Who may use the control side: access keys.

use imds_store::records::{AccessKey, AccessRole};
use imds_store::{Store, StoreError, Transaction, keys};

use super::random;
use crate::error::CommandError;

/// As AWS writes key ids: `AKIA` and 16 of these.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// As AWS writes secrets: 40 of these.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Why a key is not made or deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// There is no such key.
    #[error("there is no access key {0}")]
    Unknown(String),
    /// Nobody could make another one.
    #[error("{0} is the last access key that may do everything: create another one first")]
    LastAdmin(String),
    /// The kernel gives no random bytes.
    #[error("the kernel gives no random bytes")]
    Random(#[from] getrandom::Error),
    /// The keys cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes sure that there is a key that may do everything; `now` is in seconds since 1970.
pub(crate) fn ensure(store: &dyn Store, now: u64) -> Result<(), CommandError> {
    if store.read_all(&keys::access_keys())?.records.is_empty() {
        create(store, AccessRole::Admin, now).map_err(|error| match error {
            KeyError::Store(error) => error.into(),
            KeyError::Random(error) => error.into(),
            error => CommandError::usage(error.to_string()),
        })?;
    }
    Ok(())
}

/// Makes a key; gives its id, and the key.
pub(crate) fn create(
    store: &dyn Store,
    role: AccessRole,
    now: u64,
) -> Result<(String, AccessKey), KeyError> {
    let id = format!("AKIA{}", text::<16>(BASE32)?);
    let key = AccessKey { secret: text::<40>(BASE64)?, role, created_at: now };
    let place = keys::access_key(&id);
    store.commit(Transaction::new().expect(&place, None).write(&place, &key))?;
    Ok((id, key))
}

/// Deletes a key, unless none that may do everything would be left.
///
/// # Errors
/// [`StoreError::Conflict`] where keys come and go at this moment: ask again.
pub(crate) fn delete(store: &dyn Store, id: &str) -> Result<(), KeyError> {
    let keys = store.read_all(&keys::access_keys())?.records;
    if !keys.iter().any(|(known, _)| known == id) {
        return Err(KeyError::Unknown(id.to_owned()));
    }
    let mut others = keys.iter().filter(|(other, _)| other != id);
    let admin = others.find(|(_, kept)| kept.record.role == AccessRole::Admin);
    let (admin, kept) = admin.ok_or_else(|| KeyError::LastAdmin(id.to_owned()))?;
    // Whoever deletes that one at the same time has to think again.
    let transaction = Transaction::new().expect(&keys::access_key(admin), Some(kept));
    store.commit(transaction.remove(&keys::access_key(id)))?;
    Ok(())
}

/// Text of `N` random letters. Both alphabets' lengths divide 256, so that all are as likely.
fn text<const N: usize>(alphabet: &[u8]) -> Result<String, getrandom::Error> {
    let letter = |byte: u8| char::from(alphabet[usize::from(byte) % alphabet.len()]);
    Ok(random::<N>()?.map(letter).iter().collect())
}

#[cfg(test)]
mod tests {
    use imds_store::MemoryStore;

    use super::*;

    #[test]
    fn one_that_may_do_everything_is_always_left() {
        let store = MemoryStore::new();
        let (first, _) = create(&store, AccessRole::Admin, 1).unwrap();
        let (reader, _) = create(&store, AccessRole::ReadOnly, 2).unwrap();
        assert!(matches!(delete(&store, &first), Err(KeyError::LastAdmin(id)) if id == first));
        assert!(matches!(delete(&store, "AKIA"), Err(KeyError::Unknown(_))));
        let (second, _) = create(&store, AccessRole::Admin, 3).unwrap();
        delete(&store, &first).unwrap();
        delete(&store, &reader).unwrap();
        assert!(matches!(delete(&store, &second), Err(KeyError::LastAdmin(_))));
    }
}
