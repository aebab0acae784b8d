//! What session tokens are made with: kept, so that a token outlives a restart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_core::Keyring;
use imds_core::token::{KEY_LENGTH, Key};
use imds_store::records::TokenKey;
use imds_store::{Store, Transaction, keys};

use super::random;
use crate::error::CommandError;

/// The number of the only key there is.
const KEY_ID: u8 = 1;

/// A keyring that lives as long as the process.
pub(crate) fn ephemeral() -> Result<Keyring, CommandError> {
    Ok(keyring(&random()?))
}

/// The keyring of the store, made at first use.
pub(crate) fn kept(store: &dyn Store) -> Result<Keyring, CommandError> {
    let place = keys::token_key(KEY_ID);
    if let Some(kept) = store.read(&place)? {
        let key = STANDARD.decode(&kept.record.key).ok().and_then(|key| key.try_into().ok());
        let key = key.ok_or_else(|| {
            CommandError::usage(format!(
                "what the state has under {} is no key of {KEY_LENGTH} bytes",
                place.as_str()
            ))
        })?;
        return Ok(keyring(&key));
    }
    let key = random()?;
    let made = TokenKey { key: STANDARD.encode(key) };
    store.commit(Transaction::new().expect(&place, None).write(&place, &made))?;
    Ok(keyring(&key))
}

fn keyring(key: &[u8; KEY_LENGTH]) -> Keyring {
    Keyring::new(Key::new(KEY_ID, key), Vec::new())
}
