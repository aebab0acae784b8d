//! The PKCS#7 container (RFC 2315, RFC 5652 `SignedData`) of `pkcs7` and `rsa2048`, field by field
//! as in a capture from EC2: the document inside, the certificate left out, and of indefinite length
//! outside of what is signed, so that its base64 begins with `MIAGCSqGSIb3DQEHAqCAMIACAQEx`.

use imds_core::placement::Region;

use super::certificate;
use super::der;
use super::key::{Key, KeyError};

const DATA: &[u32] = &[1, 2, 840, 113_549, 1, 7, 1];
const SIGNED_DATA: &[u32] = &[1, 2, 840, 113_549, 1, 7, 2];
const CONTENT_TYPE: &[u32] = &[1, 2, 840, 113_549, 1, 9, 3];
const MESSAGE_DIGEST: &[u32] = &[1, 2, 840, 113_549, 1, 9, 4];
const SIGNING_TIME: &[u32] = &[1, 2, 840, 113_549, 1, 9, 5];

/// Signs `document` and returns the container, as BER. `signing_time` is in seconds since 1970.
pub(super) fn sign(
    region: &Region,
    key: &Key,
    document: &[u8],
    signing_time: u64,
) -> Result<Vec<u8>, KeyError> {
    let signer = signer(region, key, document, signing_time)?;
    let content = der::streamed_sequence(&[
        der::oid(DATA),
        der::streamed_explicit_0(&der::streamed_octet_string(document)),
    ]);
    let signed_data = der::streamed_sequence(&[
        der::integer(&[1]),
        der::set(&[key.digest_algorithm()]),
        content,
        der::set(&[signer]),
    ]);
    Ok(der::streamed_sequence(&[der::oid(SIGNED_DATA), der::streamed_explicit_0(&signed_data)]))
}

/// `SignerInfo`: who signed, and the signature of three attributes, one of which is the digest of
/// the document.
fn signer(
    region: &Region,
    key: &Key,
    document: &[u8],
    signing_time: u64,
) -> Result<Vec<u8>, KeyError> {
    let attribute = |kind, value| der::sequence(&[der::oid(kind), der::set(&[value])]);
    let attributes = der::set(&[
        attribute(CONTENT_TYPE, der::oid(DATA)),
        attribute(SIGNING_TIME, der::time(signing_time)),
        attribute(MESSAGE_DIGEST, der::octet_string(&key.digest(document))),
    ]);
    // The attributes are signed with the tag of a SET, and carried with the tag [0] (RFC 5652, 5.4).
    let signature = key.sign(&attributes)?;
    Ok(der::sequence(&[
        der::integer(&[1]),
        certificate::issuer_and_serial(region, key)?,
        key.digest_algorithm(),
        der::tag_set_0(&attributes),
        key.container_algorithm(),
        der::octet_string(&signature),
    ]))
}
