//! Signs instance identity documents, and the keys that EC2 Instance Connect sends.
//!
//! Each Region has an [`Authority`] with three keys, as AWS has.
//!
//! [`Signers`] makes and stores keys and signs documents in the background; [`ssh_signer`] signs the keys of
//! EC2 Instance Connect.

mod authority;
pub mod backup;
mod certificate;
mod container;
mod der;
mod key;
#[cfg(test)]
mod openssl_tests;
mod pem;
mod signers;
pub mod ssh_signer;
mod store;
mod write_once;

pub use authority::{Authority, Damage};
pub use key::KeyError;
pub use signers::{KeyStorage, PATIENCE, Signer, Signers};
pub use store::IdentityError;
