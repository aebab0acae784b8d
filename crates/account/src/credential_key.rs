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

/// What issues the account's temporary credentials; its key is made at first use.
pub fn issuer(store: &Store, account: AccountId) -> Result<Issuer, CredentialKeyError> {
    let place = keys::credential_key();
    let make = || Ok::<_, CredentialKeyError>(TokenKey::new(&random::<ISSUER_KEY_LENGTH>()?));
    let kept = store.read_or_make(&place, make)?;
    Ok(Issuer::new(&kept.bytes().ok_or(CredentialKeyError::Length)?, account))
}
