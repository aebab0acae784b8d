//! Signs the keys that EC2 Instance Connect sends, so that the instance's own script accepts them:
//! `eic_parse_authorized_keys` of `aws/aws-ec2-instance-connect-config`.
//!
//! A new certificate authority issues the signer's certificate and one OCSP response that it is not revoked.
//! The authority's key is not stored. The guest must trust the authority's certificate, as it trusts Amazon's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imds_core::identity::Proof;
use imds_core::ids::Fingerprint;
use imds_core::placement::Region;
use serde::{Deserialize, Serialize};
use sha1::{Digest as _, Sha1};

use super::key::{Key, KeyError};
use super::{der, pem};

/// The common name of the authority. The script looks for its certificate in `/etc/ssl/certs`, under
/// this name with `_` for the blanks.
const AUTHORITY: &str = "imds Instance Connect CA";

/// From the day EC2 opened to the last second that two digits of a year can say.
const VALID_SECONDS: [u64; 2] = [1_156_464_000, 2_524_607_999];

/// The bits of `KeyUsage`: a signature; certificates and revocation lists. Source: RFC 5280, 4.2.1.3.
const DIGITAL_SIGNATURE: u8 = 0x80;
const CERT_AND_CRL_SIGN: u8 = 0x06;

/// The signer of a Region. It holds a private key, so it has no `Debug`.
#[derive(Clone, Deserialize, Serialize)]
pub struct SshSigner {
    /// Its certificate and the one above it, in PEM.
    pub certificates: String,
    /// OCSP responses ("good") in base64, by the certificates' fingerprints.
    pub ocsp: Vec<(Fingerprint, String)>,
    /// Its private key: PKCS#8 in base64.
    pub key: String,
}

/// Makes a signer. Takes about 0.2 s. `now` is in seconds since 1970.
pub fn make(region: &Region, now: u64) -> Result<SshSigner, KeyError> {
    let [authority, signer] = [(); 2].map(|()| Key::make(Proof::Rsa2048));
    let (authority, signer) = (authority?, signer?);
    let (_, domain) = region.partition();
    let name = format!("managed-ssh-signer.{region}.{domain}");
    let leaf = certificate(&name, &signer, &authority, DIGITAL_SIGNATURE)?;
    let root = certificate(AUTHORITY, &authority, &authority, CERT_AND_CRL_SIGN)?;
    let hex = Sha1::digest(&leaf).iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    let fingerprint = hex.parse().map_err(|_| KeyError::Unfit("a fingerprint"))?;
    Ok(SshSigner {
        certificates: pem::encode("CERTIFICATE", &leaf) + &pem::encode("CERTIFICATE", &root),
        ocsp: vec![(fingerprint, STANDARD.encode(good(&signer, &authority, now)?))],
        key: STANDARD.encode(signer.to_pkcs8()?.as_bytes()),
    })
}

/// Signs the lines of a key; returns base64.
pub fn sign(signer: &SshSigner, lines: &str) -> Result<String, KeyError> {
    let unreadable = |error: base64::DecodeError| KeyError::Encoding(error.to_string());
    let key = STANDARD.decode(&signer.key).map_err(unreadable)?;
    let key = Key::from_pkcs8(Proof::Rsa2048, &key)?;
    Ok(STANDARD.encode(key.sign_pss(lines.as_bytes())?))
}

/// A certificate of version 3 with the extensions that `openssl verify -x509_strict` wants.
fn certificate(name: &str, key: &Key, issuer: &Key, usage: u8) -> Result<Vec<u8>, KeyError> {
    let extension = |last: u32, critical: bool, content: Vec<u8>| {
        let critical = if critical { der::yes() } else { Vec::new() };
        der::sequence(&[der::oid(&[2, 5, 29, last]), critical, der::octet_string(&content)])
    };
    let is_authority = usage == CERT_AND_CRL_SIGN;
    let constraints = if is_authority { vec![der::yes()] } else { Vec::new() };
    let extensions = der::sequence(&[
        extension(19, true, der::sequence(&constraints)),
        extension(15, true, der::named_bits(usage)),
        extension(14, false, der::octet_string(&key.id()?)),
        extension(35, false, der::sequence(&[der::implicit(0, &issuer.id()?)])),
    ]);
    let issuer_name = common_name(AUTHORITY);
    let content = der::sequence(&[
        der::explicit(0, &der::integer(&[2])),
        serial(key)?,
        issuer.certificate_algorithm(),
        issuer_name,
        der::sequence(&VALID_SECONDS.map(der::time)),
        common_name(name),
        key.public()?,
        der::explicit(3, &extensions),
    ]);
    let signature = issuer.sign(&content)?;
    Ok(der::sequence(&[content, issuer.certificate_algorithm(), der::bit_string(&signature)]))
}

fn common_name(name: &str) -> Vec<u8> {
    let attribute = der::sequence(&[der::oid(&[2, 5, 4, 3]), der::printable_string(name)]);
    der::sequence(&[der::set(&[attribute])])
}

fn serial(key: &Key) -> Result<Vec<u8>, KeyError> {
    Ok(der::integer(&key.id()?[..8]))
}

/// An OCSP response (RFC 6960): the certificate of `key` is good, at `now` and for ever.
fn good(key: &Key, issuer: &Key, now: u64) -> Result<Vec<u8>, KeyError> {
    let sha1 = der::sequence(&[der::oid(&[1, 3, 14, 3, 2, 26]), der::null()]);
    let certificate = der::sequence(&[
        sha1,
        der::octet_string(&Sha1::digest(common_name(AUTHORITY))),
        der::octet_string(&issuer.id()?),
        serial(key)?,
    ]);
    let is_good = der::implicit(0, &[]);
    let single = der::sequence(&[certificate, is_good, der::generalized_time(now)]);
    let content = der::sequence(&[
        der::explicit(2, &der::octet_string(&issuer.id()?)),
        der::generalized_time(now),
        der::sequence(&[single]),
    ]);
    let signature = issuer.sign(&content)?;
    let basic =
        der::sequence(&[content, issuer.certificate_algorithm(), der::bit_string(&signature)]);
    let kind = der::oid(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 1]);
    let bytes = der::sequence(&[kind, der::octet_string(&basic)]);
    Ok(der::sequence(&[der::enumerated(0), der::explicit(0, &bytes)]))
}
