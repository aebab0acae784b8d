//! The private keys, one for each proof, with the algorithms that AWS uses for it.

use dsa::Components;
use dsa::pkcs8::{
    DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, SecretDocument,
};
use dsa::signature::{DigestSigner as _, SignatureEncoding as _};
use getrandom::SysRng;
use imds_core::identity::Proof;
use rsa::pkcs1::EncodeRsaPublicKey as _;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pss::Pss;
use rsa::rand_core::UnwrapErr;
use rsa::traits::PublicKeyParts as _;
use rsa::{BoxedUint, RsaPrivateKey};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::der;

/// A private key. It is a secret, so it has no `Debug`.
pub(super) enum Key {
    /// DSA with SHA-1, 1024 bits.
    Dsa(dsa::SigningKey),
    /// RSA (PKCS#1 v1.5) with SHA-256.
    Rsa(RsaPrivateKey),
}

/// Why a key cannot be made, read or used to sign.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The kernel gives no random bytes.
    #[error("the kernel gives no random bytes")]
    Random(#[from] getrandom::Error),
    /// RSA failed.
    #[error(transparent)]
    Rsa(#[from] rsa::Error),
    /// DSA failed.
    #[error("DSA failed")]
    Dsa(#[from] dsa::signature::Error),
    /// The key cannot be read, or not be written, as PKCS#8.
    #[error("{0}")]
    Encoding(String),
    /// The key is not one for this proof.
    #[error("it is not {0}")]
    Unfit(&'static str),
}

impl Key {
    /// Makes a key. Takes about 0.1 s for RSA of 2048 bits.
    pub(super) fn make(proof: Proof) -> Result<Self, KeyError> {
        // `UnwrapErr` would panic where there are no random bytes. A kernel that gave some once,
        // goes on to do so.
        getrandom::fill(&mut [0; 32])?;
        match rsa_bits(proof) {
            Some(bits) => Ok(Self::Rsa(RsaPrivateKey::new(&mut UnwrapErr(SysRng), bits)?)),
            None => Ok(Self::Dsa(dsa::SigningKey::try_generate_from_rng_with_components(
                &mut SysRng,
                dsa_group()?,
            )?)),
        }
    }

    /// Reads a key from PKCS#8, and checks that it is one for `proof`.
    pub(super) fn from_pkcs8(proof: Proof, bytes: &[u8]) -> Result<Self, KeyError> {
        let unreadable = |error: dsa::pkcs8::Error| KeyError::Encoding(error.to_string());
        if let Some(bits) = rsa_bits(proof) {
            let key = RsaPrivateKey::from_pkcs8_der(bytes).map_err(unreadable)?;
            let fits = key.n().bits() as usize == bits;
            fits.then_some(Self::Rsa(key)).ok_or(KeyError::Unfit("of the size that this proof has"))
        } else {
            let key = dsa::SigningKey::from_pkcs8_der(bytes).map_err(unreadable)?;
            let fits = *key.verifying_key().components() == dsa_group()?;
            fits.then_some(Self::Dsa(key))
                .ok_or(KeyError::Unfit("in the group of RFC 5114, section 2.1"))
        }
    }

    /// The private key as PKCS#8.
    pub(super) fn to_pkcs8(&self) -> Result<SecretDocument, KeyError> {
        let document = match self {
            Self::Dsa(key) => key.to_pkcs8_der(),
            Self::Rsa(key) => key.to_pkcs8_der(),
        };
        document.map_err(|error| KeyError::Encoding(error.to_string()))
    }

    /// The public half as X.509 has it: `SubjectPublicKeyInfo`.
    pub(super) fn public(&self) -> Result<Vec<u8>, KeyError> {
        let document = match self {
            Self::Dsa(key) => key.verifying_key().to_public_key_der(),
            Self::Rsa(key) => key.to_public_key().to_public_key_der(),
        };
        document
            .map(dsa::pkcs8::Document::into_vec)
            .map_err(|error| KeyError::Encoding(error.to_string()))
    }

    /// Signs `message`. The same key and message always give the same bytes: DSA takes its secret
    /// number from both (RFC 6979), and this padding of RSA has nothing random.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Dsa(key) => {
                let signature = key.try_sign_digest(|digest: &mut Sha1| {
                    digest.update(message);
                    Ok(())
                })?;
                Ok(signature.to_vec())
            }
            Self::Rsa(key) => {
                Ok(key.sign(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message))?)
            }
        }
    }

    /// Signs `message` with RSA-PSS, SHA-256 and a random salt of 32 bytes.
    pub(super) fn sign_pss(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Dsa(_) => Err(KeyError::Unfit("a key of RSA")),
            Self::Rsa(key) => {
                getrandom::fill(&mut [0; 32])?;
                let padding = Pss::<Sha256>::new_with_salt(32);
                Ok(key.sign_with_rng(&mut UnwrapErr(SysRng), padding, &Sha256::digest(message))?)
            }
        }
    }

    /// The SHA-1 digest of the public half's bits, by which certificates name a key.
    pub(super) fn id(&self) -> Result<[u8; 20], KeyError> {
        match self {
            Self::Dsa(_) => Err(KeyError::Unfit("a key of RSA")),
            Self::Rsa(key) => {
                let public = key.to_public_key().to_pkcs1_der();
                let public = public.map_err(|error| KeyError::Encoding(error.to_string()))?;
                Ok(Sha1::digest(public.as_bytes()).into())
            }
        }
    }

    /// The digest that it signs.
    pub(super) fn digest(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Dsa(_) => Sha1::digest(message).to_vec(),
            Self::Rsa(_) => Sha256::digest(message).to_vec(),
        }
    }

    /// `AlgorithmIdentifier` of the digest: SHA-1 or SHA-256.
    pub(super) fn digest_algorithm(&self) -> Vec<u8> {
        let arcs: &[u32] = match self {
            Self::Dsa(_) => &[1, 3, 14, 3, 2, 26],
            Self::Rsa(_) => &[2, 16, 840, 1, 101, 3, 4, 2, 1],
        };
        der::sequence(&[der::oid(arcs), der::null()])
    }

    /// `AlgorithmIdentifier` of the signature in a PKCS#7 container: `id-dsa-with-sha1`, or
    /// `rsaEncryption`, which leaves the digest to its own field.
    pub(super) fn container_algorithm(&self) -> Vec<u8> {
        match self {
            Self::Dsa(_) => self.certificate_algorithm(),
            Self::Rsa(_) => der::sequence(&[der::oid(&[1, 2, 840, 113_549, 1, 1, 1]), der::null()]),
        }
    }

    /// `AlgorithmIdentifier` of the signature in a certificate: `id-dsa-with-sha1` or
    /// `sha256WithRSAEncryption`.
    pub(super) fn certificate_algorithm(&self) -> Vec<u8> {
        match self {
            Self::Dsa(_) => der::sequence(&[der::oid(&[1, 2, 840, 10040, 4, 3])]),
            Self::Rsa(_) => {
                der::sequence(&[der::oid(&[1, 2, 840, 113_549, 1, 1, 11]), der::null()])
            }
        }
    }
}

