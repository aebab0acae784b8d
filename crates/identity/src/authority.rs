//! The keys that sign the identity documents of a Region. They replace AWS's keys.

use imds_core::identity::{Proof, Signatures};
use imds_core::placement::Region;

use super::key::{Key, KeyError};
use super::{certificate, container, pem};

/// The length of a line of a signature, in characters.
const COLUMNS: usize = 76;

/// The keys of one Region. They are secret, so it has no `Debug`.
pub struct Authority {
    region: Region,
    pkcs7: Key,
    rsa2048: Key,
    signature: Key,
}

/// Why a text does not hold the keys of an authority.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It is not PEM, or is incomplete.
    #[error("it is not PEM, or a part of it is missing")]
    Pem,
    /// There are more or fewer keys than proofs, or in another order.
    #[error("it does not hold a private and a public key for each of pkcs7, rsa2048, signature")]
    Blocks,
    /// A key cannot be read.
    #[error("its private key for {proof} cannot be read")]
    Key {
        /// What the key is for.
        proof: Proof,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The two halves of a key do not belong together.
    #[error("its private and public key for {proof} do not belong together")]
    Pair {
        /// What the key is for.
        proof: Proof,
    },
}

impl Authority {
    /// Makes new keys. Takes about 0.1 s, sometimes 0.3 s.
    pub fn make(region: &Region) -> Result<Self, KeyError> {
        Self::assemble(region, Key::make)
    }

    /// Signs a document. `signing_time` is the time in the signatures, in seconds since 1970. The same
    /// arguments always give the same bytes.
    pub fn sign(&self, document: &[u8], signing_time: u64) -> Result<Signatures, KeyError> {
        let lines = |bytes: Vec<u8>| pem::lines(&bytes, COLUMNS).into_bytes();
        let container = |key| container::sign(&self.region, key, document, signing_time);
        Ok(Signatures {
            pkcs7: lines(container(&self.pkcs7)?),
            rsa2048: lines(container(&self.rsa2048)?),
            signature: lines(self.signature.sign(document)?),
        })
    }

    /// The certificate that a verifier of `proof` needs, as PEM.
    pub fn certificate(&self, proof: Proof) -> Result<String, KeyError> {
        let certificate = certificate::make(&self.region, self.key(proof))?;
        Ok(pem::encode("CERTIFICATE", &certificate))
    }

    /// All keys as the text of a file. It is a secret.
    pub(super) fn to_pem(&self) -> Result<String, KeyError> {
        let mut text = format!(
            "The keys that sign the identity documents of {}, made by imds.\n\
             Whoever has them can sign as this service does: keep them to yourself.\n",
            self.region
        );
        for proof in Proof::ALL {
            let key = self.key(proof);
            text.extend(["\n", proof.as_str(), "\n"]);
            text += &pem::encode(PRIVATE, key.to_pkcs8()?.as_bytes());
            text += &pem::encode(PUBLIC, &key.public()?);
        }
        Ok(text)
    }

    /// Reads what [`Authority::to_pem`] wrote. The public keys are there to notice damage: nearly
    /// any number is a private key of DSA.
    pub(super) fn from_pem(region: &Region, text: &str) -> Result<Self, Damage> {
        let blocks = pem::decode(text).ok_or(Damage::Pem)?;
        let labels = blocks.iter().map(|block| block.label.as_str());
        if !labels.eq(Proof::ALL.iter().flat_map(|_| [PRIVATE, PUBLIC])) {
            return Err(Damage::Blocks);
        }
        let mut pairs = blocks.chunks_exact(2);
        Self::assemble(region, |proof| {
            let Some([private, public]) = pairs.next() else { return Err(Damage::Blocks) };
            let unreadable = |source| Damage::Key { proof, source };
            let key = Key::from_pkcs8(proof, &private.bytes).map_err(unreadable)?;
            let fits = key.public().map_err(unreadable)? == public.bytes;
            fits.then_some(key).ok_or(Damage::Pair { proof })
        })
    }

    /// Calls `key` for each proof, in the order of [`Proof::ALL`].
    fn assemble<E>(
        region: &Region,
        mut key: impl FnMut(Proof) -> Result<Key, E>,
    ) -> Result<Self, E> {
        let [pkcs7, rsa2048, signature] = Proof::ALL.map(&mut key);
        Ok(Self { region: region.clone(), pkcs7: pkcs7?, rsa2048: rsa2048?, signature: signature? })
    }

