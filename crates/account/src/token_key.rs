//! The key of session tokens: stored, so that a token outlives a restart.

use imds_core::Keyring;
use imds_core::token::{KEY_LENGTH, Key};

use crate::keys;
use crate::random::random;
use crate::records::TokenKey;
use crate::store::{Store, StoreError};

/// The number of the only key there is.
const KEY_ID: u8 = 1;

/// Why there is no key for session tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokenKeyError {
    /// The kernel gives no random bytes.
    #[error("the kernel gives no random bytes")]
    Random(#[from] getrandom::Error),
    /// The stored key has another length.
    #[error("the token key at {key} in the state does not have {KEY_LENGTH} bytes")]
    Length {
        /// Where it is stored.
        key: String,
    },
    /// The key cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A keyring that lives as long as the process.
pub fn ephemeral() -> Result<Keyring, TokenKeyError> {
    Ok(keyring(&random()?))
}

/// The keyring of the store, made at first use.
pub fn stored(store: &Store) -> Result<Keyring, TokenKeyError> {
    let place = keys::token_key(KEY_ID);
    let make = || Ok::<_, TokenKeyError>(TokenKey::new(&random::<KEY_LENGTH>()?));
    let kept = store.read_or_make(&place, make)?;
    let length = || TokenKeyError::Length { key: place.as_str().to_owned() };
    Ok(keyring(&kept.bytes().ok_or_else(length)?))
}

fn keyring(key: &[u8; KEY_LENGTH]) -> Keyring {
    Keyring::new(Key::new(KEY_ID, key), Vec::new())
}
