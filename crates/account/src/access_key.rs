//! Who may use the control side: access keys.

use serde::{Deserialize, Serialize};

use crate::keys::Key;
use crate::records::{AccessKey, AccessRole};
use crate::{Store, StoreError, Transaction, keys};

use crate::random::random;

/// As AWS writes key ids: `AKIA` and 16 of these.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// As AWS writes secrets: 40 of these.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A key that somebody chose. Secret, so it has no `Debug`.
#[derive(Clone, Deserialize, Serialize)]
pub struct ChosenKey {
    /// 3 to 128 letters, digits and `_`. Temporary credentials have `ASIA…`, so it does not begin so.
    pub id: String,
    /// 4 to 128 characters of ASCII, none of them white space.
    pub secret: String,
}

/// Why a key is not made or deleted.
#[derive(Debug, thiserror::Error)]
pub enum AccessKeyError {
    /// There is one already.
    #[error("there is an access key {0} already: delete it first")]
    Exists(String),
    /// No key can have this id.
    #[error(
        "{0:?} is not the id of an access key: it has 3 to 128 letters, digits and _, and does not \
         begin with ASIA"
    )]
    InvalidId(String),
    /// No key can have this secret.
    #[error("the secret of {0} has not 4 to 128 characters of ASCII, or has white space")]
    InvalidSecret(String),
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

/// Makes the key that somebody chose; `now` is in seconds since 1970.
pub fn create_chosen(
    store: &Store,
    chosen: &ChosenKey,
    role: AccessRole,
    now: u64,
) -> Result<(), AccessKeyError> {
    let place = checked(chosen)?;
    let exists = || AccessKeyError::Exists(chosen.id.clone());
    if store.read(&place)?.is_some() {
        return Err(exists());
    }
    let key = AccessKey { secret: chosen.secret.clone(), role, created_at: now };
    store.commit(Transaction::new().if_unchanged(&place, None).write(&place, &key))?;
    Ok(())
}

/// Makes sure that there is this key, with this secret and role, whatever there was.
pub fn keep_chosen(
    store: &Store,
    chosen: &ChosenKey,
    role: AccessRole,
    now: u64,
) -> Result<(), AccessKeyError> {
    let place = checked(chosen)?;
    let before = store.read(&place)?;
    let is_there = before.as_ref().map(|kept| &kept.record);
    if is_there.is_some_and(|key| key.secret == chosen.secret && key.role == role) {
        return Ok(());
    }
    let created_at = is_there.map_or(now, |key| key.created_at);
    let key = AccessKey { secret: chosen.secret.clone(), role, created_at };
    let transaction = Transaction::new().if_unchanged(&place, before.as_ref());
    store.commit(transaction.write(&place, &key))?;
    Ok(())
}

/// Where a key is kept, if it can be one.
fn checked(ChosenKey { id, secret }: &ChosenKey) -> Result<Key<AccessKey>, AccessKeyError> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !(3..=128).contains(&id.len()) || !id.chars().all(is_word) || id.starts_with("ASIA") {
        return Err(AccessKeyError::InvalidId(id.clone()));
    }
    if !(4..=128).contains(&secret.len()) || !secret.chars().all(|c| c.is_ascii_graphic()) {
        return Err(AccessKeyError::InvalidSecret(id.clone()));
    }
    Ok(keys::access_key(id))
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
    fn a_chosen_key_is_made_once_and_kept_as_it_should_be() {
        let store = Store::in_memory();
        let chosen = |secret: &str| ChosenKey { id: "test".into(), secret: secret.into() };
        create_chosen(&store, &chosen("secret"), AccessRole::ReadOnly, 1).unwrap();
        let again = create_chosen(&store, &chosen("other"), AccessRole::Admin, 2);
        assert!(matches!(again, Err(AccessKeyError::Exists(id)) if id == "test"));
        for (secret, role) in [("secret", AccessRole::Admin), ("other", AccessRole::Admin)] {
            keep_chosen(&store, &chosen(secret), role, 3).unwrap();
            let kept = store.read(&keys::access_key("test")).unwrap().unwrap().record;
            assert!(kept.secret == secret && kept.role == role && kept.created_at == 1);
        }
        for (id, secret) in
            [("ab", "secret"), ("a/b", "secret"), ("ASIAX", "secret"), ("test", "a b c")]
        {
            let key = ChosenKey { id: id.into(), secret: secret.into() };
            assert!(create_chosen(&store, &key, AccessRole::Admin, 1).is_err(), "{id}");
        }
    }

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
