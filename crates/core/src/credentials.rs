//! Role credentials.

mod access_keys;
mod issuer;
mod rotation;
mod session;
mod useless;

use std::sync::Arc;

use crate::ids::{AccountId, InstanceId};
use crate::imds_version::ImdsVersion;
use crate::placement::Region;

pub use access_keys::AccessKeys;
pub use issuer::{ISSUER_KEY_LENGTH, Issuer, account_of};
pub use rotation::{Lease, Rotation};
pub use session::{Session, Subject};
pub(crate) use useless::{expired, has_expiration, unauthorized};

/// Temporary credentials of a role. They are secret, so the type has no `Debug`.
#[derive(Clone)]
pub struct Credentials {
    origin: Origin,
    /// The account that the document names, if it names one.
    account: Option<AccountId>,
}

/// The source of a role's credentials.
#[derive(Clone)]
pub enum RoleKeys {
    /// Fixed keys, and when they expire in seconds since 1970.
    Given(AccessKeys, Option<u64>),
    /// Keys from a source that is polled in the background.
    Rotated(Arc<Rotation>),
    /// Keys that the issuer knows again, for an instance in this Region.
    Issued(Issuer, Region),
}

#[derive(Clone)]
enum Origin {
    Here { keys: Keys, life: Life },
    Source(Arc<Rotation>),
}

