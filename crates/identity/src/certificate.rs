//! The certificates for verifiers, self-signed like those that AWS publishes.
//!
//! A certificate is derived from its key and Region, so only keys are stored. Verifiers find the certificate
//! of a container by issuer and serial number: if either changed, certificates that were printed before
//! would no longer work.

use imds_core::placement::Region;
use sha2::{Digest as _, Sha256};

use super::der;
use super::key::{Key, KeyError};

/// From the day EC2 opened to the last second that two digits of a year can say: a launch is in
/// between, and verifiers that compare the time of signing are content.
const VALID_SECONDS: [u64; 2] = [1_156_464_000, 2_524_607_999];

/// The self-signed certificate of `key`, as DER. Of version 1, with no extensions, as AWS's own for
/// `pkcs7`.
pub(super) fn make(region: &Region, key: &Key) -> Result<Vec<u8>, KeyError> {
    let public = key.public()?;
    let content = der::sequence(&[
        serial(&public),
        key.certificate_algorithm(),
        name(region),
        der::sequence(&VALID_SECONDS.map(der::time)),
        name(region),
        public,
    ]);
    let signature = key.sign(&content)?;
    Ok(der::sequence(&[content, key.certificate_algorithm(), der::bit_string(&signature)]))
}

/// `IssuerAndSerialNumber`, which identifies the certificate of `key`.
pub(super) fn issuer_and_serial(region: &Region, key: &Key) -> Result<Vec<u8>, KeyError> {
    Ok(der::sequence(&[name(region), serial(&key.public()?)]))
}

/// The subject and issuer. The first three attributes are those of AWS's certificates, for parsers
/// that expect them; the organization is not, so that this certificate is not mistaken for Amazon's.
fn name(region: &Region) -> Vec<u8> {
    let attribute = |last: u32, text: &str| {
        let kind_and_text = [der::oid(&[2, 5, 4, last]), der::printable_string(text)];
        der::set(&[der::sequence(&kind_and_text)])
    };
    der::sequence(&[
        attribute(6, "US"),
        attribute(8, "Washington State"),
        attribute(7, "Seattle"),
        attribute(10, "imds (not Amazon Web Services)"),
        attribute(3, region.as_str()),
    ])
}

/// Eight bytes of the public key's digest, the first bit set as in the serial number of AWS's
/// certificate for `pkcs7`.
fn serial(public: &[u8]) -> Vec<u8> {
    let mut serial: [u8; 32] = Sha256::digest(public).into();
    serial[0] |= 0x80;
    der::integer(&serial[..8])
}
