//! Identifiers, each built only by parsing, so that a value of the type is always well formed.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// A text that breaks the rule of the thing it should be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{given:?} is not a valid {what}: {rule}")]
pub struct Invalid {
    /// What the text should have been, in EC2's words: `instance id`, `hop limit`.
    pub what: &'static str,
    /// The refused text.
    pub given: String,
    /// The rule it breaks.
    pub rule: &'static str,
}

impl Invalid {
    pub(crate) fn new(what: &'static str, given: &str, rule: &'static str) -> Self {
        Self { what, given: given.to_owned(), rule }
    }
}

/// Defines an identifier that is a checked string.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:expr, $rule:expr, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Box<str>);

        impl $name {
            /// The identifier as EC2 writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(Invalid::new($what, text, $rule))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

/// Defines ids of EC2 resources: a prefix and hexadecimal digits, 17 of them, or 8 on what was made
/// before 2016.
macro_rules! resource_ids {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $prefix:literal;)*) => {
        $(id!(
            $(#[$doc])*
            $name,
            $what,
            concat!(
                "it is `", $prefix, "` and 17 (or 8) lower-case hexadecimal digits, such as ",
                $prefix, "1234567890abcdef0"
            ),
            |text| is_resource_id(text, $prefix)
        );

        impl $name {
            /// The id of this kind that belongs to `seed`.
            #[allow(dead_code, reason = "some kinds are only ever stated")]
            pub(crate) fn derived(seed: &[u8; 32]) -> Self {
                Self(resource_id($prefix, seed).into())
            }
        })*
    };
}

resource_ids! {
    /// An instance id: `i-…`
    InstanceId, "instance id", "i-";
    /// An Amazon Machine Image id: `ami-…`
    ImageId, "AMI id", "ami-";
    /// A reservation id, shared by what one call launched: `r-…`
    ReservationId, "reservation id", "r-";
    /// A network interface id: `eni-…`
    InterfaceId, "network interface id", "eni-";
    /// A security group id: `sg-…`
    SecurityGroupId, "security group id", "sg-";
    /// A subnet id: `subnet-…`
    SubnetId, "subnet id", "subnet-";
    /// A VPC id: `vpc-…`
    VpcId, "VPC id", "vpc-";
    /// The id of a paravirtual image's kernel: `aki-…`
    KernelId, "kernel id", "aki-";
    /// The id of a paravirtual image's RAM disk: `ari-…`
    RamdiskId, "RAM disk id", "ari-";
    /// A Dedicated Host id: `h-…`
    HostId, "Dedicated Host id", "h-";
    /// A placement group id: `pg-…`
    PlacementGroupId, "placement group id", "pg-";
}

id!(
    /// An Elastic GPU's id.
    ElasticGpuId,
    "Elastic GPU id",
    "it is `egpu-` and hexadecimal digits in lower case",
    |text| text.strip_prefix("egpu-").is_some_and(is_hex)
);

id!(
    /// An Elastic Inference accelerator's id.
    AcceleratorId,
    "accelerator id",
    "it is `eia-` and hexadecimal digits in lower case",
    |text| text.strip_prefix("eia-").is_some_and(is_hex)
);

id!(
    /// The SHA-1 fingerprint of a certificate, as openssl prints it but for the colons.
    Fingerprint,
    "fingerprint",
    "it is 40 hexadecimal digits in upper case",
    |text| text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
);

id!(
    /// An AWS account id: 12 digits.
    AccountId,
    "account id",
    "it is 12 digits",
    |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
);

impl InstanceId {
    /// 32 bytes that depend only on this instance and on `purpose`: the source of every value without a
    /// setting (addresses, other ids, times), so that the same options always give the
    /// same bytes.
    pub(crate) fn derive(&self, purpose: &str) -> [u8; 32] {
        derive(&[self.as_str(), purpose])
    }
}

/// 32 bytes that depend only on `parts`.
pub fn derive(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The id of something that belongs to `owner` and is not kept: always the same.
pub fn derived(prefix: &str, owner: &str, name: &str) -> String {
    resource_id(prefix, &derive(&[prefix, owner, name]))
}

/// `prefix` and 17 hexadecimal digits, the first of them 0 as on EC2.
pub fn resource_id(prefix: &str, seed: &[u8; 32]) -> String {
    let number = seed.iter().take(8).fold(0, |all, byte| all << 8 | u64::from(*byte));
    format!("{prefix}0{number:016x}")
}

fn is_resource_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| matches!(digits.len(), 8 | 17) && is_hex(digits))
}

fn is_hex(digits: &str) -> bool {
    !digits.is_empty() && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_by_their_rule() {
        for good in ["i-1234567890abcdef0", "i-12345678"] {
            assert_eq!(good.parse::<InstanceId>().unwrap().as_str(), good);
        }
        for bad in ["", "i-", "i-1234567890ABCDEF0", "i-123456789", "ami-12345678", "i-1234567g"] {
            let error = bad.parse::<InstanceId>().unwrap_err();
            assert!(error.to_string().contains("instance id"), "{error}");
        }
        assert!("123456789012".parse::<AccountId>().is_ok());
        assert!("12345678901".parse::<AccountId>().is_err());
        assert!("ami-0abcdef1234567890".parse::<ImageId>().is_ok());
    }

    /// They are not kept: who has seen one finds it after an upgrade.
    #[test]
    fn derived_ids_stay_as_they_are() {
        let id = derived("vol-", "i-1234567890abcdef0", "/dev/xvda");
        assert_eq!(id, "vol-0d2077c006276de1b");
    }

    #[test]
    fn derived_ids_are_well_formed_and_differ() {
        let id: InstanceId = "i-1234567890abcdef0".parse().unwrap();
        let eni = InterfaceId::derived(&id.derive("eni-"));
        assert_eq!(eni.as_str().parse(), Ok(eni.clone()));
        assert_eq!(eni.as_str().len(), "eni-".len() + 17);
        assert_ne!(eni, InterfaceId::derived(&id.derive("vpc-")));
    }
}
