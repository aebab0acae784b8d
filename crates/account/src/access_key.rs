//! Who may use the control side: access keys.

use crate::records::{AccessKey, AccessRole};
use crate::{Store, StoreError, Transaction, keys};

use crate::random::random;

/// As AWS writes key ids: `AKIA` and 16 of these.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// As AWS writes secrets: 40 of these.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Why a key is not made or deleted.
#[derive(Debug, thiserror::Error)]
pub enum AccessKeyError {
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
pub fn ensure(store: &Store, now: u64) -> Result<(), AccessKeyError> {
    if store.scan(&keys::access_keys())?.records.is_empty() {
        create(store, AccessRole::Admin, now)?;
    }
    Ok(())
}

/// Makes a key; gives its id, and the key.
pub fn create(
    store: &Store,
    role: AccessRole,
    now: u64,
) -> Result<(String, AccessKey), AccessKeyError> {
    let id = format!("AKIA{}", text::<16>(BASE32)?);
    let key = AccessKey { secret: text::<40>(BASE64)?, role, created_at: now };
    let place = keys::access_key(&id);
    store.commit(Transaction::new().if_unchanged(&place, None).write(&place, &key))?;
    Ok((id, key))
}

/// Deletes a key, unless none that may do everything would be left.
///
/// # Errors
/// [`StoreError::Conflict`] where keys come and go at this moment: ask again.
pub fn delete(store: &Store, id: &str) -> Result<(), AccessKeyError> {
    // One that cannot be read authorizes nobody, so it does not count as one that is left.
    let keys = store.scan(&keys::access_keys())?.records;
    if !keys.iter().any(|(known, _)| known == id) {
        return Err(AccessKeyError::Unknown(id.to_owned()));
    }
    let mut others = keys.iter().filter(|(other, _)| other != id);
    let admin = others.find(|(_, kept)| kept.record.role == AccessRole::Admin);
    let (admin, kept) = admin.ok_or_else(|| AccessKeyError::LastAdmin(id.to_owned()))?;
    // Whoever deletes that one at the same time has to think again.
    let transaction = Transaction::new().if_unchanged(&keys::access_key(admin), Some(kept));
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

    use super::*;

    #[test]
    fn one_that_may_do_everything_is_always_left() {
        let store = Store::in_memory();
        let (first, _) = create(&store, AccessRole::Admin, 1).unwrap();
        let (reader, _) = create(&store, AccessRole::ReadOnly, 2).unwrap();
        assert!(
            matches!(delete(&store, &first), Err(AccessKeyError::LastAdmin(id)) if id == first)
        );
        assert!(matches!(delete(&store, "AKIA"), Err(AccessKeyError::Unknown(_))));
        let (second, _) = create(&store, AccessRole::Admin, 3).unwrap();
        delete(&store, &first).unwrap();
        delete(&store, &reader).unwrap();
        assert!(matches!(delete(&store, &second), Err(AccessKeyError::LastAdmin(_))));
    }
}
