//! Private keys, in the forms that `CreateKeyPair` gives.
//!
//! Sources: RFC 8017 (PKCS#1), RFC 4251, RFC 4253 and RFC 8709 (SSH); OpenSSH, `PROTOCOL.key`; `PuTTY` User Manual,
//! appendix C, "PPK file format".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_compact::{KeyPair, Seed};
use getrandom::SysRng;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rsa::RsaPrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey as _, RsaPrivateKeyRef};
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::rand_core::UnwrapErr;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

/// As EC2's.
const RSA_BITS: usize = 2048;

/// The columns of base64: of PEM and PPK, and of what OpenSSH writes.
const COLUMNS: usize = 64;
const OPENSSH_COLUMNS: usize = 70;

/// The algorithms of key pairs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Rsa,
    Ed25519,
}

/// The forms of a private key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    /// PKCS#1 of RSA, OpenSSH's own form of ED25519.
    Pem,
    /// `PuTTY`'s, version 3.
    Ppk,
}

/// A private key. It is a secret, so it has no `Debug`.
pub(super) enum PrivateKey {
    Rsa(Box<RsaParts>),
    Ed25519(KeyPair),
}

/// The two encodings of an RSA key, and its numbers without leading zeros.
pub(super) struct RsaParts {
    pkcs1: Vec<u8>,
    pkcs8: Vec<u8>,
    modulus: Vec<u8>,
    public_exponent: Vec<u8>,
    private_exponent: Vec<u8>,
    primes: [Vec<u8>; 2],
    coefficient: Vec<u8>,
}

impl PrivateKey {
    /// Takes about 0.1 s for RSA.
    pub(super) fn make(kind: Kind) -> Result<Self, String> {
        // `UnwrapErr` would panic where there are no random bytes.
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| error.to_string())?;
        match kind {
            Kind::Ed25519 => Ok(Self::Ed25519(KeyPair::from_seed(Seed::new(seed)))),
            Kind::Rsa => {
                let key = RsaPrivateKey::new(&mut UnwrapErr(SysRng), RSA_BITS);
                let key = key.map_err(|error| error.to_string())?;
                Ok(Self::Rsa(RsaParts::of(&key)?.into()))
            }
        }
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "ssh-rsa",
            Self::Ed25519(_) => "ssh-ed25519",
        }
    }

    /// The public key as SSH sends it.
    fn public_blob(&self) -> Vec<u8> {
        let mut blob = string(self.algorithm().as_bytes());
        match self {
            Self::Rsa(parts) => {
                blob.extend(mpint(&parts.public_exponent));
                blob.extend(mpint(&parts.modulus));
            }
            Self::Ed25519(pair) => blob.extend(string(pair.pk.as_ref())),
        }
        blob
    }

    /// The public key, as one line.
    pub(super) fn openssh(&self, name: &str) -> String {
        format!("{} {} {name}", self.algorithm(), STANDARD.encode(self.public_blob()))
    }

    /// As EC2 shows that of a key that it has made. Source: EC2 User Guide, "Verify the fingerprint of your key
    /// pair".
    pub(super) fn fingerprint(&self) -> String {
        match self {
            Self::Rsa(parts) => {
                let digest = Sha1::digest(&parts.pkcs8);
                let pairs: Vec<_> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                pairs.join(":")
            }
            Self::Ed25519(_) => STANDARD.encode(Sha256::digest(self.public_blob())),
        }
    }

    /// The private key as text.
    pub(super) fn text(&self, format: Format, name: &str) -> String {
        match (format, self) {
            (Format::Ppk, _) => self.ppk(name),
            (Format::Pem, Self::Rsa(parts)) => pem("RSA PRIVATE KEY", &parts.pkcs1, COLUMNS),
            (Format::Pem, Self::Ed25519(pair)) => {
                let bytes = self.openssh_private(pair, name);
                pem("OPENSSH PRIVATE KEY", &bytes, OPENSSH_COLUMNS)
            }
        }
    }

    fn openssh_private(&self, pair: &KeyPair, name: &str) -> Vec<u8> {
        // Twice the same number tells that it was decrypted rightly; it is not encrypted.
        let mut private = [0; 8].to_vec();
        private.extend(string(self.algorithm().as_bytes()));
        private.extend(string(pair.pk.as_ref()));
        private.extend(string(pair.sk.as_ref()));
        private.extend(string(name.as_bytes()));
        private.extend((1..).take(private.len().wrapping_neg() % 8));
        let none = string(b"none");
        let parts: [&[u8]; 7] = [
            b"openssh-key-v1\0",
            &none,
            &none,
            &string(b""),
            &1_u32.to_be_bytes(),
            &string(&self.public_blob()),
            &string(&private),
        ];
        parts.concat()
    }

    fn ppk(&self, name: &str) -> String {
        let (algorithm, public) = (self.algorithm(), self.public_blob());
        let private = match self {
            Self::Ed25519(pair) => string(pair.sk.seed().as_ref()),
            Self::Rsa(parts) => {
                let [p, q] = &parts.primes;
                [&parts.private_exponent, p, q, &parts.coefficient].map(|it| mpint(it)).concat()
            }
        };
        // Without a passphrase the key of the MAC is empty.
        let mut mac = <Hmac<Sha256>>::new_from_slice(b"")
            .unwrap_or_else(|_| unreachable!("any length will do"));
        for part in [algorithm.as_bytes(), b"none", name.as_bytes(), &public, &private] {
            mac.update(&string(part));
        }
        let mac = base16ct::lower::encode_string(&mac.finalize().into_bytes());
        let block = |name: &str, bytes: &[u8]| {
            let lines = lines(bytes, COLUMNS);
            format!("{name}-Lines: {}\n{}\n", lines.len(), lines.join("\n"))
        };
        format!(
            "PuTTY-User-Key-File-3: {algorithm}\nEncryption: none\nComment: {name}\n{}{}Private-MAC: {mac}\n",
            block("Public", &public),
            block("Private", &private)
        )
    }
}

