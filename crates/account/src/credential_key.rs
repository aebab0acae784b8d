//! The key of temporary credentials: stored, so that they outlive a restart.

use imds_core::AccountId;
use imds_core::credentials::{ISSUER_KEY_LENGTH, Issuer};

use crate::keys;
use crate::random::random;
use crate::records::TokenKey;
use crate::store::{Store, StoreError};

/// Why there is no key for temporary credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialKeyError {
    /// The kernel gives no random bytes.
    #[error("the kernel gives no random bytes")]
    Random(#[from] getrandom::Error),
    /// The stored key has another length.
    #[error("the key of role credentials in the state does not have {ISSUER_KEY_LENGTH} bytes")]
    Length,
    /// The key cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes sure that there is a key.
///
/// It is the first record of a state, and each host reads it before it writes anything: one that cannot,
/// because it seals with another key than the others, leaves the state as it is. Of several that begin a state
/// at the same time, one makes it.
pub fn ensure(store: &Store) -> Result<(), CredentialKeyError> {
    bytes(store).map(drop)
}

/// What issues the account's temporary credentials; its key is made at first use.
pub fn issuer(store: &Store, account: AccountId) -> Result<Issuer, CredentialKeyError> {
    Ok(Issuer::new(&bytes(store)?, account))
}

fn bytes(store: &Store) -> Result<[u8; ISSUER_KEY_LENGTH], CredentialKeyError> {
    let make = || Ok::<_, CredentialKeyError>(TokenKey::new(&random::<ISSUER_KEY_LENGTH>()?));
    let kept = store.read_or_make(&keys::credential_key(), make)?;
    kept.bytes().ok_or(CredentialKeyError::Length)
}
