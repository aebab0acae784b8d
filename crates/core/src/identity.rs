//! The instance identity document, and the three signatures that prove it.

use std::fmt;
use std::str::FromStr;

use crate::ids::{Invalid, KernelId, RamdiskId};
use crate::instance::Instance;
use crate::json::{object, string};
use crate::time::iso8601;

/// What proves an identity document: the names of the signed paths beside it, and of the
/// certificates that check them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Proof {
    /// A PKCS#7 container with the document in it, signed with DSA and SHA-1.
    Pkcs7,
    /// A PKCS#7 container with the document in it, signed with RSA (2048 bits) and SHA-256.
    Rsa2048,
    /// A bare RSA signature (1024 bits, SHA-256) of the document's bytes.
    Signature,
}

/// An identity document's signatures as they go over the wire: base64 in lines, no armour.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signatures {
    /// `dynamic/instance-identity/pkcs7`
    pub pkcs7: Vec<u8>,
    /// `dynamic/instance-identity/rsa2048`
    pub rsa2048: Vec<u8>,
    /// `dynamic/instance-identity/signature`
    pub signature: Vec<u8>,
}

/// The document's own version, as seen on instances since 2017.
const VERSION: &str = "2017-09-30";

/// `dynamic/instance-identity/document`: JSON in the layout that captures show, which verifiers
/// hash byte by byte.
pub fn document(instance: &Instance) -> String {
    let null = || "null".to_owned();
    let or_null = |text: Option<&str>| text.map_or_else(null, string);
    let product_codes: Vec<_> = instance.product_codes.iter().map(|code| string(code)).collect();
    let private_ip = instance.primary_interface().private_ipv4().map(|ip| ip.to_string());
    object(&[
        ("accountId", string(instance.account.as_str())),
        ("architecture", string(instance.image.architecture.as_str())),
        ("availabilityZone", string(instance.zone.as_str())),
        ("billingProducts", null()),
        ("devpayProductCodes", null()),
        (
            "marketplaceProductCodes",
            match product_codes.as_slice() {
                [] => null(),
                codes => format!("[ {} ]", codes.join(", ")),
            },
        ),
        ("imageId", string(instance.image.id.as_str())),
        ("instanceId", string(instance.id.as_str())),
        ("instanceType", string(instance.instance_type.as_str())),
        ("kernelId", or_null(instance.kernel.as_ref().map(KernelId::as_str))),
        ("pendingTime", string(&iso8601(instance.launched_at))),
        ("privateIp", or_null(private_ip.as_deref())),
        ("ramdiskId", or_null(instance.ramdisk.as_ref().map(RamdiskId::as_str))),
        ("region", string(instance.zone.region().as_str())),
        ("version", string(VERSION)),
    ])
}

impl Proof {
    /// All of them, in the order they are listed.
    pub const ALL: [Self; 3] = [Self::Pkcs7, Self::Rsa2048, Self::Signature];

    /// The last part of its path.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pkcs7 => "pkcs7",
            Self::Rsa2048 => "rsa2048",
            Self::Signature => "signature",
        }
    }
}

impl FromStr for Proof {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let proof = Self::ALL.into_iter().find(|proof| proof.as_str() == text);
        proof.ok_or_else(|| {
            Invalid::new("proof of identity", text, "it is pkcs7, rsa2048 or signature")
        })
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Signatures {
    /// The bytes of one of them.
    pub fn of(&self, proof: Proof) -> &[u8] {
        match proof {
            Proof::Pkcs7 => &self.pkcs7,
            Proof::Rsa2048 => &self.rsa2048,
            Proof::Signature => &self.signature,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_are_named_as_their_paths() {
        for proof in Proof::ALL {
            assert_eq!(proof.to_string().parse(), Ok(proof));
        }
        assert!("dsa2048".parse::<Proof>().unwrap_err().to_string().contains("rsa2048"));
    }
}
