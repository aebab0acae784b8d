//! Role credentials, and the JSON layout that all metadata documents share.

mod rotation;

use std::fmt::Write as _;
use std::sync::Arc;

use crate::ids::{InstanceId, derive};
use crate::time::iso8601;

pub use rotation::{Lease, Rotation};

/// Temporary credentials of a role. They are secret, so the type has no `Debug`.
#[derive(Clone)]
pub struct Credentials(Origin);

/// Where somebody says that a role's credentials come from.
#[derive(Clone)]
pub enum RoleKeys {
    /// These, and when they end in seconds since 1970.
    Given(AccessKeys, Option<u64>),
    /// From a source that is asked in the background.
    Rotated(Arc<Rotation>),
}

#[derive(Clone)]
enum Origin {
    Here { keys: Keys, life: Life },
    Source(Arc<Rotation>),
}

/// The three texts that sign requests to AWS.
#[derive(Clone)]
pub struct AccessKeys {
    /// `AccessKeyId`
    pub access_key_id: String,
    /// `SecretAccessKey`
    pub secret_access_key: String,
    /// `Token`
    pub session_token: String,
}

#[derive(Clone)]
enum Keys {
    Given(AccessKeys),
    /// Made up, others in each period; AWS will refuse them.
    Generated {
        instance: InstanceId,
        role: String,
    },
}

#[derive(Clone)]
enum Life {
    /// They end once, at a time in seconds since 1970.
    Until { updated: u64, expires: u64 },
    /// They are renewed each period, long before the old ones end. Seconds since 1970.
    Renewed { since: u64 },
}

/// The one name under `identity-credentials/ec2/security-credentials/`.
pub const IDENTITY_ROLE: &str = "ec2-instance";

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Seconds from one renewal to the next.
const PERIOD: u64 = 3600;
/// Seconds from `LastUpdated` to `Expiration`: six hours, as seen on EC2.
const LIFETIME: u64 = 6 * 3600;

impl Credentials {
    /// Credentials of `role`, from where `keys` say; else with the shape of real ones, which sign
    /// nothing that AWS accepts. `since` is in seconds since 1970.
    ///
    /// Where keys are given and nobody says when they end, they are shown as renewed each hour, so
    /// that clients go on using them.
    pub fn new(keys: Option<RoleKeys>, instance: &InstanceId, role: &str, since: u64) -> Self {
        Self(match keys {
            Some(RoleKeys::Rotated(rotation)) => Origin::Source(rotation),
            Some(RoleKeys::Given(keys, expires)) => Origin::Here {
                keys: Keys::Given(keys),
                life: match expires {
                    Some(expires) => Life::Until { updated: since, expires },
                    None => Life::Renewed { since },
                },
            },
            None => Origin::Here {
                keys: Keys::Generated { instance: instance.clone(), role: role.to_owned() },
                life: Life::Renewed { since },
            },
        })
    }

    /// The document under `security-credentials/⟨role⟩`, as it is at a time (seconds since 1970).
    pub fn document(&self, now: u64) -> String {
        let (keys, life) = match &self.0 {
            Origin::Here { keys, life } => (keys, life),
            Origin::Source(rotation) => return rotation.document(now),
        };
        let (updated, expires) = match *life {
            Life::Until { updated, expires } => (updated, expires),
            Life::Renewed { since } => {
                let updated = now - now.saturating_sub(since) % PERIOD;
                (updated, updated + LIFETIME)
            }
        };
        let made;
        let keys = match keys {
            Keys::Given(keys) => keys,
            Keys::Generated { instance, role } => {
                made = AccessKeys::generate(instance, role, updated);
                &made
            }
        };
        keys_document(keys, updated, expires)
    }
}

fn keys_document(keys: &AccessKeys, updated: u64, expires: u64) -> String {
    document(&[
        ("Code", "Success"),
        ("LastUpdated", &iso8601(updated)),
        ("Type", "AWS-HMAC"),
        ("AccessKeyId", &keys.access_key_id),
        ("SecretAccessKey", &keys.secret_access_key),
        ("Token", &keys.session_token),
        ("Expiration", &iso8601(expires)),
    ])
}

impl AccessKeys {
    fn generate(instance: &InstanceId, role: &str, period: u64) -> Self {
        let period = period.to_string();
        let text = |purpose: &str, alphabet: &[u8], length: usize| -> String {
            (0_u8..)
                .flat_map(|block| {
                    derive(&[instance.as_str(), role, &period, purpose, &block.to_string()])
                })
                .map(|byte| char::from(alphabet[usize::from(byte) % alphabet.len()]))
                .take(length)
                .collect()
        };
        Self {
            access_key_id: format!("ASIA{}", text("id", BASE32, 16)),
            secret_access_key: text("secret", BASE64, 40),
            session_token: format!("IQoJb3JpZ2luX2Vj{}==", text("token", BASE64, 346)),
        }
    }
}

/// A document in EC2's layout: two blanks of indent, ` : ` between name and value, no final LF.
pub(crate) fn document(entries: &[(&str, &str)]) -> String {
    object_in("", entries)
}

/// As [`document`], within something that is indented.
pub(crate) fn object_in(indent: &str, entries: &[(&str, &str)]) -> String {
    let entries: Vec<_> = entries.iter().map(|(name, value)| (*name, string(value))).collect();
    layout(indent, &entries)
}

/// As [`document`], of values that are JSON already.
pub(crate) fn object(entries: &[(&str, String)]) -> String {
    layout("", entries)
}

fn layout(indent: &str, entries: &[(&str, String)]) -> String {
    let line = |(name, value): &(&str, String)| format!("{indent}  {} : {value}", string(name));
    let lines: Vec<_> = entries.iter().map(line).collect();
    format!("{{\n{}\n{indent}}}", lines.join(",\n"))
}

/// A JSON string.
pub(crate) fn string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_the_seven_keys_in_order() {
        let keys = AccessKeys {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: "a\"b\\c\n".into(),
            session_token: "T".into(),
        };
        let keys = Some(RoleKeys::Given(keys, Some(1_714_587_840)));
        let instance = "i-1234567890abcdef0".parse().unwrap();
        let credentials = Credentials::new(keys, &instance, "my-role", 1_714_564_800);
        assert_eq!(
            credentials.document(0),
            "{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"2024-05-01T12:00:00Z\",\n  \
             \"Type\" : \"AWS-HMAC\",\n  \"AccessKeyId\" : \"ASIAEXAMPLE\",\n  \
             \"SecretAccessKey\" : \"a\\\"b\\\\c\\u000a\",\n  \"Token\" : \"T\",\n  \
             \"Expiration\" : \"2024-05-01T18:24:00Z\"\n}"
        );
    }

    #[test]
    fn generated_credentials_change_each_hour_and_never_run_out() {
        let instance = "i-1234567890abcdef0".parse().unwrap();
        let credentials = Credentials::new(None, &instance, "my-role", 1000);
        assert_eq!(credentials.document(1000), credentials.document(1000 + PERIOD - 1));
        assert_ne!(credentials.document(1000), credentials.document(1000 + PERIOD));
        let expiration = iso8601(1000 + 10 * PERIOD + LIFETIME);
        assert!(credentials.document(1000 + 10 * PERIOD + 5).contains(&expiration));
        assert!(credentials.document(0).contains("ASIA"), "a clock before the launch is no harm");
    }
}