    fn key(&self, proof: Proof) -> &Key {
        match proof {
            Proof::Pkcs7 => &self.pkcs7,
            Proof::Rsa2048 => &self.rsa2048,
            Proof::Signature => &self.signature,
        }
    }
}

const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: [u8; 472] = [b'x'; 472];

    fn region() -> Region {
        "eu-west-1".parse().unwrap()
    }

    /// The beginnings are those of a capture from EC2, up to the length of the document.
    #[test]
    fn containers_are_laid_out_as_on_ec2() {
        let signatures = Authority::make(&region()).unwrap().sign(&DOCUMENT, 0).unwrap();
        let text = |proof| String::from_utf8(signatures.of(proof).to_vec()).unwrap();
        let one_line = |proof| text(proof).replace('\n', "");
        assert!(
            one_line(Proof::Pkcs7).starts_with(
                "MIAGCSqGSIb3DQEHAqCAMIACAQExCzAJBgUrDgMCGgUAMIAGCSqGSIb3DQEHAaCAJIAEgg"
            )
        );
        assert!(one_line(Proof::Rsa2048).starts_with(
            "MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgEFADCABgkqhkiG9w0BBwGggCSABII"
        ));
        assert_eq!(one_line(Proof::Signature).len(), 172);
        for proof in Proof::ALL {
            let text = text(proof);
            let (last, others) = text.rsplit_once('\n').map(|(o, l)| (l, o)).unwrap();
            assert!(others.lines().all(|line| line.len() == COLUMNS), "{proof}: {text}");
            assert!((1..=COLUMNS).contains(&last.len()), "{proof}: {text}");
        }
    }

    #[test]
    fn the_same_keys_always_sign_alike() {
        let authority = Authority::make(&region()).unwrap();
        let again = Authority::from_pem(&region(), &authority.to_pem().unwrap())
            .unwrap_or_else(|error| panic!("{error}"));
        assert!(authority.sign(&DOCUMENT, 7).unwrap() == again.sign(&DOCUMENT, 7).unwrap());
        for proof in Proof::ALL {
            assert_eq!(authority.certificate(proof).unwrap(), again.certificate(proof).unwrap());
        }
        assert!(authority.sign(&DOCUMENT, 7).unwrap() != authority.sign(&DOCUMENT, 8).unwrap());
    }

    #[test]
    fn damage_is_noticed() {
        let text = Authority::make(&region()).unwrap().to_pem().unwrap();
        let refused = |text: &str| match Authority::from_pem(&region(), text) {
            Ok(_) => panic!("{} bytes taken for keys", text.len()),
            Err(damage) => damage,
        };
        assert!(matches!(refused(""), Damage::Blocks));
        assert!(matches!(refused(&text[..text.len() / 2]), Damage::Pem));
        assert!(matches!(refused(&text[text.len() / 2..]), Damage::Blocks));
        assert!(matches!(refused(&text.replace("PRIVATE", "SECRET")), Damage::Blocks));
        let other = Authority::make(&region()).unwrap().to_pem().unwrap();
        let swapped = text.split(PUBLIC).zip(other.split(PUBLIC)).enumerate();
        let swapped: Vec<_> =
            swapped.map(|(nth, (one, two))| if nth == 1 { two } else { one }).collect();
        assert!(matches!(refused(&swapped.join(PUBLIC)), Damage::Pair { proof: Proof::Pkcs7 }));
    }

    /// Some numbers of an RSA key follow from others, and are not read: damage there does no harm.
    #[test]
    fn one_changed_character_is_refused_or_harmless() {
        let authority = Authority::make(&region()).unwrap();
        let text = authority.to_pem().unwrap();
        let signatures = authority.sign(&DOCUMENT, 0).unwrap();
        for position in (0..text.len()).step_by(53) {
            let mut damaged = text.clone().into_bytes();
            damaged[position] = if damaged[position] == b'B' { b'C' } else { b'B' };
            let damaged = String::from_utf8(damaged).unwrap();
            if let Ok(authority) = Authority::from_pem(&region(), &damaged) {
                assert!(authority.sign(&DOCUMENT, 0).unwrap() == signatures, "{position}");
            }
        }
    }
}
