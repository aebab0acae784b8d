//! Instance identity documents that verify, and the signer of EC2 Instance Connect keys.
//!
//! Each Region has an [`Authority`] with the three keys that AWS has there.
//!
//! - [`authority`]: the keys of a Region, what they sign, and the certificates for verifiers;
//! - [`store`]: the file that keeps them;
//! - [`signers`]: signing in the background;
//! - [`key`]: one key and its algorithms;
//! - [`ssh_signer`]: who signs the keys that EC2 Instance Connect sends;
//! - [`container`], [`certificate`]: PKCS#7 and X.509, written in [`der`] and [`pem`].

mod authority;
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
