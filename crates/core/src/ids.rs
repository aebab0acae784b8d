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
    /// The text as it was given.
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
    ($(#[$doc:meta])* $name:ident, $what:literal, $rule:literal, $check:expr) => {
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

id!(
    /// An instance id: `i-` and 17 hexadecimal digits (8 on instances of before 2016).
    InstanceId,
    "instance id",
    "it is `i-` and 17 (or 8) lower-case hexadecimal digits, such as i-1234567890abcdef0",
    |text| is_resource_id(text, "i-")
);

id!(
    /// An Amazon Machine Image id: `ami-` and 17 (or 8) hexadecimal digits.
    ImageId,
    "AMI id",
    "it is `ami-` and 17 (or 8) lower-case hexadecimal digits",
    |text| is_resource_id(text, "ami-")
);

id!(
    /// An AWS account id: 12 digits.
    AccountId,
    "account id",
    "it is 12 digits",
    |text| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
);

impl InstanceId {
    /// 32 bytes that depend only on this instance and on `purpose`: what everything that nobody
    /// stated (addresses, other ids, times) is made of, so that the same options always give the
    /// same bytes.
    pub(crate) fn derive(&self, purpose: &str) -> [u8; 32] {
        derive(&[self.as_str(), purpose])
    }

    /// An id such as `eni-0a1b…` that belongs to this instance.
    pub(crate) fn derive_id(&self, prefix: &str) -> String {
        resource_id(prefix, &self.derive(prefix))
    }
}

/// 32 bytes that depend only on `parts`.
pub(crate) fn derive(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// `prefix` and 17 hexadecimal digits, the first of them 0 as on EC2.
pub(crate) fn resource_id(prefix: &str, seed: &[u8; 32]) -> String {
    let digits: String = seed.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}0{digits}")
}

fn is_resource_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        matches!(digits.len(), 8 | 17)
            && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
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

    #[test]
    fn derived_ids_are_well_formed_and_differ() {
        let id: InstanceId = "i-1234567890abcdef0".parse().unwrap();
        let eni = id.derive_id("eni-");
        assert_eq!(eni.len(), "eni-".len() + 17);
        assert_eq!(eni, id.derive_id("eni-"));
        assert_ne!(eni[4..], id.derive_id("vpc-")[4..]);
    }
}
