//! Identity documents that verify: who signs them.
//!
//! Each Region has an [`Authority`] of its own, with the three keys that AWS has there.
//!
//! - [`authority`]: the keys of a Region, what they sign, and the certificates for verifiers;
//! - [`key`]: one key and its algorithms;
//! - [`container`], [`certificate`]: PKCS#7 and X.509, written in [`der`] and [`pem`].

mod authority;
mod certificate;
mod container;
mod der;
mod key;
#[cfg(test)]
mod openssl_tests;
mod pem;

pub(crate) use self::authority::Authority;
