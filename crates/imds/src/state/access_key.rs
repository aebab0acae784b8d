//! Who may use the control side: access keys.

use imds_store::records::{AccessKey, AccessRole};
use imds_store::{Store, Transaction, keys};

use super::random;
use crate::error::CommandError;

/// As AWS writes key ids: `AKIA` and 16 of these.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// As AWS writes secrets: 40 of these.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Makes sure that there is a key that may do everything; `now` is in seconds since 1970.
pub(crate) fn ensure(store: &dyn Store, now: u64) -> Result<(), CommandError> {
    if store.read_all(&keys::access_keys())?.records.is_empty() {
        create(store, AccessRole::Admin, now)?;
    }
    Ok(())
}

/// Makes a key; gives its id, and the key.
pub(crate) fn create(
    store: &dyn Store,
    role: AccessRole,
    now: u64,
) -> Result<(String, AccessKey), CommandError> {
    let id = format!("AKIA{}", text::<16>(BASE32)?);
    let key = AccessKey { secret: text::<40>(BASE64)?, role, created_at: now };
    let place = keys::access_key(&id);
    store.commit(Transaction::new().expect(&place, None).write(&place, &key))?;
    Ok((id, key))
}

/// Text of `N` random letters. Both alphabets' lengths divide 256, so that all are as likely.
fn text<const N: usize>(alphabet: &[u8]) -> Result<String, CommandError> {
    let letter = |byte: u8| char::from(alphabet[usize::from(byte) % alphabet.len()]);
    Ok(random::<N>()?.map(letter).iter().collect())
}
