//! The keys that values are sealed with.

use std::fmt;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

use crate::error::KvError;
use crate::open_error::OpenError;
use crate::secret_file::secret;

/// The format, before the nonce.
const FORMAT: u8 = 1;

const NONCE: usize = 24;
const TAG: usize = 16;

/// By how many bytes a sealed value is longer.
pub(super) const OVERHEAD: usize = 1 + NONCE + TAG;

/// More keys than this are no rotation.
const MOST: usize = 4;

/// Keys that values are sealed with: the first one seals, and all of them open. Cheap to clone.
#[derive(Clone)]
pub struct SealKeys(Vec<XChaCha20Poly1305>);

impl SealKeys {
    /// Reads a file with one to four lines, each of them 32 bytes in base64, as
    /// `openssl rand -base64 32` prints them.
    ///
    /// # Errors
    /// [`OpenError::Untrusted`] if others may use the file, [`OpenError::SealKey`] if it is of another form.
    pub fn read(path: &Path) -> Result<Self, OpenError> {
        Self::parse(&secret(path)?).ok_or_else(|| OpenError::SealKey { path: path.to_owned() })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let key = |line: &str| {
            let bytes: [u8; 32] = STANDARD.decode(line).ok()?.try_into().ok()?;
            Some(XChaCha20Poly1305::new(&Key::from(bytes)))
        };
        let keys: Vec<_> = lines.map(key).collect::<Option<_>>()?;
        (1..=MOST).contains(&keys.len()).then_some(Self(keys))
    }

    /// Seals a value for the place `key`.
    pub(super) fn seal(&self, key: &str, value: &[u8]) -> Result<Vec<u8>, KvError> {
        let failed = |reason: &str| KvError::Unavailable {
            what: format!("cannot seal the value for {key}"),
            retry: true,
            source: reason.into(),
        };
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| failed(&error.to_string()))?;
        let payload = Payload { msg: value, aad: key.as_bytes() };
        let cipher = self.0.first().ok_or_else(|| failed("there is no key"))?;
        let encrypted = cipher.encrypt(&XNonce::from(nonce), payload);
        let encrypted = encrypted.map_err(|_| failed("the value is too long"))?;
        Ok([&[FORMAT], &nonce[..], &encrypted].concat())
    }

    /// Opens a value from the place `key`; `None` if none of our keys sealed it there.
    pub(super) fn open(&self, key: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        self.open_by(key, sealed).map(|(_, value)| value)
    }

    /// The same, and the number of the key that opened it: 0 is the one that seals.
    pub(super) fn open_by(&self, key: &str, sealed: &[u8]) -> Option<(usize, Vec<u8>)> {
        let (format, sealed) = sealed.split_first()?;
        let (nonce, encrypted) = sealed.split_first_chunk::<NONCE>()?;
        let payload = || Payload { msg: encrypted, aad: key.as_bytes() };
        let open = |cipher: &XChaCha20Poly1305| cipher.decrypt(&XNonce::from(*nonce), payload());
        let mut ciphers = self.0.iter().enumerate().filter(|_| *format == FORMAT);
        ciphers.find_map(|(number, cipher)| Some((number, open(cipher).ok()?)))
    }
}

/// How many there are, and no more.
impl fmt::Debug for SealKeys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} keys", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_32_bytes_a_line() {
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        for (text, is_right) in [
            (key.to_owned(), true),
            (format!("\n{key}\r\n\n{key}\n"), true),
            (String::new(), false),
            (key[..40].to_owned(), false),
            (format!("{key}\nsecret"), false),
            (format!("{key}\n").repeat(4), true),
            (format!("{key}\n").repeat(5), false),
        ] {
            assert_eq!(SealKeys::parse(&text).is_some(), is_right, "{text}");
        }
    }

    /// A vector of draft-irtf-cfrg-xchacha-03, A.3.1, whose additional data is no text.
    #[test]
    fn the_cipher_is_the_one_of_the_draft() {
        let key: Vec<u8> = (0x80..0xa0).collect();
        let key: [u8; 32] = key.try_into().unwrap();
        let nonce: Vec<u8> = (0x40..0x58).collect();
        let nonce: [u8; NONCE] = nonce.try_into().unwrap();
        let aad = [0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7];
        let msg =
            b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for \
                    the future, sunscreen would be it.";
        let cipher = XChaCha20Poly1305::new(&Key::from(key));
        let encrypted = cipher.encrypt(&XNonce::from(nonce), Payload { msg, aad: &aad }).unwrap();
        assert_eq!(encrypted[..4], [0xbd, 0x6d, 0x17, 0x9d]);
        assert_eq!(encrypted[encrypted.len() - TAG..][..4], [0xc0, 0x87, 0x59, 0x24]);
    }
}