impl RsaParts {
    fn of(key: &RsaPrivateKey) -> Result<Self, String> {
        let pkcs1 = key.to_pkcs1_der().map_err(|error| error.to_string())?;
        let pkcs8 = key.to_pkcs8_der().map_err(|error| error.to_string())?;
        let parts = RsaPrivateKeyRef::try_from(pkcs1.as_bytes());
        let parts = parts.map_err(|error| error.to_string())?;
        Ok(Self {
            pkcs1: pkcs1.as_bytes().to_vec(),
            pkcs8: pkcs8.as_bytes().to_vec(),
            modulus: parts.modulus.as_bytes().to_vec(),
            public_exponent: parts.public_exponent.as_bytes().to_vec(),
            private_exponent: parts.private_exponent.as_bytes().to_vec(),
            primes: [parts.prime1, parts.prime2].map(|prime| prime.as_bytes().to_vec()),
            coefficient: parts.coefficient.as_bytes().to_vec(),
        })
    }
}

/// A `string` of SSH: its length, and its bytes.
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or_default();
    [&length.to_be_bytes(), bytes].concat()
}

/// An `mpint` of SSH: a number that is not negative.
fn mpint(bytes: &[u8]) -> Vec<u8> {
    let is_negative = bytes.first().is_some_and(|byte| *byte >= 0x80);
    string(&[if is_negative { &[0][..] } else { &[] }, bytes].concat())
}

fn pem(label: &str, bytes: &[u8], columns: usize) -> String {
    let lines = lines(bytes, columns).join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

fn lines(bytes: &[u8], columns: usize) -> Vec<String> {
    let text: Vec<char> = STANDARD.encode(bytes).chars().collect();
    text.chunks(columns).map(|line| line.iter().collect()).collect()
}