#[derive(Clone)]
enum Keys {
    Given(AccessKeys),
    /// Made up, others in each period; AWS will refuse them.
    Generated {
        instance: InstanceId,
        role: String,
    },
    /// The same, but the issuer knows them again.
    Issued {
        issuer: Box<Issuer>,
        instance: InstanceId,
        role: String,
        region: Region,
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

/// Seconds from one renewal to the next.
const PERIOD: u64 = 3600;
/// Seconds from `LastUpdated` to `Expiration`: six hours, as seen on EC2.
const LIFETIME: u64 = 6 * 3600;

impl Credentials {
    /// Credentials of `role` from `keys`; without `keys`, generated ones in the format of real ones,
    /// which AWS refuses. `since` is in seconds since 1970.
    ///
    /// Fixed keys without an expiry are shown as renewed each hour, so that clients keep using them.
    pub fn new(keys: Option<RoleKeys>, instance: &InstanceId, role: &str, since: u64) -> Self {
        let origin = match keys {
            Some(RoleKeys::Rotated(rotation)) => Origin::Source(rotation),
            Some(RoleKeys::Given(keys, expires)) => Origin::Here {
                keys: Keys::Given(keys),
                life: match expires {
                    Some(expires) => Life::Until { updated: since, expires },
                    None => Life::Renewed { since },
                },
            },
            Some(RoleKeys::Issued(issuer, region)) => Origin::Here {
                keys: Keys::Issued {
                    issuer: issuer.into(),
                    instance: instance.clone(),
                    role: role.to_owned(),
                    region,
                },
                life: Life::Renewed { since },
            },
            None => Origin::Here {
                keys: Keys::Generated { instance: instance.clone(), role: role.to_owned() },
                life: Life::Renewed { since },
            },
        };
        Self { origin, account: None }
    }

    /// The same, in a document that names the account: of `security-credentials-extended/`.
    pub(crate) fn extended(self, account: AccountId) -> Self {
        Self { account: Some(account), ..self }
    }

    /// The document under `security-credentials/⟨role⟩`, as it is at a time (seconds since 1970) for a
    /// request of `delivery`. Only keys that are issued here differ by that.
    pub fn document(&self, now: u64, delivery: ImdsVersion) -> String {
        let account = self.account.as_ref();
        let (keys, life) = match &self.origin {
            Origin::Here { keys, life } => (keys, life),
            Origin::Source(rotation) => return rotation.document(now, account),
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
            Keys::Issued { issuer, instance, role, region } => {
                let subject = Subject::Instance {
                    role: role.clone(),
                    instance: instance.clone(),
                    region: region.clone(),
                    delivery,
                };
                let session = Session { subject, issued: updated, expires, nonce: 0 };
                made = issuer.issue(&session);
                &made
            }
        };
        keys.document(updated, expires, account.map(AccountId::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::iso8601;

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
            credentials.document(0, ImdsVersion::V2),
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
        assert_eq!(
            credentials.document(1000, ImdsVersion::V2),
            credentials.document(1000 + PERIOD - 1, ImdsVersion::V2)
        );
        assert_ne!(
            credentials.document(1000, ImdsVersion::V2),
            credentials.document(1000 + PERIOD, ImdsVersion::V2)
        );
        let expiration = iso8601(1000 + 10 * PERIOD + LIFETIME);
        assert!(
            credentials.document(1000 + 10 * PERIOD + 5, ImdsVersion::V2).contains(&expiration)
        );
        assert!(
            credentials.document(0, ImdsVersion::V2).contains("ASIA"),
            "a clock before the launch is no harm"
        );
    }

    /// The same credentials for the same hour, others for IMDSv1 and IMDSv2, and the token says which.
    #[test]
    fn issued_credentials_say_how_they_were_fetched() {
        let issuer = Issuer::new(&[1; ISSUER_KEY_LENGTH], "123456789012".parse().unwrap());
        let region: Region = "us-east-1".parse().unwrap();
        let instance = "i-1234567890abcdef0".parse().unwrap();
        let keys = || Some(RoleKeys::Issued(issuer.clone(), region.clone()));
        let credentials = Credentials::new(keys(), &instance, "my-role", 1000);
        let [v1, v2] = [ImdsVersion::V1, ImdsVersion::V2].map(|it| credentials.document(1000, it));
        assert_ne!(v1, v2);
        assert_eq!(v2, credentials.document(1000 + PERIOD - 1, ImdsVersion::V2));
        assert_ne!(v2, credentials.document(1000 + PERIOD, ImdsVersion::V2));
        for (document, delivery) in [(v1, ImdsVersion::V1), (v2, ImdsVersion::V2)] {
            let token = document.split("\"Token\" : \"").nth(1).unwrap();
            let (session, _) = issuer.check(token.split('"').next().unwrap()).unwrap();
            assert_eq!((session.issued, session.expires), (1000, 1000 + LIFETIME));
            let Subject::Instance { role, delivery: fetched, .. } = session.subject else {
                panic!("not an instance's")
            };
            assert_eq!((role.as_str(), fetched), ("my-role", delivery));
        }
    }

    #[test]
    fn an_extended_document_ends_in_the_account_of_the_keys() {
        let account = || "123456789012".parse::<AccountId>().unwrap();
        let instance = "i-1234567890abcdef0".parse().unwrap();
        let made_up = Credentials::new(None, &instance, "my-role", 1000);
        let (plain, extended) = (
            made_up.document(2000, ImdsVersion::V2),
            made_up.extended(account()).document(2000, ImdsVersion::V2),
        );
        assert_eq!(extended, plain.replace("\n}", ",\n  \"AccountId\" : \"123456789012\"\n}"));
        let keys = AccessKeys::generate(&instance, "my-role", 1);
        for (of_source, expected) in
            [(None, "123456789012"), (Some("210987654321"), "210987654321")]
        {
            let rotation = Arc::new(Rotation::new("my-role", 1000));
            let account_id = of_source.map(|account| account.parse().unwrap());
            let lease =
                Lease { keys: keys.clone(), updated: 1000, expires: 9000, account: account_id };
            rotation.note(Some(lease), 1000, 0);
            let keys = Some(RoleKeys::Rotated(rotation));
            let credentials = Credentials::new(keys, &instance, "my-role", 1000);
            assert!(!credentials.document(2000, ImdsVersion::V2).contains("AccountId"));
            let document = credentials.extended(account()).document(2000, ImdsVersion::V2);
            assert!(
                document.ends_with(&format!("\"AccountId\" : \"{expected}\"\n}}")),
                "{document}"
            );
        }
    }
}