/// How many bits the modulus has, as in the certificates that AWS publishes; `None` is DSA.
fn rsa_bits(proof: Proof) -> Option<usize> {
    match proof {
        Proof::Pkcs7 => None,
        Proof::Rsa2048 => Some(2048),
        Proof::Signature => Some(1024),
    }
}

/// The group of 1024 bits with a subgroup of 160 bits from RFC 5114, section 2.1: one that is
/// published need not be searched for, which would take seconds.
fn dsa_group() -> Result<Components, KeyError> {
    let number = |hex: &str, bits| {
        BoxedUint::from_str_radix_with_precision_vartime(hex, 16, bits)
            .map_err(|error| KeyError::Encoding(error.to_string()))
    };
    Ok(Components::from_components(
        number(GROUP_P, 1024)?,
        number(GROUP_Q, 160)?,
        number(GROUP_G, 1024)?,
    )?)
}

const GROUP_P: &str = "\
    b10b8f96a080e01dde92de5eae5d54ec52c99fbcfb06a3c69a6a9dca52d23b61\
    6073e28675a23d189838ef1e2ee652c013ecb4aea906112324975c3cd49b83bf\
    accbdd7d90c4bd7098488e9c219a73724effd6fae5644738faa31a4ff55bccc0\
    a151af5f0dc8b4bd45bf37df365c1a65e68cfda76d4da708df1fb2bc2e4a4371";

const GROUP_Q: &str = "f518aa8781a8df278aba4e7d64b7cb9d49462353";

const GROUP_G: &str = "\
    a4d1cbd5c3fd34126765a442efb99905f8104dd258ac507fd6406cff14266d31\
    266fea1e5c41564b777e690f5504f213160217b4b01b886a5e91547f9e2749f4\
    d7fbd7d3b9a92ee1909d0d2263f80a76a6a24c087a091f531dbf0a0169b6a28a\
    d662a4d18e73afa32d779d5918d08bc8858f4dcef97c2a24855e6eeb22b3b2e5";
