//! `meta-data/iam/` and `meta-data/identity-credentials/`.

use super::category::Source::{Each, Instance};
use super::category::{Category, NEVER, Value, text};
use crate::json::document;
use crate::time::iso8601;
use crate::timeline::Timed;

/// An example of credentials, with what follows their `Expiration`.
macro_rules! credentials {
    ($more:literal) => {
        concat!(
            r#"{
  "Code" : "Success",
  "LastUpdated" : "2024-05-01T12:00:00Z",
  "Type" : "AWS-HMAC",
  "AccessKeyId" : "ASIAEXAMPLE",
  "SecretAccessKey" : "...",
  "Token" : "...",
  "Expiration" : "2024-05-01T18:24:00Z""#,
            $more,
            "\n}"
        )
    };
}

const CREDENTIALS: &str = credentials!("");
const EXTENDED: &str = credentials!(",\n  \"AccountId\" : \"123456789012\"");

pub(super) const CATEGORIES: &[Category] = &[
    Category {
        path: "meta-data/iam/info",
        since: "2012-01-12",
        absent: "without an instance profile",
        example: r#"{
  "Code" : "Success",
  "LastUpdated" : "2024-05-01T12:00:00Z",
  "InstanceProfileArn" : "arn:aws:iam::123456789012:instance-profile/my-profile",
  "InstanceProfileId" : "AIPAJEXAMPLE"
}"#,
        source: Instance(|instance| {
            let role = instance.role.as_ref()?;
            let (partition, _) = instance.zone.region().partition();
            let (account, profile) = (&instance.account, &role.profile_name);
            text(document(&[
                ("Code", "Success"),
                ("LastUpdated", &iso8601(role.since)),
                (
                    "InstanceProfileArn",
                    &format!("arn:{partition}:iam::{account}:instance-profile/{profile}"),
                ),
                ("InstanceProfileId", &role.profile_id),
            ]))
        }),
    },
    Category {
        path: "meta-data/iam/security-credentials/{role-name}",
        since: "2012-01-12",
        absent: "without an instance profile",
        example: CREDENTIALS,
        source: Each(|instance| {
            let credentials = instance.role.iter().map(|role| {
                let credentials = Timed::Credentials(role.credentials.clone());
                (role.name.clone(), Value::Timed(credentials))
            });
            credentials.collect()
        }),
    },
    Category {
        path: "meta-data/iam/security-credentials-extended/{role-name}",
        since: "2012-01-12",
        absent: "unless a setting enables it: EC2 had no such path in 2025, and SDKs ask for it",
        example: EXTENDED,
        source: Each(|instance| {
            let role = instance.role.iter().filter(|_| instance.extended_credentials);
            let credentials = role.map(|role| {
                let credentials = role.credentials.clone().extended(instance.account.clone());
                (role.name.clone(), Value::Timed(Timed::Credentials(credentials)))
            });
            credentials.collect()
        }),
    },
    Category {
        path: "meta-data/identity-credentials/ec2/info",
        since: "2018-05-23",
        absent: NEVER,
        example: r#"{
  "Code" : "Success",
  "LastUpdated" : "2024-05-01T12:00:00Z",
  "AccountId" : "123456789012"
}"#,
        source: Instance(|instance| {
            text(document(&[
                ("Code", "Success"),
                ("LastUpdated", &iso8601(instance.launched_at)),
                ("AccountId", instance.account.as_str()),
            ]))
        }),
    },
    Category {
        path: "meta-data/identity-credentials/ec2/security-credentials/ec2-instance",
        since: "2018-05-23",
        absent: NEVER,
        example: CREDENTIALS,
        source: Instance(|instance| {
            Some(Value::Timed(Timed::Credentials(instance.identity_credentials.clone())))
        }),
    },
];
