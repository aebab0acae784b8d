//! Public keys as one line in OpenSSH format. Sources: RFC 4251, RFC 4253 section 6.6, RFC 8709.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::{BoxedUint, RsaPublicKey};

/// A public key of a kind that EC2 takes.
#[derive(Clone, Debug)]
pub struct OpensshKey {
    /// Its kind, and its numbers where EC2 uses them.
    pub kind: KeyKind,
    /// The key as SSH sends it, which is what the line has in base64.
    pub blob: Vec<u8>,
}

/// The kinds of keys that EC2 takes.
#[derive(Clone, Debug)]
pub enum KeyKind {
    /// `ssh-rsa`.
    Rsa(Box<RsaPublicKey>),
    /// `ssh-ed25519`.
    Ed25519,
}

impl OpensshKey {
    /// Parses a line, with white space around it or not; `None` if it is not such a key.
    pub fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        let mut words = line.split_ascii_whitespace();
        let (algorithm, blob) = (words.next()?, STANDARD.decode(words.next()?).ok()?);
        if line.contains(['\n', '\r']) {
            return None;
        }
        let mut rest = blob.as_slice();
        if field(&mut rest)? != algorithm.as_bytes() {
            return None;
        }
        let kind = match algorithm {
            "ssh-ed25519" if field(&mut rest)?.len() == 32 => KeyKind::Ed25519,
            "ssh-rsa" => {
                let exponent = BoxedUint::from_be_slice_vartime(field(&mut rest)?);
                let modulus = BoxedUint::from_be_slice_vartime(field(&mut rest)?);
                KeyKind::Rsa(RsaPublicKey::new(modulus, exponent).ok()?.into())
            }
            _ => return None,
        };
        rest.is_empty().then_some(Self { kind, blob })
    }
}

/// Takes a `string` or `mpint` off `rest`. Source: RFC 4251 section 5.
fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (field, behind) = behind.split_at_checked(length)?;
    *rest = behind;
    Some(field)
}
